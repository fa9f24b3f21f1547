"""ViperHTTP: the application that routes are registered on, and that runs the server."""

import asyncio
import json as default_json

from ..config import MICROPYTHON, Config
from ..connection.server import Server
from ..endpoints.static import StaticFiles
from ..log import report
from ..protocol.url import unquote
from .dispatch import WEBSOCKET, Dispatcher, HttpEndpoint, WsEndpoint, is_plain_function
from .routing import Router

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")


class ViperHTTP:
    """An application: routes, and the server that runs them.

    title, version, description   for the documentation of the API
    include_websocket_docs        list WebSocket routes there
    debug   tracebacks in the log and error texts in answers; default False
    json    a module or object with dumps and loads; default the json module
    config  dict of limits and deadlines; see config.DEFAULTS for the keys
    """

    def __init__(
        self,
        title: str = "ViperHTTP API",
        version: str = "1.0.0",
        description: str = "",
        include_websocket_docs: bool = True,
        debug: bool = False,
        json=None,
        config: "dict | None" = None,
    ):
        self.title = title
        self.version = version
        self.description = description
        self.include_websocket_docs = include_websocket_docs
        self.debug = debug
        self.json = json or default_json
        self.config = Config(config)
        self.router = Router()
        self.mounts: list = []
        self.server = None
        self._events = {"startup": [], "shutdown": []}

    # ---- registration ----------------------------------------------------

    def route(self, path: str, methods=None, websocket: bool = False, **options):
        """Decorator: handle `methods` (default GET) at `path`, or with websocket=True a WebSocket.

        path  static text and parameters {name}, {name:int}, {name:float}, {name:bool}, and last {name:path};
              they reach the handler as keyword arguments
        The handler, async or not, returns str, bytes, dict, list, None (204), (body, status[, headers]) or a Response.
        """
        if websocket:
            return self.websocket(path, **options)
        if options:
            raise TypeError("unknown option of route %s: %s" % (path, ", ".join(options)))
        names = [name.upper() for name in (methods or ("GET",))]
        for name in names:
            if name not in _METHODS:
                raise ValueError("route %s: unknown method %r" % (path, name))

        def register(handler):
            _check_callable(path, handler)
            for name in names:
                self.router.add(path, name, HttpEndpoint(handler))
            return handler

        return register

    def get(self, path: str):
        """Decorator: GET (and HEAD) at `path`; see route()."""
        return self.route(path)

    def post(self, path: str):
        """Decorator: POST at `path`; see route()."""
        return self.route(path, ("POST",))

    def put(self, path: str):
        """Decorator: PUT at `path`; see route()."""
        return self.route(path, ("PUT",))

    def patch(self, path: str):
        """Decorator: PATCH at `path`; see route()."""
        return self.route(path, ("PATCH",))

    def delete(self, path: str):
        """Decorator: DELETE at `path`; see route()."""
        return self.route(path, ("DELETE",))

    def options(self, path: str):
        """Decorator: OPTIONS at `path`; see route()."""
        return self.route(path, ("OPTIONS",))

    def head(self, path: str):
        """Decorator: HEAD at `path`; see route()."""
        return self.route(path, ("HEAD",))

    def websocket(self, path: str, protocols=None, max_message: "int | None" = None):
        """Decorator: an `async def handler(ws)`, or handler(ws, name=...) with path parameters, for WebSockets.

        protocols    list of subprotocols this route speaks; accept() picks the client's first that is in it
        max_message  largest message in bytes, default config max_message; a longer one is closed with 1009
        """
        if protocols is not None and not isinstance(protocols, (list, tuple)):
            raise TypeError("route %s: protocols must be a list of names, not %r" % (path, protocols))

        def register(handler):
            _check_callable(path, handler)
            if is_plain_function(handler):
                raise TypeError("the handler of WebSocket route %s must be `async def`" % path)
            limit = self.config.max_message if max_message is None else max_message
            self.router.add(path, WEBSOCKET, WsEndpoint(path, handler, protocols, limit))
            return handler

        return register

    def mount(self, prefix: str, root: str, html: bool = False) -> None:
        """Serve the files below folder `root` under `prefix`; with html=True also index.html for a folder.

        A file's `.gz` sibling is sent to clients that take gzip; ETag and Range are answered.
        """
        if not prefix.startswith("/"):
            raise ValueError("mount prefix must start with '/': %r" % prefix)
        self.mounts.append((prefix.rstrip("/"), StaticFiles(root, html)))

    def on_event(self, name: str):
        """Decorator: call the function, async or not, at "startup" or "shutdown"."""
        if name not in self._events:
            raise ValueError("on_event takes 'startup' or 'shutdown', not %r" % (name,))

        def register(handler):
            self._events[name].append(handler)
            return handler

        return register

    def find_static(self, path: str):
        """A FileResponse or a path to redirect to, for an undecoded path; None when nothing is there."""
        for prefix, files in self.mounts:
            if path == prefix and prefix:
                return prefix + "/" if files.html else None
            if path.startswith(prefix + "/"):
                try:
                    found = files.find([unquote(part) for part in path[len(prefix) + 1 :].split("/")])
                except (ValueError, files.NotFound):
                    continue
                return path + found if isinstance(found, str) else found
        return None

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
                asyncio.get_event_loop().run_until_complete(self._stop())
        finally:
            self._release()

    _ready_line = None

    def _release(self) -> None:
        if self.server is not None:
            self.server.abort()
            self.server = None
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
        server = Server(self.config, Dispatcher(self))
        await server.listen(host, port)
        self.server = server
        _stop_at_sigterm()
        await self._emit("startup")
        if self._ready_line:
            print(self._ready_line)
            self._ready_line = None
        await server.serve()
        await self._emit("shutdown")
        self.server = None

    async def _stop(self) -> None:
        server = self.server
        if server is not None:
            await server.shutdown()
            await self._emit("shutdown")
            self.server = None

    async def shutdown(self) -> None:
        """Stop: accept no more, close WebSockets with 1001, let answers end, free the port."""
        if self.server is not None:
            await self.server.shutdown()

    async def _emit(self, name: str) -> None:
        for handler in self._events[name]:
            try:
                result = handler()
                if hasattr(result, "send"):
                    await result
            except Exception as error:
                if name == "startup":
                    raise
                report("on_event('shutdown')", error, self.debug)


def _check_callable(path: str, handler) -> None:
    if not callable(handler):
        raise TypeError("route %s: %r is not a function" % (path, handler))


def _stop_at_sigterm() -> None:
    if MICROPYTHON:
        return
    import signal

    task = asyncio.current_task()
    try:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    except (NotImplementedError, RuntimeError, ValueError):
        pass  # not the main thread, or a platform without signals: the caller stops us
