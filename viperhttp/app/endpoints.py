"""A handler with the settings of its route: how it is called, what it may receive, what its documentation says."""

from ..config import MICROPYTHON

TYPES = ("message", "text", "bytes", "json", "event")
_DOCS = (
    "summary",
    "description",
    "tags",
    "responses",
    "operation_id",
    "name",
    "request_body",
    "deprecated",
    "include_in_schema",
    "stream_body",
)


class Endpoint:
    """A handler and what its route says about it.

    query  {name: Query or type} of typed query parameters, passed as keyword arguments
    deps   {name: Depends}, passed as keyword arguments
    docs   dict of documentation options, None when there are none
    """

    def __init__(self, pattern: str, handler, query, deps, docs: dict):
        self.streams = docs.get("stream_body", False)  # reads its body in pieces: True is no limit, a number its limit
        for key in docs:
            if key not in _DOCS:
                raise TypeError("route %s: unknown option %r" % (pattern, key))
        if not callable(handler):
            raise TypeError("route %s: %r is not a function" % (pattern, handler))
        self.pattern = pattern
        self.handler = handler
        self.query = query
        self.deps = deps
        self.docs = docs or None
        self.plain = False  # the handler takes no path parameters


class HttpEndpoint(Endpoint):
    """A handler of requests."""

    def __init__(self, pattern: str, handler, query, deps, docs: dict):
        Endpoint.__init__(self, pattern, handler, query, deps, docs)
        if is_generator(handler):
            raise TypeError(
                "the handler of route %s is a generator; return StreamingResponse(generator()) instead" % pattern
            )

    def call(self, params: dict, extra):
        """What the handler returns, a coroutine when it is async. Path parameters it does not take are left out."""
        if extra:
            params = dict(params)
            params.update(extra)
        if not params or self.plain:
            return self.handler(**(extra or {}))
        try:
            return self.handler(**params)
        except TypeError:
            # Calling an async function only binds its arguments; a plain one may have failed inside.
            if is_plain_function(self.handler):
                raise
        result = self.handler(**(extra or {}))
        self.plain = True
        return result


class WsEndpoint(Endpoint):
    """A handler of WebSockets. `limit` is its largest message in bytes."""

    def __init__(self, pattern: str, handler, query, deps, options: dict):
        take = options.pop
        self.protocols = take("protocols", None)
        self.origins = take("allowed_origins", None)
        self.auto_accept = take("auto_accept", False)
        self.receive_type = take("receive_type", "message")
        self.send_type = take("send_type", None)
        both = take("value_type", None)
        if both is not None:
            self.receive_type = self.send_type = both
        self.caught = take("caught_close_codes", (1000, 1001))
        self.idle_timeout = take("idle_timeout", None)
        self.limit = take("max_message", None)
        self.strict_close = take("strict_close", False)
        Endpoint.__init__(self, pattern, handler, query, deps, options)
        if self.protocols is not None and not isinstance(self.protocols, (list, tuple)):
            raise TypeError("route %s: protocols must be a list of names, not %r" % (pattern, self.protocols))
        for kind in (self.receive_type, self.send_type):
            if kind is not None and kind not in TYPES:
                raise ValueError("route %s: type %r is not one of %s" % (pattern, kind, ", ".join(TYPES)))
        if is_plain_function(handler):
            raise TypeError("the handler of WebSocket route %s must be `async def`" % pattern)

    def bind(self, ws, params: dict, extra=None):
        """The handler's coroutine. Calling an async function only binds arguments: a TypeError is a mismatch."""
        extra = extra or {}
        if params and not self.plain:
            every = dict(params)
            every.update(extra)
            try:
                return self._coroutine(self.handler(ws, **every))
            except TypeError:
                self.plain = True
        return self._coroutine(self.handler(ws, **extra))

    def _coroutine(self, result):
        if not hasattr(result, "send"):
            raise TypeError("the handler of WebSocket route %s must be `async def`" % self.pattern)
        return result

    def catches(self, code: int) -> bool:
        """Whether a disconnect with `code` is an ordinary end; the built-in `all` means every code."""
        return self.caught is all or code in self.caught


def is_plain_function(handler) -> bool:
    """Whether `handler` is certainly not async (an async closure on MicroPython cannot be told)."""
    if MICROPYTHON:
        return type(handler) is type(is_plain_function)
    import inspect  # CPython

    return inspect.isfunction(handler) and not inspect.iscoroutinefunction(handler)


def is_generator(handler) -> bool:
    """Whether calling `handler` makes a generator (MicroPython cannot tell it from an `async def`)."""
    if MICROPYTHON:
        return False
    import inspect

    return inspect.isgeneratorfunction(handler) or inspect.isasyncgenfunction(handler)
