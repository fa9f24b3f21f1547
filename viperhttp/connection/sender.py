"""The sending half of a WebSocket connection: one writer, a bounded queue, and senders that wait their turn."""

import asyncio

from ..config import MICROPYTHON, const
from ..protocol.frames import frame, header
from ..protocol.kernels import ST, pack
from ..transport import DONE, LOST, TX, Channel

_CONNECTING = const(0)  # connection.phases.CONNECTING
_OPEN = const(1)  # connection.phases.OPEN
_SENT = const(1)  # transport.SENT

DROPPED = -2  # what push() returns when the queue is full

# A handler that sends in a tight loop, to a client that reads as fast, would keep everything else waiting, its own
# client's CLOSE included: after so many messages with none received between, the event loop has to turn.
_BURST = const(32)
_ROW = const(4)  # place in kernels.ST


class WsSender(Channel):
    """Sends messages. WsConnection has `phase` and what else is needed."""

    phase = 0
    gate = None  # [lock, event, number of senders] while senders wait for room
    behind = None  # what rooms hold back while the peer is slower than they are (rooms.behind)

    def send_frame(self, byte0: int, data, n: int):
        """Send a message; return what to await. Raises WebSocketDisconnect when it is over.

        byte0  0x81 or 0x82 and `data` of n bytes, or 0x181 and a str of n characters
        """
        if self.phase != _OPEN:
            self.need_open()
        if self.out is None:
            if self._emit(byte0, data, n) == _SENT:
                return DONE if _one_more() else turn()
            return self.after_write()
        return self._enqueue(byte0 & 0xFF, _payload(data))

    if MICROPYTHON:

        def _emit(self, byte0: int, data, n: int) -> int:
            # Header and payload go out of one buffer by one write, and the text is not copied before.
            if n + 4 <= len(TX):
                n = pack(TX, byte0, data, n)
                if n:
                    return self.put(n)
            if byte0 & 0x100:
                data = memoryview(data)  # the UTF-8 of the str itself: MicroPython lets it be read, nothing is copied
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
        return self._wait_for_room(frame(byte0, data))

    def after_write(self):
        """What to await after a write that was not SENT."""
        if self.sock is None:
            raise self.ended_error()
        if self.backlog() > self.server.config.send_queue:
            return self._wait_for_room(None)
        return DONE

    def need_open(self) -> None:
        """Called where the connection should be open and is not: raise what fits."""
        if self.phase == _CONNECTING:
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

    async def _wait_for_room(self, data: "bytes | None") -> None:
        # Then `data` is sent.
        gate = self.gate
        if gate is None:
            gate = self.gate = [asyncio.Lock(), asyncio.Event(), 0]
        gate[2] += 1
        try:
            async with gate[0]:
                while self.sock is not None and self.phase == _OPEN and self.backlog():
                    gate[1].clear()
                    await gate[1].wait()
        finally:
            gate[2] -= 1
            if not gate[2]:
                self.gate = None
        if data is not None and self.phase != _OPEN:
            self.need_open()
        if self.sock is None or data is not None and self.write(data, len(data)) == LOST:
            raise self.ended_error()

    def drained(self) -> None:
        """The send queue is empty."""
        if self.gate is not None:
            self.gate[1].set()
        if self.behind is not None:
            self.behind.pull(self)

    def push(self, data: bytes) -> int:
        """Send a ready frame without waiting: SENT, QUEUED, DROPPED (the queue is full) or LOST."""
        if self.phase != _OPEN:
            return LOST
        if (self.out is not None or self.blocked) and not self._room(len(data)):
            return DROPPED
        return self.write(data, len(data))


def _payload(data) -> bytes:
    return data.encode() if isinstance(data, str) else data


def _one_more() -> bool:
    ST[_ROW] = n = ST[_ROW] + 1
    return n < _BURST


if MICROPYTHON:

    async def turn() -> None:
        """Let everything else run, then go on."""
        ST[_ROW] = 0
        await asyncio.sleep(0)

else:
    from ..transport.done import TURN

    def turn():
        """What to await so that everything else runs. Not a coroutine: who does not await it is not warned."""
        ST[_ROW] = 0
        return TURN
