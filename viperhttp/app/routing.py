"""Registering handlers: the ordinary decorators, what they check, and the tables of routes.

A board lets go of this module when it begins to serve, and loads it again when somebody registers later.
"""

from ..config import MICROPYTHON
from .endpoints import HttpEndpoint, WsEndpoint
from .routes import WEBSOCKET

if MICROPYTHON:

    def is_plain_function(handler) -> bool:
        """Whether `handler` is certainly not async (an async closure cannot be told)."""
        return type(handler) is type(is_plain_function)

else:
    from .signatures import is_generator, is_plain_function

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
TYPES = "message text bytes json event"
# Options, with a space around each: one text takes less of a board's heap than a tuple of many.
_DOCS = " summary description tags responses operation_id name request_body deprecated include_in_schema stream_body "
_WEBSOCKET = (
    " protocols allowed_origins auto_accept receive_type send_type caught_close_codes idle_timeout max_message"
    " strict_close "
)
# Those that are kept under another name.
_ATTRIBUTES = {"allowed_origins": "origins", "caught_close_codes": "caught", "max_message": "limit"}


class Routing:
    """Mixin of Routes."""

    def add(self, path: str, method: str, endpoint) -> None:
        """Register an endpoint with the application. ValueError when the path and method are taken."""
        if endpoint.deps:
            from .depends import bind

            bind(endpoint.deps)
        if method == WEBSOCKET:
            if endpoint.limit is None:
                endpoint.limit = self.config.max_message
            if endpoint.idle_timeout is None:
                endpoint.idle_timeout = self.config.idle_timeout
            if self.dispatcher is not None:  # it serves already: now, not when memory may be short
                self.dispatcher.upgrade  # noqa: B018  # loads what WebSockets need
        if not MICROPYTHON:
            from .params import apply  # CPython

            path = endpoint.pattern = apply(path, endpoint, method == WEBSOCKET)
        if isinstance(path, str) and path[:1] == "/" and "{" not in path and "}" not in path:
            methods = self.paths.setdefault(path, {})
        else:
            from .paths import add

            methods = add(self, path)
        if method in methods:
            raise ValueError("route %s %s is registered twice" % (method, path))
        methods[method] = endpoint

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
                self.add(path, name, http_endpoint(path, handler, query, deps, options))
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
            self.add(path, WEBSOCKET, ws_endpoint(path, handler, query, deps, settings))
            return handler

        return register


def http_endpoint(path: str, handler, query, deps, docs: dict) -> HttpEndpoint:
    """The endpoint of a handler of requests. TypeError when it is none, or an option is unknown."""
    endpoint = _filled(HttpEndpoint(), path, handler, query, deps, docs)
    if not MICROPYTHON and is_generator(handler):  # MicroPython cannot tell one from an `async def`
        raise TypeError("the handler of route %s is a generator; return StreamingResponse(generator()) instead" % path)
    return endpoint


def ws_endpoint(path: str, handler, query, deps, options: dict) -> WsEndpoint:
    """The endpoint of a handler of WebSockets. TypeError, ValueError: what is wrong with it or its options."""
    endpoint = WsEndpoint()
    both = options.pop("value_type", None)
    if both is not None:
        options["receive_type"] = options["send_type"] = both
    for key in list(options):
        if " %s " % key in _WEBSOCKET:
            setattr(endpoint, _ATTRIBUTES.get(key, key), options.pop(key))
    _filled(endpoint, path, handler, query, deps, options)
    if endpoint.protocols is not None and not isinstance(endpoint.protocols, (list, tuple)):
        raise TypeError("route %s: protocols must be a list of names, not %r" % (path, endpoint.protocols))
    for kind in (endpoint.receive_type, endpoint.send_type):
        if kind is not None and kind not in TYPES.split():
            raise ValueError("route %s: type %r is not one of %s" % (path, kind, TYPES.replace(" ", ", ")))
    if is_plain_function(handler):
        raise TypeError("the handler of WebSocket route %s must be `async def`" % path)
    return endpoint


def _filled(endpoint, path: str, handler, query, deps, docs: dict):
    for key in docs:
        if " %s " % key not in _DOCS:
            raise TypeError("route %s: unknown option %r" % (path, key))
    if not callable(handler):
        raise TypeError("route %s: %r is not a function" % (path, handler))
    endpoint.pattern = path
    endpoint.handler = handler
    endpoint.query = query
    endpoint.deps = deps
    endpoint.docs = docs or None
    return endpoint
