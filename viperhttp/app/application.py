"""ViperHTTP: the application that routes are registered on, and that runs the server."""

import asyncio
import json as default_json
import sys

from ..config import MICROPYTHON, Config
from ..connection.server import Server
from ..log import report
from .dispatch import Dispatcher
from .routes import WEBSOCKET, Routes
from .table import RouteTable

if MICROPYTHON:
    from ..transport.interrupt import interrupted  # now: at Ctrl-C there may be no memory for it


class ViperHTTP(Routes):
    """An application: routes, and the server that runs them.

    title, version, description, servers   for the documentation of the API
    docs        serve /openapi.json, /asyncapi.json and /docs; default True. openapi_url and docs_url move or (None)
                remove them; include_websocket_docs=False leaves WebSocket routes out; cache_schema is ignored: the
                documents are streamed, never held
    debug       tracebacks in the log and error texts in answers; default False
    json        a module or object with dumps and loads, or a pair of them; default the json module
    config      dict of limits and deadlines; see config.DEFAULTS for the keys
    allowed_origins   origins whose pages may open WebSockets (str or list), besides the board's own; "*" is all
    """

    def __init__(
        self,
        title: str = "ViperHTTP API",
        version: str = "1.0.0",
        description: str = "",
        docs: bool = True,
        openapi_url: "str | None" = "/openapi.json",
        docs_url: "str | None" = "/docs",
        include_websocket_docs: bool = True,
        cache_schema: bool = True,
        servers=None,
        debug: bool = False,
        json=None,
        config: "dict | None" = None,
        allowed_origins=None,
    ):
        self.title = title
        self.version = version
        self.description = description
        self.servers = servers
        self.docs = docs
        self.openapi_url = openapi_url
        self.docs_url = docs_url
        self.include_websocket_docs = include_websocket_docs
        self.debug = debug
        self.json = _Json(json) if isinstance(json, (tuple, list)) else json or default_json
        self.config = Config(config)
        self.allowed_origins = allowed_origins
        self.table = RouteTable()
        self.mounts: list = []
        self.middlewares: list = []  # as they were added; those with ws_check also guard WebSockets
        self.pipeline = None
        self.ws_hooks: list = []
        self.shared: dict = {}  # values of Depends(scope="app")
        self.teardown: list = []  # and what to finish when the application stops
        self.server = None
        self.dispatcher = Dispatcher(self)
        self._state = None
        self._events: dict = {"startup": [], "shutdown": []}
        self._ready_line = None

    @property
    def state(self):
        """An object for the application's own attributes."""
        if self._state is None:
            self._state = State()
        return self._state

    # ---- registration ----------------------------------------------------

    def add(self, path: str, method: str, endpoint) -> None:
        """Register an endpoint."""
        if endpoint.deps:
            from .depends import bind

            bind(endpoint.deps)
        if method == WEBSOCKET:
            if endpoint.limit is None:
                endpoint.limit = self.config.max_message
            if endpoint.idle_timeout is None:
                endpoint.idle_timeout = self.config.idle_timeout
        if not MICROPYTHON:
            from .params import apply  # CPython

            path = endpoint.pattern = apply(path, endpoint, method == WEBSOCKET)
        self.table.add(path, method, endpoint)

    def include_router(self, router, prefix: str = "") -> None:
        """Add the routes of a Router, below `prefix`."""
        for path, method, endpoint in router.routes:
            endpoint.pattern = prefix.rstrip("/") + path
            self.add(endpoint.pattern, method, endpoint)

    def mount(self, prefix: str, root: str, html: bool = False) -> None:
        """Serve the files below folder `root` under `prefix`; with html=True also index.html for a folder.

        A file's `.gz` sibling is sent to clients that take gzip; ETag and Range are answered.
        """
        from ..endpoints.static import StaticFiles

        if not prefix.startswith("/"):
            raise ValueError("mount prefix must start with '/': %r" % prefix)
        self.mounts.append((prefix.rstrip("/"), StaticFiles(root, html)))

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
            (self.ws_hooks if websocket else self._pipeline().hooks).append(function)
            return function

        return register(hook) if hook is not None else register

    def middleware(self, kind: str = "http"):
        """Decorator: an async function(request, call_next) around every HTTP request."""
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
        self.middlewares.append(middleware)
        if callable(middleware):
            self._pipeline().middleware.append(middleware)

    def exception_handler(self, key):
        """Decorator: function(request, error) makes the answer to an exception class, or an HTTPException's status."""

        def register(function):
            self._pipeline().handlers[key] = function
            return function

        return register

    def on_event(self, name: str):
        """Decorator: call the function, async or not, at "startup" or "shutdown"."""
        if name not in self._events:
            raise ValueError("on_event takes 'startup' or 'shutdown', not %r" % (name,))

        def register(function):
            self._events[name].append(function)
            return function

        return register

    # ---- running ---------------------------------------------------------

    def run(self, port: int = 8080, host: str = "0.0.0.0", quiet: bool = False, **config) -> None:
        """Serve until Ctrl-C or shutdown(); then the port is free again.

        port, host  where to listen; host "0.0.0.0" is every IPv4 interface
        quiet       do not print the address
        config      more keys of config.DEFAULTS, such as max_clients=4
        Raises OSError that says so when the port is in use.
        """
        self.config.update(config)
        if not quiet:
            shown = "127.0.0.1" if host == "0.0.0.0" else host
            self._ready_line = "viperhttp serves http://%s:%d/  (Ctrl-C stops it)" % (shown, port)
        try:
            asyncio.run(self._main(host, port))
        except asyncio.CancelledError:
            pass  # a SIGTERM; _main() has shut down
        except KeyboardInterrupt:
            if MICROPYTHON and self.server is not None:
                # MicroPython leaves the loop as it was: let connections close and handlers clean up.
                try:
                    interrupted()
                    asyncio.get_event_loop().run_until_complete(self._stop())
                except KeyboardInterrupt:
                    pass  # a second one: nobody is waited for
        finally:
            self._release()

    def _release(self) -> None:
        server = self.server
        self.server = None
        if server is not None:
            try:
                server.abort()
            except RuntimeError:
                pass  # CPython has closed its loop after a second Ctrl-C, and with it all connections
        if MICROPYTHON:
            asyncio.new_event_loop()  # the old one keeps tasks that Ctrl-C has interrupted

    async def _main(self, host: str, port: int) -> None:
        try:
            await self.serve(host, port)
        except asyncio.CancelledError:
            # CPython's way of Ctrl-C, and of a SIGTERM.
            await self._stop()
            raise

    async def serve(self, host: str = "0.0.0.0", port: int = 8080, **config) -> None:
        """Like run(), inside a running event loop: returns after shutdown()."""
        if self.server is not None:
            raise RuntimeError("this application is already running")
        self.config.update(config)
        self.prepare()
        server = Server(self.config, self.dispatcher)
        await server.listen(host, port)
        self.server = server
        _stop_at_sigterm()
        await self.emit("startup")
        if self._ready_line:
            print(self._ready_line)
            self._ready_line = None
        await server.serve()
        await self._stopped(server)

    def test_client(self, **options):
        """A viperhttp.testing.TestClient of this application; `options` are its keyword arguments."""
        # By its public name: it stands above this layer, and costs nothing until somebody asks for it.
        return sys.modules["viperhttp"].TestClient(self, **options)

    def prepare(self) -> None:
        """The checks and additions that come after all routes are known."""
        depends = sys.modules.get("viperhttp.app.depends")
        lost = depends.unbound() if depends is not None else None
        if lost:
            raise RuntimeError(
                "Depends(%s) is bound to no route. Left in a default argument it would be ignored on a board, and skip"
                " what it guards: write it in the decorator, as deps={'name': Depends(...)}"
                % getattr(lost[0].function, "__name__", lost[0].function)
            )

    async def _stop(self) -> None:
        server = self.server
        if server is not None:
            await server.shutdown()
            await self._stopped(server)

    async def _stopped(self, server) -> None:
        # After Ctrl-C on MicroPython both serve() and _stop() come here.
        if self.server is server:
            self.server = None
            await self.emit("shutdown")

    async def shutdown(self) -> None:
        """Stop: accept no more, close WebSockets with 1001, let answers end, free the port."""
        if self.server is not None:
            await self.server.shutdown()

    async def emit(self, name: str) -> None:
        """Call the functions of on_event(name)."""
        for function in self._events[name]:
            try:
                result = function()
                if hasattr(result, "send"):
                    await result
            except Exception as error:
                if name == "startup":
                    raise
                report("on_event('shutdown')", error, self.debug)
        if name == "shutdown" and self.teardown:
            from .depends import finish

            while self.teardown:
                await finish(self.teardown.pop())
            self.shared.clear()


class State:
    """Attributes that the application sets."""


class _Json:
    def __init__(self, pair):
        self.dumps, self.loads = pair


def _stop_at_sigterm() -> None:
    if MICROPYTHON:
        return
    import signal  # CPython

    task = asyncio.current_task()
    try:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    except (NotImplementedError, RuntimeError, ValueError):
        pass  # not the main thread, or a platform without signals: the caller stops us
