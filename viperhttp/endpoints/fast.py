"""MicroPython: the way of an ordinary message, in, through the handler and out, with as few look-ups as can be.

What is special goes to the general functions of WsConnection and WebSocketBase. Measured on the unix port: a name
costs 100 to 300 instructions, more in a large class or module, whose tables MicroPython fills to the brim; so this
class and this module are small and stand first. Every frame here is within 11 words: a larger one is put on the heap
at each call (tests/protocol_properties checks that).
"""

from asyncio import core

from micropython import const

from ..connection.sender import turn
from ..exceptions import WebSocketException
from ..protocol.frames import ST
from ..protocol.kernels import pack, scan
from ..transport.buffers import TX
from ..transport.channel import DONE, SUSPEND, resume

_OPEN = const(1)  # connection.ws.OPEN
_SMALL = const(126)  # payloads below have the shortest header, and fit in TX whatever its size
_UNSUPPORTED = const(1003)
_BURST = const(32)  # as in sender.py

_str = str
_len = len
_type = type


class FastPath:
    """Mixin that stands before WebSocketBase."""

    def feed(self, buf, off: int, end: int) -> None:
        """Bytes arrived: whole frames are dealt with here."""
        if self.feed_first(buf, off, end) is not None:
            self.wake()

    def feed_first(self, buf, off: int, end: int):
        """feed() for the hub: the last thing to do, to let the handler's task go on, is left to it."""
        self.fresh = True
        if self.phase == _OPEN and self.part is None:
            while True:
                at = scan(buf, off, end, ST)
                if not at:
                    break
                off = ST[2]
                if ST[0] == 0x81:
                    if self._ready_text(buf, at, off):
                        if off == end:
                            return self.waiter
                        self.wake()
                else:
                    self._other(buf, at, off)
                if off == end:
                    return None
                if self.phase != _OPEN or self.paused:
                    break
        self.feed_any(buf, off, end)

    def _ready_text(self, buf, at: int, n: int) -> bool:
        # True: the message is there for the handler, which waits and can be resumed on the spot.
        buf = buf[at:n]
        n -= at
        text = _decode(buf)
        # As many characters as bytes: ASCII, whatever MicroPython's decoder accepts; scan() may have seen it already.
        if self.waiter is None or text is None or n > self.route.limit or ST[5] and _len(text) != n:
            return self.text_any(buf, n, text)
        self.pending = text
        if self.waiter is self.task:
            return True
        self.wake()

    def wake(self) -> None:
        """Resume the task that parked; see Channel.wake."""
        task = self.waiter
        if task is self.task and task is not None:
            self.waiter = task.data = None
            core.cur_task = task
            error = resume(task)
            if error is not None:
                core.cur_task = None  # see _stepper in channel.py
                self.over(task, error)
        else:
            self.wake_later()

    async def receive_text(self, timeout: "float | None" = None) -> str:
        """The next text message; see WebSocketBase.receive_text."""
        while self.pending is None:
            if self.phase != _OPEN:
                self.need_open()
            if timeout is not None:
                await self.nap(timeout)
            else:
                if self.waiter is not None:
                    self.park()
                self.waiter = task = core.cur_task
                task.data = self
                await SUSPEND
        message = self.pending
        self.pending = None
        if self.inbox is not None:
            self.refill()
        if _type(message) is not _str:
            raise WebSocketException(_UNSUPPORTED, "expected text")
        return message

    def send_text(self, data: str):
        """Send a text message; see WebSocketBase.send_text."""
        if self.out is None and self.phase == _OPEN and _type(data) is _str:
            n = _len(data)
            if n < _SMALL or n + 4 <= _len(TX):
                n = pack(TX, 0x181, data, n)
                if n and self.put(n) > 0:
                    st = ST
                    st[4] = n = st[4] + 1
                    return DONE if n < _BURST else turn()
                if n:
                    return self.after_write()
        return self.send_text_any(data)

    def put(self, k: int) -> int:
        """Send the frame in TX, `k` bytes, when nothing waits: SENT, QUEUED or LOST."""
        try:
            k -= self.sock.write(TX, k) or 0
        except OSError:
            return self.lost_in_put()
        return 1 if not k else self.put_rest(k)


def _decode(view):
    try:
        return _str(view, "utf-8")
    except UnicodeError:
        return None


def send_all(members, data: bytes) -> tuple:
    """(how many members the frame `data` reached, [(member, result)] of the others or None)."""
    n = _len(data)
    reached = 0
    failed = None
    for ws in members:
        if ws.out is not None or ws.phase != _OPEN:
            result = ws.push(data)
        else:
            try:
                result = ws.sock.write(data)
            except OSError:
                result = ws.lost_in_put()
            else:
                if result == n:
                    reached += 1
                    continue
                result = ws.wait_with(data, result or 0)
        if result >= 0:
            reached += 1
        else:
            failed = failed or []
            failed.append((ws, result))
    return reached, failed
