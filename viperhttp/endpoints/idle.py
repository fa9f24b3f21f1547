"""A WebSocket with idle_timeout: closed with 1001 when no message has come for so long."""

from ..config import const
from ..transport import ticks, ticks_diff
from .websocket import WebSocket

_OPEN = const(1)  # connection.phases.OPEN
_GOING_AWAY = const(1001)  # codes.GOING_AWAY

_HEADER = 6  # bytes of a control frame from a client besides its payload (RFC 6455 section 5.2)


class IdleWebSocket(WebSocket):
    """Only routes that ask for it pay for looking at what arrives: pings and pongs are no messages."""

    active = 0  # tick of the last message
    _control_bytes = 0

    def open(self, answer: bytes) -> None:
        """Send the 101 answer; the time runs from here."""
        self.active = ticks()
        WebSocket.open(self, answer)

    def feed(self, buf, off: int, end: int) -> None:
        """Bytes arrived."""
        self._control_bytes = 0
        WebSocket.feed(self, buf, off, end)
        if end - off > self._control_bytes:
            self.active = ticks()

    def feed_first(self, buf, off: int, end: int):
        """feed() for MicroPython's hub, which leaves to it to let the handler's task go on."""
        self._control_bytes = 0
        task = WebSocket.feed_first(self, buf, off, end)  # type: ignore[attr-defined]  # on MicroPython only
        if end - off > self._control_bytes:
            self.active = ticks()
        return task

    def _control(self, opcode: int, payload: bytes) -> None:
        self._control_bytes += _HEADER + len(payload)
        WebSocket._control(self, opcode, payload)

    def check(self, now: int) -> None:
        """Called every now and then."""
        WebSocket.check(self, now)
        if self.phase != _OPEN:
            return
        if self.paused or self.pending is not None:
            self.active = now  # it is the handler that is late
        elif ticks_diff(now, self.active) >= int(self.route.idle_timeout * 1000):
            self.start_close(_GOING_AWAY, "nothing came for %s s" % self.route.idle_timeout)
