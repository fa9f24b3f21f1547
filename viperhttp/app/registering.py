"""What an application registers besides routes: routers, hooks, middleware, events."""


class Registering:
    """Mixin of ViperHTTP."""

    def include_router(self, router, prefix: str = "") -> None:
        """Add the routes of a Router, `router`, below `prefix`."""
        for path, method, endpoint in router.below(prefix):
            endpoint.pattern = path
            self.add(path, method, endpoint)

    def _pipeline(self):
        if self.pipeline is None:
            from .pipeline import Pipeline

            self.pipeline = Pipeline(self)
        return self.pipeline

    def before_request(self, hook=None, websocket: bool = False):
        """Decorator: call the function before each handler: hook(request), or with websocket=True hook(ws).

        What an HTTP hook returns, but None, is the answer. A WebSocket hook must accept() or close(): where it does
        neither, the handshake is refused with 403.
        """

        def register(function):
            if websocket:
                self.ws_hooks += (function,)
            else:
                self._pipeline().hooks.append(function)
            return function

        return register(hook) if hook is not None else register

    def middleware(self, kind: str = "http"):
        """Decorator: an async function(request, call_next) around every HTTP request; the only kind is "http"."""
        if kind != "http":
            raise ValueError("middleware kind %r is not 'http'" % (kind,))

        def register(function):
            self.add_middleware(function)
            return function

        return register

    def add_middleware(self, middleware, **options) -> None:
        """Add a middleware: an instance, or a class and its keyword arguments. The first added is the outermost.

        It is called with (request, call_next) when it is callable. One with ws_check(ws) takes part in WebSocket
        handshakes: True lets them pass, a number refuses with that close code or HTTP status; so does HTTPException.
        """
        if isinstance(middleware, type):
            middleware = middleware(**options)
        self.middlewares += (middleware,)
        if callable(middleware):
            self._pipeline().middleware.append(middleware)

    def exception_handler(self, key):
        """Decorator: function(request, error) makes the answer to what a handler raises.

        key  an exception class, which covers its subclasses, or the status (int) of an HTTPException
        """

        def register(function):
            self._pipeline().handlers[key] = function
            return function

        return register

    def on_event(self, name: str):
        """Decorator: call the function, async or not, when `name` happens: "startup" or "shutdown"."""
        if name not in ("startup", "shutdown"):
            raise ValueError("on_event takes 'startup' or 'shutdown', not %r" % (name,))

        def register(function):
            self._events = self._events or {}
            self._events.setdefault(name, []).append(function)
            return function

        return register
