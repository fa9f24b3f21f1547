"""The life of an application: it listens, serves, and stops in order."""

import asyncio

from ..cold import unload
from ..config import MICROPYTHON
from ..connection.server import Server
from ..log import report
from .dispatch import Dispatcher

if MICROPYTHON:
    from ..transport.interrupt import interrupted  # now: at Ctrl-C there may be no memory for it
else:
    from .hosted import stop_at_sigterm


class Serving:
    """Mixin of ViperHTTP."""

    def begin(self) -> None:
        """All routes are known."""
        self.dispatcher = Dispatcher(self)

    async def _serve(self, host: str, port: int) -> None:
        server = Server(self.config, self.dispatcher)
        await server.listen(host, port)
        self.server = server
        if not MICROPYTHON:
            stop_at_sigterm()
        await self.emit("startup")
        unload()  # what handlers of "startup" have registered with
        if self._ready_line:
            print(self._ready_line)
            self._ready_line = None
        await server.serve()
        await self._stopped(server)

    def _interrupted(self) -> None:
        # Ctrl-C. MicroPython leaves the loop as it was: let connections close and handlers clean up.
        try:
            interrupted()  # MicroPython
            asyncio.get_event_loop().run_until_complete(self._stop())
        except KeyboardInterrupt:
            pass  # a second one: nobody is waited for

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
