"""Messages and frames that come in pieces, and what is skipped until the peer has closed."""

from ..config import MICROPYTHON, const
from ..exceptions import ProtocolError
from ..protocol.assembly import Assembly, Skipper
from ..protocol.kernels import text
from ..transport import ticks_diff

_TEXT = const(1)  # codes.TEXT
_BINARY = const(2)  # codes.BINARY
_POLICY_VIOLATION = const(1008)  # codes.POLICY_VIOLATION
_TOO_BIG = const(1009)  # codes.TOO_BIG


class WsParts:
    """Mixin of WsConnection."""

    def feed_part(self, buf, off: int, end: int) -> int:
        """Bytes of a message or frame that has not come in one piece; returns the offset behind those taken."""
        part = self.part
        if part is None:
            part = self.part = Assembly(self.route.limit)
        try:
            off = part.feed(buf, off, end)
            if part.opcode:
                self._part_done(part)
            elif off == end and MICROPYTHON:
                part.at = end
                self._read_rest(part)
        except ProtocolError as error:
            off = part.at
            self.part = part
            self.fail(error.code, error.reason)
        except MemoryError:
            self.part = part
            self.fail(_TOO_BIG, "no memory for the message")
            off = part.at
        return off

    def _part_done(self, part: Assembly) -> None:
        payload = part.payload
        part.payload = None
        if part.idle():
            self.part = None
        if part.opcode == _TEXT:
            self._deliver(text(payload, 0))  # checked piece by piece
        elif part.opcode == _BINARY:
            self._deliver(bytes(payload))
        else:
            self._control(part.opcode, payload)

    def _read_rest(self, part: Assembly) -> None:
        # What does not fit the shared buffer goes where it belongs at once, not piece by piece and twice.
        room = part.room()
        while room is not None:
            try:
                n = self.sock.readinto(room)
            except OSError:
                return self.drop()
            if not n:
                return  # nothing there now; an end of the stream is reported again
            part.took(n)
            if part.opcode:
                return self._part_done(part)
            room = part.room()

    def skip(self, buf, off: int, end: int) -> bool:
        """After our CLOSE: True when the bytes hold the end of the peer's."""
        if self.part is None:
            self.part = Skipper()  # type: ignore[assignment]  # only here, when nothing is received any more
        return self.part.feed(buf, off, end)  # type: ignore[return-value]

    def check_part(self, now: int) -> None:
        """A message that has begun has config message_timeout to come."""
        part = self.part
        limit = self.server.config.message_timeout
        if limit is not None:
            if part.since is None:
                part.since = now
            elif ticks_diff(now, part.since) >= int(limit * 1000):
                self.fail(_POLICY_VIOLATION, "the message did not arrive in time")
