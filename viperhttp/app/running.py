"""The life of an application: it listens, serves, and stops in order."""

import asyncio
import sys

from ..cold import load
from ..config import MICROPYTHON
from ..connection.server import Server
from ..log import report
from .dispatch import Dispatcher
from .routes import WEBSOCKET

if MICROPYTHON:
    from ..transport.interrupt import interrupted  # now: at Ctrl-C there may be no memory for it


class Running:
    """Mixin of ViperHTTP."""

    def run(self, port: int = 8080, host: str = "0.0.0.0", quiet: bool = False, **config) -> None:
        """Serve until Ctrl-C or shutdown(); then the port is free again.

        port, host  where to listen; host "0.0.0.0" is every IPv4 interface
        quiet       do not print the address
        config      more attributes of config.Config, such as max_clients=4. What the ViperHTTP firmware's run() takes
                    besides (wifi, http2, workers) has no effect; https or a TLS file is a TypeError
        Raises OSError that says so when the port is in use.
        """
        try:
            self.config.update(config)
        except TypeError:
            from .foreign import without

            self.config.update(without(config))
        if not MICROPYTHON:
            from .hosted import need_no_loop

            need_no_loop()
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
        """Like run(), inside a running event loop: returns after shutdown(). host, port, config as there."""
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

    def prepare(self) -> None:
        """The checks and additions that come after all routes are known."""
        if self.dispatcher is None:
            self.dispatcher = Dispatcher(self)
            if [1 for _, methods in self.table if WEBSOCKET not in methods]:
                # Now: when a handler fails for want of memory, there may be none for what makes the answer to that.
                load(Dispatcher, Dispatcher._cold[0])
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
        for function in (self._events or {}).get(name, ()):
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
            self.shared = None


def _stop_at_sigterm() -> None:
    if MICROPYTHON:
        return
    import signal  # CPython

    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
        if sys.version_info < (3, 11) and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            # As asyncio.run() itself does from 3.11 on: the first Ctrl-C cancels, the second strikes at once.
            def interrupted(signum, frame):
                signal.signal(signal.SIGINT, signal.default_int_handler)
                loop.call_soon_threadsafe(task.cancel)

            signal.signal(signal.SIGINT, interrupted)
            task.add_done_callback(lambda _: signal.signal(signal.SIGINT, signal.default_int_handler))
    except (NotImplementedError, RuntimeError, ValueError):
        pass  # not the main thread, or a platform without signals: the caller stops us
