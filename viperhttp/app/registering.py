"""What an application registers besides routes: routers, folders of files, hooks, middleware, events."""

import sys

from ..config import MICROPYTHON


class Registering:
    """Mixin of ViperHTTP."""

    def include_router(self, router, prefix: str = "") -> None:
        """Add the routes of a Router, `router`, below `prefix`."""
        for path, method, endpoint in router.below(prefix):
            endpoint.pattern = path
            self.add(path, method, endpoint)

    def mount(self, prefix: str, root: str, html: bool = False) -> None:
        """Serve the files below folder `root` under `prefix`; with html=True also index.html for a folder.

        A file's `.gz` sibling is sent to clients that take gzip; ETag and Range are answered.
        On CPython `root` may be an ASGI application; see viperhttp.asgi.mount.
        """
        if callable(root):
            if MICROPYTHON:
                raise TypeError("mount() takes a folder; ASGI applications run on CPython only")
            return sys.modules["viperhttp"].asgi.mount(self, prefix, root)
        from ..endpoints.static import StaticFiles

        if not prefix.startswith("/"):
            raise ValueError("mount prefix must start with '/': %r" % prefix)
        self.mounts += ((prefix.rstrip("/"), StaticFiles(root, html)),)

    def find_static(self, path: str):
        """A FileResponse, or a path to redirect to, for an undecoded path; None when nothing is there."""
        for prefix, files in self.mounts:
            if path == prefix and prefix:
                return prefix + "/" if files.html else None
            if path.startswith(prefix + "/"):
                found = files.find(path[len(prefix) + 1 :])
                if found is not None:
                    return path + found if isinstance(found, str) else found
        return None

    def test_client(self, **options):
        """A viperhttp.testing.TestClient of this application; `options` are its keyword arguments."""
        # By its public name: it stands above this layer, and costs nothing until somebody asks for it.
        return sys.modules["viperhttp"].TestClient(self, **options)

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
