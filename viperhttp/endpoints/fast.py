"""MicroPython: the way of an ordinary message, in, through the handler and out, with as few look-ups as can be.

What is special goes to the general functions of WsConnection and WebSocketBase. Measured on the unix port: a name
costs 100 to 300 instructions, more in a large class or module, whose tables MicroPython fills to the brim; so this
class and this module are small and stand first. Every frame here is within 11 words: a larger one is put on the heap
at each call (tests/protocol_properties checks that).
"""

from micropython import const

from ..connection.sender import turn
from ..exceptions import WebSocketException
from ..protocol.kernels import ST, pack, scan, text
from ..transport import buffers
from ..transport.buffers import TX
from ..transport.channel import DONE, resume
from ..transport.cork import CORK
from ..transport.hub import core

_INVALID_PAYLOAD = const(1007)  # codes.INVALID_PAYLOAD

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
        self.seen = None
        if self.phase == _OPEN and self.part is None:
            at = scan(buf, off, end, ST)
            if at:
                task = self.waiter
                if ST[2] == end and task is not None and task is self.task:
                    off = ST[0]
                    if off == 0x81:
                        self.pending = off = text(buf[at:end], ST[5])
                        if off is not None:
                            return task
                    elif off == 0x82:
                        self.pending = bytes(buf[at:end])
                        return task
                return self._frames(buf, at, end)
        self.feed_any(buf, off, end)

    def _frames(self, buf, at: int, end: int) -> None:
        # Several frames in one read, or no message for a handler that waits for it. scan() has found the first one.
        # This frame is on the heap, once for all of them.
        cork = CORK
        try:
            while True:
                off = ST[2]
                task = self.waiter
                if task is not None and task is self.task and ST[0] == 0x81:
                    message = text(buf[at:off], ST[5])
                    if message is None:
                        return self.fail(_INVALID_PAYLOAD, "text is not UTF-8")
                    if buf is buffers.RX:
                        cork.room = off
                        if self.out is None and off < end:
                            cork.put_in(self)
                    self.pending = message
                    self.waiter = task.data = None
                    core.cur_task = task
                    try:
                        task.coro.send(None)
                    except BaseException as error:
                        core.cur_task = None
                        self.over(task, error)
                else:
                    self.whole_frame(buf, at, off)
                    if self.paused:
                        break
                if off == end:
                    return
                if self.phase != _OPEN:
                    break
                at = scan(buf, off, end, ST)
                if not at:
                    break
            self.feed_any(buf, off, end)
        finally:
            if self.out is cork:
                cork.pull_out(self)

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

    def receive_text(self, timeout: "float | None" = None):
        """The next text message; see WebSocketBase.receive_text.

        A generator, which MicroPython awaits like a coroutine: its bare `yield` needs no object to wait for.
        """
        while self.pending is None:
            if self.phase != _OPEN:
                self.need_open()
            if timeout is not None:
                yield from self.nap(timeout)
            else:
                if self.waiter is not None:
                    self.park()
                # One more name would make the generator a block larger.
                self.waiter = timeout = core.cur_task
                timeout.data = self
                timeout = None
                yield
        timeout = self.pending
        if _type(timeout) is not _str:
            timeout = self.take()
            if _type(timeout) is not _str:
                raise WebSocketException(_UNSUPPORTED, "expected text")
            return timeout
        self.pending = None
        return timeout

    def send_text(self, data: str):
        """Send a text message; see WebSocketBase.send_text."""
        if self.out is None:
            if self.phase == _OPEN and _type(data) is _str:
                n = _len(data)
                if n < _SMALL or n + 4 <= _len(TX):
                    n = pack(TX, 0x181, data, n)
                    if n:
                        data = _write(self.sock, n)
                        if data == n:
                            ST[4] = n = ST[4] + 1
                            return DONE if n < _BURST else turn()
                        if data == -1:
                            self.lost_in_put()
                        else:
                            self.put_rest(n - (data or 0))
                        return self.after_write()
        elif self.out is CORK and self.phase == _OPEN and _type(data) is _str and _gathered(CORK, data):
            return DONE
        return self.send_text_any(data)


def _write(sock, n: int):
    # Of TX, n bytes: how many went, None when none can, -1 when the connection is gone. (A `try` in send_text would
    # make its frame too large for the stack.)
    try:
        return sock.write(TX, n)
    except OSError:
        return -1


def _gathered(cork, data) -> bool:
    # An ASCII text that fits behind the others.
    n = _len(data)
    k = cork.size
    if n + k + 4 > cork.room:
        return False
    n = pack(buffers.RX, k << 9 | 0x181, data, n)
    cork.size = k + n
    return n > 0
