"""CPython: a ViperHTTP object is an ASGI and an RSGI application; viperhttp.asgi is loaded at the first call."""

import asyncio
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
