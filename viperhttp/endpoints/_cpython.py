"""CPython: the way of ordinary messages, in, through the handler and out, with as few calls as can be.

What is special goes to the general functions of WsConnection and WebSocketBase. An echo of 16 bytes through these
takes 90 000 instructions, through the functions here 43 000, of which 30 000 are asyncio's own.
"""

from os import write as _os_write
from struct import Struct

from ..connection.sender import turn
from ..exceptions import WebSocketException
from ..protocol._cpython import unmasked
from ..protocol.codes import UNSUPPORTED_DATA
from ..protocol.frames import frame
from ..protocol.kernels import NAME, ST
from ..transport import DONE

_OPEN = 1  # connection.ws.OPEN
_TEXT = 0x81
_BINARY = 0x82
_SENT = 1  # transport.SENT
_BURST = 32  # as in sender.py

# By length of the payload, where that is in the second byte of the header: first two bytes, mask and payload of a
# masked frame; these two bytes of a text; a factor that repeats the mask's 32 bits; what cuts them to the length; a
# server's header.
SENT_IN_A_ROW = 4  # place in kernels.ST
_SMALL = 126
_SPLIT = [Struct("<HI%ds" % n).unpack_from for n in range(_SMALL)]
_START = [(128 + n) << 8 | _TEXT for n in range(_SMALL)]
_REPEAT = [sum(1 << 32 * i for i in range((n + 3) // 4)) for n in range(_SMALL)]
_CUT = [(1 << 8 * n) - 1 for n in range(_SMALL)]
_HEADER = [bytes((_TEXT, n)) for n in range(_SMALL)]
_LONG = 1 << 16  # payloads below have the length in two bytes behind the second
_long_header = Struct(">BBH").pack
_from_bytes = int.from_bytes


class FastPath:
    """Mixin that stands before WebSocketBase."""

    def feed(self, buf, off: int, end: int) -> None:
        """Bytes arrived. One short text, for which the handler waits, is dealt with here."""
        size = end - off - 6
        if 0 < size < _SMALL and self.phase == _OPEN and self.part is None and self.pending is None:
            start, mask, data = _SPLIT[size](buf, off)
            if start == _START[size] and size <= self.route.limit:
                mask *= _REPEAT[size]
                if size & 3:
                    mask &= _CUT[size]
                try:
                    self.pending = (_from_bytes(data, "little") ^ mask).to_bytes(size, "little").decode()
                except UnicodeDecodeError:
                    return self.feed_all(buf, off, end)
                self.seen = None
                ST[SENT_IN_A_ROW] = 0
                wait = self.waiter
                if wait is not None:
                    # Channel.wake(), without the calls
                    self.waiter = None
                    callback = wait.callback
                    wait.callback = None
                    wait.context.run(callback, wait)
                return
        self.feed_all(buf, off, end)

    def feed_all(self, buf, off: int, end: int) -> None:
        """Bytes arrived: whole messages are dealt with here, and answers to them go out together."""
        self.seen = None
        if self.phase == _OPEN and self.part is None and not self.paused:
            try:
                off = self._feed_messages(buf, off, end)
            finally:
                if self.corked is not None:
                    self.uncork()
        if off < end:
            self.feed_any(buf, off, end)

    def _feed_messages(self, buf, off: int, end: int) -> int:
        limit = self.route.limit
        while end - off > 6:
            size = buf[off + 1] - 128
            if 0 <= size < _SMALL:
                stop = off + 6 + size
                if stop > end or size > limit:
                    break
                first, mask, data = _SPLIT[size](buf, off)
                first &= 255
                mask *= _REPEAT[size]
                if size & 3:
                    mask &= _CUT[size]
                data = (_from_bytes(data, "little") ^ mask).to_bytes(size, "little")
            elif size == 126:
                size = buf[off + 2] << 8 | buf[off + 3]
                stop = off + 8 + size
                if size < 126 or stop > end or size > limit:
                    break
                first = buf[off]
                data = unmasked(buf[off + 8 : stop], buf[off + 4 : off + 8])
            else:
                break
            if first == _TEXT:
                try:
                    data = data.decode()
                except UnicodeDecodeError:
                    break
            elif first != _BINARY:
                break
            elif type(data) is not bytes:
                data = bytes(data)
            off = stop
            ST[SENT_IN_A_ROW] = 0
            if off < end and self.fd is not None:
                self.cork()
            if self.pending is None:
                self.pending = data
                self.wake()
            else:
                self._deliver(data)
            if self.phase != _OPEN or self.paused:
                break
        return off

    async def receive_text(self, timeout: "float | None" = None) -> str:
        """The next text message; see WebSocketBase.receive_text."""
        while self.pending is None:
            if self.phase != _OPEN:
                self.need_open()
            if timeout is not None:
                await self.nap(timeout)
                continue
            wait = self.wait
            if wait is None or self.waiter is not None:
                wait = self.park()
            else:
                self.waiter = wait
            await wait
        message = self.pending
        if type(message) is str:
            self.pending = None
            return message
        message = self.take()
        if type(message) is not str:
            raise WebSocketException(UNSUPPORTED_DATA, "expected text")
        return message

    def send_text(self, data: str):
        """Send a text message; see WebSocketBase.send_text."""
        if type(data) is not str or self.phase != _OPEN:
            return self.send_text_any(data)
        fd = self.fd
        if fd is None and self.corked is None:
            return self.send_text_any(data)
        payload = data.encode()
        n = len(payload)
        if n < _SMALL:
            whole = _HEADER[n] + payload
        elif n < _LONG:
            whole = _long_header(_TEXT, 126, n) + payload
        else:
            whole = frame(_TEXT, payload)
        if fd is None:
            n = self.hold(whole)
        else:
            try:
                n = _os_write(fd, whole)
            except OSError:
                n = 0
            n = _SENT if n == len(whole) else self.write_rest(whole, n)
        if n != _SENT:
            return self.after_write()
        ST[SENT_IN_A_ROW] = n = ST[SENT_IN_A_ROW] + 1
        return DONE if n < _BURST else turn()


if NAME == "pure":

    class FastPath:  # type: ignore[no-redef]
        """Without it the general functions do everything; tests run both."""


class Part:
    """Members of one kind."""

    version = rest = None  # for the other runtime

    def __init__(self, members: list):
        self.members = members

    def __len__(self):
        return len(self.members)


def send_text(part, text: str, exclude):
    """Send a text to the members of a Part but `exclude`; see send_frame."""
    return send_frame(part, frame(_TEXT, text.encode()), exclude)


def send_frame(part, data: bytes, exclude):
    """Send a ready frame to the members but `exclude`; return a list of those that could not take it, or are gone."""
    n = len(data)
    rest: list = []
    for ws in part.members:
        if ws is exclude:
            continue
        fd = ws.fd
        if fd is not None and ws.phase == _OPEN:
            try:
                sent = _os_write(fd, data)
            except OSError:
                sent = 0
            if sent == n or ws.write_rest(data, sent) >= 0:
                continue
        elif not ws.blocked and ws.phase == _OPEN and ws.write(data, n) >= 0:
            continue
        rest.append(ws)
    return rest
