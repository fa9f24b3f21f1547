"""One WebSocket connection after the handshake: frames in and out, heartbeat, bounded queues, both ways of closing."""

import asyncio

from ..config import MICROPYTHON, const
from ..exceptions import ProtocolError, WebSocketDisconnect
from ..protocol import response
from ..protocol.codes import (
    ABNORMAL,
    BINARY,
    CLOSE,
    INVALID_PAYLOAD,
    PING,
    POLICY_VIOLATION,
    TEXT,
    TOO_BIG,
)
from ..protocol.frames import BYTE0, LIMIT, NEXT, ST, Assembly, Skipper, close_payload, frame, header, parse_close
from ..protocol.kernels import NAME, pack, scan, utf8
from ..transport import DONE, LOST, TX, Channel, ticks, ticks_add, ticks_diff

# Phases. CONNECTING: nothing answered yet. CLOSING: our CLOSE is out, or will be; the peer's is awaited.
CONNECTING, OPEN, CLOSING, CLOSED = range(4)
_OPEN = const(1)
_SENT = const(1)  # transport.SENT

DROPPED = -2  # what push() returns when the queue is full

_OVERHEAD = 32  # of a waiting message besides its bytes: object header and list slot
_FAIL_WAIT = 1000  # ms for the answer to our CLOSE after the peer broke the protocol
_PING = b"\x89\x00"
ST[LIMIT] = 0x7FFFFFFF  # each route's own limit is looked at later
_LENIENT_STR = NAME != "cpython"  # MicroPython's str() takes text that is not UTF-8; see kernels.py


class WsConnection(Channel):
    """Decodes frames, answers control frames even while the handler is busy, and keeps the deadlines.

    Messages wait in `pending` (the next one) and `inbox` (the others) until the handler takes them; when they hold
    more than config.recv_queue bytes, reading pauses. Nothing is dropped.
    """

    phase = CONNECTING
    route = None  # has `limit`, the largest message
    part = None  # Assembly or Skipper while a frame or message is incomplete
    pending = None
    inbox = None
    held = 0  # bytes in inbox
    left = None  # raw bytes that wait until there is room, or until accept()
    seen = 0  # tick of the last sign of life
    pinged = False
    gate = None  # (lock, event) while senders wait for room
    close_code = None
    close_reason = None
    by_peer = False  # the peer closed, or vanished
    kind = "ws"
    counted = False

    # ---- receiving -------------------------------------------------------

    # The functions on a message's way keep their frames within 11 words: MicroPython puts a larger one on the heap
    # at each call.

    def feed(self, buf, off: int, end: int) -> None:
        """Bytes arrived."""
        self.fresh = True
        while self.phase == _OPEN and not self.paused:
            if off >= end:
                return
            if self.part is None:
                off = self._frame(buf, off, end)
            else:
                off = self._feed_part(buf, off, end)
        self._feed_other(buf, off, end)

    def _frame(self, buf, off: int, end: int) -> int:
        at = scan(buf, off, end, ST)
        if not at:
            self.part = Assembly(self.route.limit)
            return off
        off = ST[NEXT]
        if ST[BYTE0] == 0x81:
            self._text(buf, at, off)
        else:
            self._other(buf, at, off)
        return off

    def _text(self, buf, at: int, end: int) -> None:
        if end - at > 125 and end - at > self.route.limit:
            return self.fail(TOO_BIG, "message longer than %d bytes" % self.route.limit)
        try:
            text = str(buf[at:end], "utf-8")
        except UnicodeError:
            return self.fail(INVALID_PAYLOAD, "text is not UTF-8")
        # As many characters as bytes: ASCII, whatever the decoder accepts.
        if len(text) != end - at and _LENIENT_STR and utf8(buf, at, end - at, 0):
            return self.fail(INVALID_PAYLOAD, "text is not UTF-8")
        self._deliver(text)

    def _other(self, buf, at: int, end: int) -> None:
        if ST[BYTE0] != 0x82:
            return self._control(ST[BYTE0] & 15, bytes(buf[at:end]))
        if end - at > self.route.limit:
            return self.fail(TOO_BIG, "message longer than %d bytes" % self.route.limit)
        self._deliver(bytes(buf[at:end]))

    def _feed_part(self, buf, off: int, end: int) -> int:
        part = self.part
        try:
            off = part.feed(buf, off, end)
            opcode = part.opcode
            if opcode:
                payload = part.payload
                part.payload = None
                if part.idle():
                    self.part = None
                if opcode == TEXT:
                    self._deliver(str(payload, "utf-8"))
                elif opcode == BINARY:
                    self._deliver(bytes(payload))
                else:
                    self._control(opcode, payload)
        except ProtocolError as error:
            off = part.at
            self.part = part
            self.fail(error.code, error.reason)
        except MemoryError:
            self.part = part
            self.fail(1009, "no memory for the message")
            off = part.at
        return off

    def _feed_other(self, buf, off: int, end: int) -> None:
        # Not open, or no room: keep, skip or forget the bytes.
        if off >= end:
            return
        if self.phase == CLOSING:
            if self.part is None:
                self.part = Skipper()
            if self.part.feed(buf, off, end):
                self.phase = CLOSED
                self.close_when_sent()
        elif self.phase != CLOSED:
            self.left = (self.left or b"") + bytes(buf[off:end])
            if len(self.left) >= self.server.config.rx_buffer:
                self.pause()

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.write_urgent(frame(0x8A, payload), True)
        elif opcode == CLOSE:
            try:
                code, reason = parse_close(payload)
            except ProtocolError as error:
                self.fail(error.code, error.reason)
                self.phase = CLOSED
                self.close_when_sent()
                return
            self._peer_closed(code, reason)

    def _peer_closed(self, code: int, reason: str) -> None:
        self.close_code = code
        self.close_reason = reason
        self.by_peer = True
        self.phase = CLOSED
        # The answer must not wait behind data that the peer will not look at any more.
        if self.out is not None:
            self.out.drop_data()
        self.write_urgent(frame(0x88, close_payload(code)))
        self._release_senders()
        self.close_when_sent()
        self.wake()

    def _deliver(self, message) -> None:
        if self.pending is None:
            self.pending = message
            if self.waiter is not None:
                self.wake()
            return
        if self.inbox is None:
            self.inbox = []
        self.inbox.append(message)
        self.held += len(message) + _OVERHEAD
        if self.held > self.server.config.recv_queue:
            self.pause()

    def _refill(self) -> None:
        # The next message moves up; there may be room to read again.
        message = self.pending = self.inbox.pop(0)
        self.held -= len(message) + _OVERHEAD
        if not self.inbox:
            self.inbox = None
        if self.paused and self.held * 2 <= self.server.config.recv_queue:
            self.read_on()

    def read_on(self) -> None:
        """Go on reading, first what was put aside."""
        left = self.left
        self.left = None
        self.resume()
        if left is not None:
            self.feed(memoryview(bytearray(left)), 0, len(left))

    def ended_error(self) -> WebSocketDisconnect:
        """What receive and send raise once the connection is over."""
        return WebSocketDisconnect(self.close_code or ABNORMAL, self.close_reason or "")

    # ---- sending ---------------------------------------------------------

    def send_frame(self, byte0: int, data, n: int):
        """Send a message; return what to await. Raises WebSocketDisconnect when it is over.

        byte0  0x81 or 0x82 and `data` of n bytes, or 0x181 and a str of n characters
        """
        if self.phase != _OPEN:
            self.need_open()
        if self.out is None:
            if self._emit(byte0, data, n) == _SENT:
                return DONE
            return self._after_write()
        return self._enqueue(byte0 & 0xFF, _payload(data))

    if MICROPYTHON:

        def _emit(self, byte0: int, data, n: int) -> int:
            # Header and payload go out of one buffer by one write, and the text is not copied before.
            if n + 4 <= len(TX):
                n = pack(TX, byte0, data, n)
                if n:
                    return self.put(n)
            data = _payload(data)
            return self.write_framed(header(TX, byte0 & 0xFF, len(data)), data, len(data))

    else:

        def _emit(self, byte0: int, data, n: int) -> int:
            data = frame(byte0 & 0xFF, _payload(data))
            return self.write(data, len(data))

    def _enqueue(self, byte0: int, data: bytes):
        if self._room(len(data)):
            data = frame(byte0, data)
            self.write(data, len(data))
            return DONE
        return self._send_later(frame(byte0, data))

    def _after_write(self):
        if self.sock is None:
            raise self.ended_error()
        if self.backlog() > self.server.config.send_queue:
            return self._wait_for_room(0)
        return DONE

    def need_open(self) -> None:
        """Called where the connection should be open and is not: raise what fits."""
        if self.phase == CONNECTING:
            raise RuntimeError("the WebSocket is not accepted yet: call `await ws.accept()` first")
        raise self.ended_error()

    def _room(self, n: int) -> bool:
        backlog = self.backlog()
        if not backlog:
            return True
        if self.gate is not None:
            return False  # those who wait go first
        config = self.server.config
        if self.out is not None and len(self.out.items) >= config.send_queue_messages:
            return False
        return backlog + n <= config.send_queue

    async def _send_later(self, data: bytes) -> None:
        await self._wait_for_room(len(data))
        if self.phase != OPEN:
            self.need_open()
        if self.write(data, len(data)) == LOST:
            raise self.ended_error()

    async def _wait_for_room(self, n: int) -> None:
        gate = self.gate
        if gate is None:
            gate = self.gate = [asyncio.Lock(), asyncio.Event(), 0]
        gate[2] += 1
        try:
            async with gate[0]:
                while self.sock is not None and self.phase == OPEN and self.backlog():
                    gate[1].clear()
                    await gate[1].wait()
        finally:
            gate[2] -= 1
            if not gate[2]:
                self.gate = None
        if self.sock is None:
            raise self.ended_error()

    def drained(self) -> None:
        """The send queue is empty."""
        if self.gate is not None:
            self.gate[1].set()

    def push(self, data: bytes) -> int:
        """Send a ready frame without waiting: SENT, QUEUED, DROPPED (the queue is full) or LOST."""
        if self.phase != OPEN:
            return LOST
        if (self.out is not None or self.blocked) and not self._room(len(data)):
            return DROPPED
        return self.write(data, len(data))

    # ---- opening and closing ---------------------------------------------

    def open(self, answer: bytes) -> None:
        """Send the 101 answer; frames may flow. Raises WebSocketDisconnect when the peer has gone."""
        self.phase = OPEN
        self.due = None
        self.seen = ticks()
        if self.write(answer, len(answer)) == LOST:
            raise self.ended_error()
        if self.left is not None:
            self.read_on()  # what came glued to the handshake

    def refuse(self, status: int, headers, body: bytes) -> None:
        """Answer the handshake with a plain HTTP response."""
        self.phase = CLOSED
        self.due = None
        data = response.head(status, headers, len(body), False) + body
        self.write(data, len(data))
        self.close_when_sent()

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
        if self.phase != OPEN:
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
        self.phase = CLOSING
        self.pending = self.inbox = None
        self.held = 0
        part = self.part
        self.part = part.skipper() if part is not None else None
        self._release_senders()

    def _release_senders(self) -> None:
        # No more messages go out: let those go who wait for room.
        if self.gate is not None:
            self.gate[1].set()

    def lost(self) -> None:
        """The socket is closed."""
        if self.close_code is None:
            self.close_code = ABNORMAL
            self.close_reason = ""
            self.by_peer = True
        self.phase = CLOSED
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
        if self.phase != OPEN:
            return
        config = self.server.config
        if self.fresh or self.paused:
            self.fresh = self.pinged = False
            self.seen = now
        elif config.ping_interval is not None:
            silent = ticks_diff(now, self.seen) - int(config.ping_interval * 1000)
            if silent >= 0 and not self.pinged:
                self.pinged = True
                self.write_urgent(_PING)
            elif config.pong_timeout is not None and silent >= int(config.pong_timeout * 1000):
                return self.drop()
        part = self.part
        if part is not None and config.message_timeout is not None:
            if part.since is None:
                part.since = now
            elif ticks_diff(now, part.since) >= int(config.message_timeout * 1000):
                self.fail(POLICY_VIOLATION, "the message did not arrive in time")

    def overdue(self) -> None:
        """The peer did not close, or the handler did not decide, in time."""
        self.due = None
        if self.phase == CONNECTING:
            self.close_code = ABNORMAL
            self.refuse(504, [], b"")
            self.wake_later()
        else:
            self.drop()

    def ended(self, value, error) -> None:
        """The handler has finished."""
        self.server.finished(self, value, error)


def _payload(data) -> bytes:
    return data.encode() if isinstance(data, str) else data
