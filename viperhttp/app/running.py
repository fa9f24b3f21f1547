"""Running an application; what serves (serving.py) is loaded when all routes are known."""

import asyncio

from ..config import MICROPYTHON


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
            self.about_to_run(host, port, quiet, config)
            asyncio.run(self._main(host, port))
        except asyncio.CancelledError:
            pass  # a SIGTERM; _main() has shut down
        except KeyboardInterrupt:
            if MICROPYTHON and self.server is not None:
                self._interrupted()
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
        await self._serve(host, port)
