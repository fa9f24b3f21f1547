"""The end of a WebSocket that was never open: a handshake that is refused, or left."""

from ..config import const
from ..protocol import response

_CLOSED = const(3)  # connection.phases.CLOSED
_ABNORMAL = const(1006)  # codes.ABNORMAL


class WsEnds:
    """Mixin of WsConnection."""

    def refuse(self, status: int, headers, body: bytes) -> None:
        """Answer the handshake with a plain HTTP response."""
        self.phase = _CLOSED
        self.due = None
        data = response.head(status, headers, len(body), False) + body
        self.write(data, len(data))
        self.close_when_sent()

    def undecided(self) -> None:
        """The handler has neither accepted nor refused in time."""
        self.close_code = _ABNORMAL
        self.refuse(504, [], b"")
        self.wake_later()
