"""CPython: a ViperHTTP object is an ASGI and an RSGI application; viperhttp.asgi is loaded at the first call."""

import asyncio
import signal
import sys

from .routes import Routes


class Hosted(Routes):
    """`uvicorn main:app`, `granian main:app`, starlette.testclient.TestClient(app)."""

    _adapter = None

    def _hosted(self):
        if self._adapter is None:
            # By its public name: it stands above this layer.
            self._adapter = sys.modules["viperhttp"].asgi.Adapter(self)
        return self._adapter

    async def __call__(self, scope, receive, send) -> None:
        """ASGI 3: one connection, or the lifespan."""
        await self._hosted()(scope, receive, send)

    async def __rsgi__(self, scope, protocol) -> None:
        """RSGI: one connection."""
        await self._hosted().__rsgi__(scope, protocol)

    def __rsgi_init__(self, loop) -> None:
        self._hosted().__rsgi_init__(loop)

    def __rsgi_del__(self, loop) -> None:
        self._hosted().__rsgi_del__(loop)


def need_no_loop() -> None:
    """RuntimeError that says what to do where run() is called inside an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        "run() inside a running event loop: use `await app.serve(...)` there; in a file that another server imports"
        " (uvicorn main:app) guard it by `if __name__ == '__main__':`"
    )


def stop_at_sigterm() -> None:
    """A SIGTERM is the end in order, as Ctrl-C."""
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
