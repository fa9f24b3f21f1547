"""MicroPython: the way of a message that goes to a function or on to somebody else. See __init__.py.

The functions here that every message enters have frames of at most 11 words; see endpoints/fast.py.
"""

from micropython import const

from ...connection.ws import WsConnection
from ...protocol.frames import frame, header
from ...protocol.kernels import ST, scan, text, utf8
from ...transport import LOST, TX, buffers
from ...transport.cork import CORK
from .handing import hand, hand_view, relay

_OPEN = const(1)  # connection.phases.OPEN
_INVALID_PAYLOAD = const(1007)  # codes.INVALID_PAYLOAD


def behind(ws) -> bool:
    """Whether something waits for the peer."""
    return ws.out is not None and ws.out is not CORK


class DirectPath(WsConnection):
    """Methods that WebSocketBase gets."""

    def direct_feed(self):
        """What this connection's bytes go to."""
        call = self.call
        if call is True:
            return self.echo_first
        if type(call) is tuple:
            return self.view_first
        return self.relay_first if hasattr(call, "pass_frame") or hasattr(call, "phase") else self.each_first

    def set_feed(self, feed) -> None:
        """Let the hub call it."""
        self.feed_first = feed

    def unset_feed(self) -> None:
        """Let the hub call what the class has."""
        del self.feed_first

    # ---- handed on as they are -------------------------------------------

    def echo_first(self, buf, off: int, end: int) -> None:
        """Bytes arrived: messages go back to the peer."""
        self.seen = None
        if self.part is None and self.out is None and self.phase == _OPEN:
            at = relay(buf, off, end, ST)
            if at:
                off = self.sock.write(buf, at, ST[1])
                if off == ST[1] and not ST[0]:
                    return
                at += off or 0
                ST[1] -= off or 0
                return self.relay_rest(buf, off, at, end)
        self.relay_rest(buf, off, 0, end)

    def relay_first(self, buf, off: int, end: int) -> None:
        """Bytes arrived: messages go to another connection, or to a room."""
        self.seen = None
        self.relay_rest(buf, off, 0, end)

    def relay_rest(self, buf, off: int, at: int, end: int) -> None:
        """Go on; what the last relay() found stands at `at`, if that is not 0."""
        while True:
            if at:
                off = ST[2]
                bad = ST[0] < 0
                if ST[1]:
                    self._onward(buf, at, ST[1])
                if bad:
                    self.fail(_INVALID_PAYLOAD, "text is not UTF-8")
            if off == end:
                return
            if self.phase != _OPEN or self.paused:
                return self._feed_other(buf, off, end)
            at = 0
            if self.part is None:
                at = relay(buf, off, end, ST)
                if at:
                    continue
                at = scan(buf, off, end, ST)
                if at:
                    off = ST[2]
                    self.whole_frame(buf, at, off)
                    at = 0
                    continue
                self.part = self.new_part()
            off = self.feed_part(buf, off, end)

    def _onward(self, buf, at: int, n: int) -> None:
        # Frames as the server sends them.
        to = self.call
        if to is True:
            to = self
        elif not hasattr(to, "phase"):
            return self._to_room(buf, at, at + n)
        if to.phase != _OPEN or to._write_at(buf, at, n) == LOST:
            if to is not self:
                self.faulty(to.ended_error())
        elif to.out is not None:
            self.hold_reading(to)

    def _write_at(self, buf, at: int, n: int) -> int:
        if self.out is None:
            try:
                sent = self.sock.write(buf, at, n) or 0
            except OSError:
                return self.lost_in_put()
            return self._block(buf, at + sent, at + n) if sent != n else 1
        self.out.add(bytes(buf[at : at + n]))
        return 0

    def echo_whole(self, byte0: int, payload) -> None:
        """Send a message back from where it is; nothing waits. As pass_on(), without its calls."""
        n = len(payload)
        k = header(TX, byte0, n)
        sent = self.sock.write(TX, k) or 0
        if sent != k:
            payload = frame(byte0, payload)
            n = len(payload)
        else:
            sent = self.sock.write(payload, n) or 0
        if sent != n:
            self._block(payload, sent, n)
            self.hold_reading(self)

    def _to_room(self, buf, at: int, end: int) -> None:
        room = self.call
        while at < end:
            n = buf[at + 1]
            n = n + 2 if n < 126 else (buf[at + 2] << 8 | buf[at + 3]) + 4
            if not room.pass_frame(buf[at : at + n]):
                view = buf[at + (2 if buf[at + 1] < 126 else 4) : at + n]
                room.publish(text(view, 0) if buf[at] == 0x81 else bytes(view))
            at += n

    # ---- handed to a function --------------------------------------------

    def each_first(self, buf, off: int, end: int) -> None:
        """Bytes arrived: messages go to a function."""
        self.seen = None
        if self.part is None and self.phase == _OPEN:
            at = scan(buf, off, end, ST)
            if at:
                if ST[2] == end and ST[0] <= 0x82:
                    off = text(buf[at:end], ST[5]) if ST[0] == 0x81 else bytes(buf[at:end])
                    if off is not None:
                        off = hand(self, off)
                        if off is not None or self.out is not None:
                            self._handed(off)
                        return
                    return self.fail(_INVALID_PAYLOAD, "text is not UTF-8")
                return self.each_rest(buf, ST[2], at, end)
        self.each_rest(buf, off, 0, end)

    def view_first(self, buf, off: int, end: int) -> None:
        """Bytes arrived: a function looks at messages where they are."""
        self.seen = None
        if self.part is None and self.phase == _OPEN:
            at = scan(buf, off, end, ST)
            if at:
                if ST[2] == end and (ST[0] == 0x82 or ST[0] == 0x81 and not ST[5]):
                    off = hand_view(self, buf[at:end], ST[0] == 0x81)
                    if off is not None or self.out is not None:
                        self._handed(off)
                    return
                return self.each_rest(buf, ST[2], at, end)
        self.each_rest(buf, off, 0, end)

    def each_rest(self, buf, off: int, at: int, end: int) -> None:
        """Go on; `at` is where the payload is that the last scan() found, up to `off`, if it is not 0."""
        # This frame is on the heap, once for all messages of a read.
        cork = CORK
        viewing = type(self.call) is tuple
        try:
            while True:
                if at:
                    byte0 = ST[0]
                    if byte0 > 0x82:
                        self.whole_frame(buf, at, off)
                    elif viewing:
                        self._viewed(buf, at, off)
                    else:
                        message = text(buf[at:off], ST[5]) if byte0 == 0x81 else bytes(buf[at:off])
                        if message is None:
                            self.fail(_INVALID_PAYLOAD, "text is not UTF-8")
                            return self._feed_other(buf, off, end)
                        if buf is buffers.RX:
                            cork.room = off
                            if off < end and self.out is None:
                                cork.put_in(self)
                        error = hand(self, message)
                        if error is not None or self.out is not cork and self.out is not None:
                            self._handed(error)
                if off == end:
                    return
                if self.phase != _OPEN or self.paused:
                    return self._feed_other(buf, off, end)
                at = 0
                if self.part is None:
                    at = scan(buf, off, end, ST)
                    if at:
                        off = ST[2]
                        continue
                    self.part = self.new_part()
                off = self.feed_part(buf, off, end)
        finally:
            if self.out is cork:
                cork.pull_out(self)
                if self.out is not None:
                    self.hold_reading(self)

    def _viewed(self, buf, at: int, off: int) -> None:
        # No cork: it would write over what the function looks at.
        is_text = ST[0] == 0x81
        if is_text and ST[5] and utf8(buf, at, off - at, 0):
            return self.fail(_INVALID_PAYLOAD, "text is not UTF-8")
        error = hand_view(self, buf[at:off], is_text)
        if error is not None or self.out is not None:
            self._handed(error)

    def _handed(self, error) -> None:
        # The function has raised, or what it has sent waits.
        if error is not None:
            self.faulty(error)
        elif self.out is not CORK:
            self.hold_reading(self)
