"""A handler with the settings of its route, and how it is called. Made by routing.py."""


class HttpEndpoint:
    """A handler of requests, and what its route says about it.

    pattern  the route's path
    query    {name: Query or type} of typed query parameters, passed as keyword arguments
    deps     {name: Depends}, passed as keyword arguments
    docs     dict of documentation options, None when there are none
    """

    pattern: str
    handler: object
    query: "dict | None"
    deps: "dict | None"
    docs: "dict | None"
    plain = False  # the handler takes no path parameters

    def call(self, params: "dict | None", extra):
        """What the handler returns, a coroutine when it is async. Path parameters it does not take are left out."""
        if params and not self.plain:
            from .paths import call

            return call(self, params, extra)
        return self.handler(**(extra or {}))  # type: ignore[operator]  # any callable


class WsEndpoint:
    """A handler of WebSockets, as HttpEndpoint. `limit` is its largest message in bytes."""

    pattern: str
    handler: object
    query: "dict | None"
    deps: "dict | None"
    docs: "dict | None"
    plain = False
    protocols = None
    origins = None
    auto_accept = False
    receive_type = "message"
    send_type = None
    caught: tuple = (1000, 1001)
    idle_timeout = None
    limit = None
    strict_close = False

    def bind(self, ws, params: "dict | None", extra=None):
        """The handler's coroutine. Calling an async function only binds arguments: a TypeError is a mismatch."""
        if params and not self.plain:
            from .paths import bind

            coro = bind(self, ws, params, extra)
        else:
            coro = self.handler(ws, **(extra or {}))  # type: ignore[operator]  # any callable
        if not hasattr(coro, "send"):
            raise TypeError("the handler of WebSocket route %s must be `async def`" % self.pattern)
        return coro
