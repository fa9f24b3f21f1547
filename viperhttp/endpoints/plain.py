"""MicroPython: how a WebSocket waits where fast.py does not know asyncio's tasks; see transport/plain.py."""

import asyncio

from ..config import const
from ..exceptions import WebSocketException
from ..transport import Channel

_OPEN = const(1)  # connection.phases.OPEN
_UNSUPPORTED_DATA = const(1003)  # codes.UNSUPPORTED_DATA


class Plain:
    """Mixin of WebSocket."""

    def go_plain(self) -> None:
        """From now on all WebSockets of this kind wait by park()."""
        cls = type(self)
        cls.receive_text = receive_text  # type: ignore[attr-defined]
        cls.wake_later = wake_later  # type: ignore[attr-defined]


async def receive_text(self, timeout: "float | None" = None) -> str:
    """The next text message; see WebSocketBase.receive_text."""
    message = await self.receive_any(timeout)
    if type(message) is not str:
        raise WebSocketException(_UNSUPPORTED_DATA, "expected text")
    return message


def wake_later(self) -> None:
    """Resume the task that parked; when there is a message for it, before anything else is read."""
    waits = self.waiter is not None
    Channel.wake_later(self)
    if waits and self.phase == _OPEN and not self.paused:
        self.pause()
        asyncio.create_task(_go_on(self))


async def _go_on(ws) -> None:
    # The handler has had its turn.
    if ws.phase == _OPEN and ws.paused and type(ws.pending) is not list and getattr(ws, "holding", None) is None:
        try:
            ws.read_on()
        except Exception as error:
            ws.broken_down(error)
