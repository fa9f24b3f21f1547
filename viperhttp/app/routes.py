"""The decorators that register handlers; ViperHTTP and Router have them."""

from ..cold import Cold
from .endpoints import HttpEndpoint, WsEndpoint

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
WEBSOCKET = "WEBSOCKET"  # the method name under which a route keeps its WebSocket handler


class Routes(Cold):
    """Mixin: add(path, method, endpoint) does the registering."""

    _cold: tuple = ("viperhttp.app.verbs.Verbs",)

    def add(self, path: str, method: str, endpoint) -> None:
        """Register an endpoint."""
        raise NotImplementedError

    def route(self, path: str, methods=None, websocket: bool = False, query=None, deps=None, **options):
        """Decorator: handle `methods` (default GET) at `path`, or with websocket=True a WebSocket.

        path   static text and parameters {name}, {name:int}, {name:float}, {name:bool}, and last {name:path};
               they reach the handler as keyword arguments
        query  {name: Query(default, cast) or type}: typed query parameters, keyword arguments too; 422 when wrong
        deps   {name: Depends(function)}: keyword arguments too
        stream_body  True: config max_body does not apply, the handler reads its body in pieces (request.parts(),
               request.save(), request.read()); a number is the route's own limit in bytes
        The rest describes the route in /openapi.json: summary, description, tags, responses, operation_id, name,
        request_body, deprecated, include_in_schema.
        The handler, async or not, returns str, bytes, dict, list, None (204), (body, status[, headers]) or a Response.
        """
        if websocket:
            return self.websocket(path, query=query, deps=deps, **options)
        names = [name.upper() for name in (methods or ("GET",))]
        for name in names:
            if name not in METHODS:
                raise ValueError("route %s: unknown method %r" % (path, name))

        def register(handler):
            for name in names:
                self.add(path, name, HttpEndpoint(path, handler, query, deps, options))
            return handler

        return register

    def get(self, path: str, **options):
        """Decorator: GET (and HEAD) at `path`; see route()."""
        return self.route(path, ("GET",), **options)

    def websocket(self, path: str, protocols=None, query=None, deps=None, **options):
        """Decorator: an `async def handler(ws)`, or handler(ws, name=...) with parameters, for WebSockets.

        protocols           list of subprotocols this route speaks; accept() picks the client's first that is in it
        query, deps         see route()
        allowed_origins     origins whose pages may connect (str or list; "*" is all); default: the board's own
        auto_accept         accept by itself, at the handler's first use of ws or first wait; default False
        receive_type        what receive() returns: "message" (dicts, the default), "text", "bytes", "json", "event"
        send_type           what send() takes; default by the type of its argument. value_type sets both
        caught_close_codes  disconnects with these codes end the handler silently on routes with auto_accept and in
                            `async with ws`; the built-in `all` is every code; default (1000, 1001)
        idle_timeout        seconds without a message after which 1001 is sent; default config idle_timeout
        max_message         largest message in bytes, default config max_message; a longer one is closed with 1009
        and the documentation options of route().
        """

        def register(handler):
            settings = dict(options)
            settings["protocols"] = protocols
            self.add(path, WEBSOCKET, WsEndpoint(path, handler, query, deps, settings))
            return handler

        return register
