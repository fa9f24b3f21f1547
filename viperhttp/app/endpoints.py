"""A handler with the settings of its route: how it is called, what it may receive, what its documentation says."""

from ..config import MICROPYTHON

TYPES = "message text bytes json event"
# Options, with a space around each: one text takes less of a board's heap than a tuple of many.
_DOCS = " summary description tags responses operation_id name request_body deprecated include_in_schema stream_body "
_WEBSOCKET = (
    " protocols allowed_origins auto_accept receive_type send_type caught_close_codes idle_timeout max_message"
    " strict_close "
)
# Those that are kept under another name.
_ATTRIBUTES = {"allowed_origins": "origins", "caught_close_codes": "caught", "max_message": "limit"}


class Endpoint:
    """A handler and what its route says about it.

    query  {name: Query or type} of typed query parameters, passed as keyword arguments
    deps   {name: Depends}, passed as keyword arguments
    docs   dict of documentation options, None when there are none
    """

    plain = False  # the handler takes no path parameters

    def __init__(self, pattern: str, handler, query, deps, docs: dict):
        self.streams = docs.get("stream_body", False)  # reads its body in pieces: True is no limit, a number its limit
        for key in docs:
            if " %s " % key not in _DOCS:
                raise TypeError("route %s: unknown option %r" % (pattern, key))
        if not callable(handler):
            raise TypeError("route %s: %r is not a function" % (pattern, handler))
        self.pattern = pattern
        self.handler = handler
        self.query = query
        self.deps = deps
        self.docs = docs or None


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

    protocols = None
    origins = None
    auto_accept = False
    receive_type = "message"
    send_type = None
    caught: tuple = (1000, 1001)
    idle_timeout = None
    limit = None
    strict_close = False

    def __init__(self, pattern: str, handler, query, deps, options: dict):
        both = options.pop("value_type", None)
        if both is not None:
            options["receive_type"] = options["send_type"] = both
        for key in list(options):
            if " %s " % key in _WEBSOCKET:
                setattr(self, _ATTRIBUTES.get(key, key), options.pop(key))
        Endpoint.__init__(self, pattern, handler, query, deps, options)
        if self.protocols is not None and not isinstance(self.protocols, (list, tuple)):
            raise TypeError("route %s: protocols must be a list of names, not %r" % (pattern, self.protocols))
        for kind in (self.receive_type, self.send_type):
            if kind is not None and kind not in TYPES.split():
                raise ValueError("route %s: type %r is not one of %s" % (pattern, kind, TYPES.replace(" ", ", ")))
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
