"""One WebSocket connection after the handshake: frames in and out, heartbeat, bounded queues, both ways of closing."""

from ..config import MICROPYTHON, const
from ..exceptions import ProtocolError, WebSocketDisconnect
from ..protocol.frames import close_payload, frame, parse_close
from ..protocol.kernels import ST, scan, text
from ..transport import LOST, changed, ticks, ticks_add, ticks_diff
from .sender import WsSender

if not MICROPYTHON:
    from ..transport.hangup import peer_gone

_ABNORMAL = const(1006)  # codes.ABNORMAL
_INVALID_PAYLOAD = const(1007)  # codes.INVALID_PAYLOAD
_TOO_BIG = const(1009)  # codes.TOO_BIG

_CONNECTING = const(0)  # connection.phases.CONNECTING
_OPEN = const(1)  # connection.phases.OPEN
_CLOSING = const(2)  # connection.phases.CLOSING
_CLOSED = const(3)  # connection.phases.CLOSED
_BYTE0 = const(0)  # places in kernels.ST
_NEXT = const(2)
_LIMIT = const(3)
_DOUBT = const(5)

_OVERHEAD = const(32)  # of a waiting message besides its bytes: object header and list slot
_FAIL_WAIT = const(1000)  # ms for the answer to our CLOSE after the peer broke the protocol
_PING = b"\x89\x00"
ST[_LIMIT] = 0x7FFFFFFF  # the smallest limit of all routes; above it, each route's own counts


class WsConnection(WsSender):
    """Decodes frames, answers control frames even while the handler is busy, and keeps the deadlines.

    A message waits in `pending` until the handler takes it; several are a list there, and its first item counts their
    bytes, but for the next one. When they hold more than config.recv_queue bytes, reading pauses. Nothing is dropped.
    """

    _cold: tuple = (
        "viperhttp.connection.wsparts.WsParts feed_part skip check_part ",
        "viperhttp.connection.wsends.WsEnds refuse undecided ",
    )
    phase = _CONNECTING
    route = None  # has `limit`, the largest message
    part = None  # Assembly or Skipper while a frame or message is incomplete
    pending = None
    left = None  # raw bytes that wait until there is room, or until accept()
    seen = None  # tick of the last sign of life, ~tick when a PING is out, None when something came since check()
    close_code = None
    close_reason = None
    by_peer = False  # the peer closed, or vanished
    kind = "ws"
    counted = True  # holds one of the server's slots

    # ---- receiving -------------------------------------------------------

    def feed(self, buf, off: int, end: int) -> None:
        """Bytes arrived."""
        self.seen = None
        self.feed_any(buf, off, end)

    def feed_any(self, buf, off: int, end: int) -> None:
        """Deal with bytes in whatever state the connection is."""
        if self.phase != _OPEN or self.paused:
            return self._feed_other(buf, off, end)
        while off < end:
            at = scan(buf, off, end, ST) if self.part is None else 0
            if at:
                off = ST[_NEXT]
                self.whole_frame(buf, at, off)
            elif self.part is not None or self._takes_parts():
                off = self.feed_part(buf, off, end)
            else:
                return
            if self.phase != _OPEN or self.paused:
                return self._feed_other(buf, off, end)

    def _takes_parts(self) -> bool:
        # False where there is no memory even for the module. (A `try` in feed_any would put its frame on the heap.)
        try:
            return self.feed_part is not None
        except MemoryError:
            self.fail(_TOO_BIG, "no memory for the message")
            return False

    def whole_frame(self, buf, at: int, end: int) -> None:
        """Deal with the frame that scan() found, whose payload is buf[at:end]."""
        byte0 = ST[_BYTE0]
        if byte0 == 0x81:
            message = text(buf[at:end], ST[_DOUBT])
            if message is None:
                return self.fail(_INVALID_PAYLOAD, "text is not UTF-8")
            self._deliver(message)
        elif byte0 == 0x82:
            self._deliver(bytes(buf[at:end]))
        else:
            self._control(byte0 & 15, bytes(buf[at:end]))

    def _feed_other(self, buf, off: int, end: int) -> None:
        # Not open, or no room: keep, skip or forget the bytes.
        if off >= end or self.phase == _CLOSED:
            return
        if self.phase == _CLOSING:
            # Mostly the peer's CLOSE and nothing else.
            if self.part is None and scan(buf, off, end, ST):
                off = ST[_NEXT]
                done = ST[_BYTE0] == 0x88
            else:
                done = False
            if done or off < end and self.skip(buf, off, end):
                self.phase = _CLOSED
                self.close_when_sent()
        else:
            self.left = (self.left or b"") + bytes(buf[off:end])
            if len(self.left) >= self.server.config.rx_buffer:
                self.pause()

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == 9:  # codes.PING
            self.write_urgent(frame(0x8A, payload), True)
        elif opcode == 8:  # codes.CLOSE
            try:
                self.close_code, self.close_reason = parse_close(payload)
            except ProtocolError as error:
                self.fail(error.code, error.reason)
                self.phase = _CLOSED
                self.close_when_sent()
                return
            self.by_peer = True
            self.phase = _CLOSED
            changed()
            # The answer must not wait behind data that the peer will not look at any more.
            if self.out is not None:
                self.out.drop_data()
            self.write_urgent(frame(0x88, close_payload(self.close_code)))
            self._release_senders()
            self.close_when_sent()
            self.wake()

    def _deliver(self, message) -> None:
        waiting = self.pending
        if waiting is None:
            self.pending = message
            return self.wake()
        if type(waiting) is not list:
            waiting = self.pending = [0, waiting]
        waiting.append(message)
        waiting[0] += len(message) + _OVERHEAD
        if waiting[0] > self.server.config.recv_queue:
            self.pause()

    def take(self):
        """The next message; there is one. There may be room to read again."""
        waiting = self.pending
        if type(waiting) is not list:
            self.pending = None
            return waiting
        message = waiting.pop(1)
        waiting[0] -= len(waiting[1]) + _OVERHEAD
        held = waiting[0]
        if len(waiting) == 2:
            self.pending = waiting[1]
        if self.paused and held * 2 <= self.server.config.recv_queue:
            self.read_on()
        return message

    def read_on(self) -> None:
        """Go on reading, first what was put aside."""
        left = self.left
        self.left = None
        self.resume()
        if left is not None:
            self.feed(memoryview(bytearray(left)), 0, len(left))

    def ended_error(self) -> WebSocketDisconnect:
        """What receive and send raise once the connection is over."""
        return WebSocketDisconnect(self.close_code or _ABNORMAL, self.close_reason or "")

    # ---- opening and closing (see wsends.py, too) ---------------------------------------------

    def open(self, answer: bytes) -> None:
        """Send the 101 answer; frames may flow. Raises WebSocketDisconnect when the peer has gone."""
        self.phase = _OPEN
        changed()
        self.part = self.seen = None
        if self.write(answer, len(answer)) == LOST:
            raise self.ended_error()
        if self.left is not None:
            self.read_on()  # what came glued to the handshake

    def start_close(self, code: int, reason: str) -> None:
        """Send CLOSE behind what waits; the peer's CLOSE, or close_timeout, ends the connection."""
        data = frame(0x88, close_payload(code, reason))
        self._own_close(code, reason)
        self.due = ticks_add(ticks(), int(self.server.config.close_timeout * 1000))
        self.write(data, len(data))
        left = self.left
        self.left = None
        self.resume()
        if left:
            self._feed_other(left, 0, len(left))
        self.wake_later()

    def fail(self, code: int, reason: str) -> None:
        """The peer broke the protocol: CLOSE with the code goes first of all (RFC 6455 section 7.1.7)."""
        if self.phase != _OPEN:
            return
        self._own_close(code, reason)
        self.due = ticks_add(ticks(), _FAIL_WAIT)
        if self.out is not None:
            self.out.drop_data()
        self.write_urgent(frame(0x88, close_payload(code, reason)))
        self.wake_later()

    def _own_close(self, code: int, reason: str) -> None:
        self.close_code = code
        self.close_reason = reason
        self.phase = _CLOSING
        changed()
        self.pending = None
        part = self.part
        self.part = part.skipper() if part is not None else None  # type: ignore[assignment]
        self._release_senders()

    def _release_senders(self) -> None:
        # No more messages go out: let those go who wait for room.
        if self.gate is not None:
            self.gate[1].set()

    def lost(self) -> None:
        """The socket is closed."""
        if self.close_code is None:
            self.close_code = _ABNORMAL
            self.close_reason = ""
            self.by_peer = True
        self.phase = _CLOSED
        changed()
        self.part = self.left = None
        self.due = None
        self._release_senders()
        self.server.release(self)
        self.wake_later()
        self.server.gone(self)

    # ---- deadlines -------------------------------------------------------

    def check(self, now: int) -> None:
        """Called every now and then: heartbeat and deadlines."""
        self.server.check_channel(self, now)
        if self.phase != _OPEN:
            return
        if not MICROPYTHON and self.paused and self.due is None and peer_gone(self):
            self.hung_up()
        # Heartbeat: a PING after a silence, and the end of patience after a longer one.
        config = self.server.config
        seen = self.seen
        if seen is None or (self.paused and seen < 0):
            self.seen = now
        elif config.ping_interval is not None:
            pinged = seen < 0
            silent = ticks_diff(now, ~seen if pinged else seen) - int(config.ping_interval * 1000)
            if self.paused:
                # Nothing is read, so no PONG can be seen. But a peer that has gone does not take a PING: its system
                # refuses it, or ours gives up, and then hung_up() is called.
                if silent >= 0 and self.due is None and not self.backlog():
                    self.seen = now
                    self.write_urgent(_PING)
            elif silent >= 0 and not pinged:
                self.seen = ~seen
                self.write_urgent(_PING)
            elif config.pong_timeout is not None and silent >= int(config.pong_timeout * 1000):
                return self.drop()
        if self.part is not None:
            self.check_part(now)

    def hung_up(self) -> None:
        """The peer has gone. What it had sent is still there: a busy handler has linger_timeout to take it."""
        if not self.paused or self.phase != _OPEN:
            return self.drop()
        seconds = self.server.config.linger_timeout
        if self.due is None and seconds is not None:
            self.due = ticks_add(ticks(), int(seconds * 1000))

    def overdue(self) -> None:
        """The peer did not close, or the handler did not decide, in time."""
        self.due = None
        if self.phase == _CONNECTING:
            self.undecided()
        else:
            self.drop()

    def ended(self, value, error) -> None:
        """The handler has finished."""
        self.server.finished(self, value, error)
