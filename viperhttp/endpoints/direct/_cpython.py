"""CPython: the way of a message that goes to a function or on to somebody else. See __init__.py."""

from os import write as _os_write

from ...connection.ws import WsConnection
from ...protocol._cpython import unmasked
from ...protocol.frames import frame
from ...protocol.kernels import NAME, ST
from .._cpython import _CUT, _REPEAT, _SMALL, _SPLIT, _from_bytes

_OPEN = 1  # connection.ws.OPEN
SENT_IN_A_ROW = 4  # place in kernels.ST
_TEXT = 0x81
_BINARY = 0x82

# By length: a server's header, of a text and of a binary message.
_TEXT_HEADER = [bytes((_TEXT, n)) for n in range(_SMALL)]
_BINARY_HEADER = [bytes((_BINARY, n)) for n in range(_SMALL)]


def behind(ws) -> bool:
    """Whether something waits for the peer."""
    return ws.blocked


def hand(ws, message):
    """ws.call(message); return the exception that it raised, or None."""
    try:
        ws.call(message)
    except Exception as error:
        return error


def hand_view(ws, view, is_text):
    """The same for a function that takes views."""
    try:
        ws.call[0](view, is_text)
    except Exception as error:
        return error


class DirectPath(WsConnection):
    """Methods that WebSocketBase gets."""

    def direct_feed(self):
        """What this connection's bytes go to."""
        if NAME == "pure":
            return self.feed_plain
        if self.call is True:
            return self.feed_echo
        return self.feed_many if type(self.call) is tuple or not callable(self.call) else self.feed_each

    def set_feed(self, feed) -> None:
        """Let buffer_updated() call it."""
        self.feed = feed  # type: ignore[method-assign]

    def unset_feed(self) -> None:
        """Let it call what the class has."""
        del self.feed

    def feed_plain(self, buf, off: int, end: int) -> None:
        """By the general functions only."""
        self.seen = None
        self.feed_any(buf, off, end)

    def feed_each(self, buf, off: int, end: int) -> None:
        """Bytes arrived: one short text or binary message for a function is dealt with here."""
        size = end - off - 6
        if 0 < size < _SMALL and self.phase == _OPEN and self.part is None and size <= self.route.limit:
            start, mask, data = _SPLIT[size](buf, off)
            if start >> 8 == 128 + size and 0 < start & 255 ^ 0x80 < 3:
                mask *= _REPEAT[size]
                if size & 3:
                    mask &= _CUT[size]
                data = (_from_bytes(data, "little") ^ mask).to_bytes(size, "little")
                if start & 1:
                    try:
                        data = data.decode()
                    except UnicodeDecodeError:
                        return self.feed_many(buf, off, end)
                self.seen = None
                ST[SENT_IN_A_ROW] = 0
                try:
                    self.call(data)
                except Exception as error:
                    self.faulty(error)
                if self.blocked:
                    self.hold_reading(self)
                return
        self.feed_many(buf, off, end)

    def feed_echo(self, buf, off: int, end: int) -> None:
        """Bytes arrived: one short message goes back to the peer."""
        size = end - off - 6
        fd = self.fd
        if 0 < size < _SMALL and fd is not None and self.phase == _OPEN and self.part is None:
            start, mask, data = _SPLIT[size](buf, off)
            if start >> 8 == 128 + size and 0 < start & 255 ^ 0x80 < 3 and size <= self.route.limit:
                mask *= _REPEAT[size]
                if size & 3:
                    mask &= _CUT[size]
                data = (_from_bytes(data, "little") ^ mask).to_bytes(size, "little")
                if not start & 1:
                    data = _BINARY_HEADER[size] + data
                elif data.isascii() or _is_utf8(data):
                    data = _TEXT_HEADER[size] + data
                else:
                    return self.feed_many(buf, off, end)
                self.seen = None
                ST[SENT_IN_A_ROW] = 0
                try:
                    n = _os_write(fd, data)
                except OSError:
                    n = 0
                if n != size + 2:
                    self.write_rest(data, n)
                    if self.blocked:
                        self.hold_reading(self)
                return
        self.feed_many(buf, off, end)

    def feed_many(self, buf, off: int, end: int) -> None:
        """Bytes arrived: whole messages are dealt with here, and answers to them go out together."""
        self.seen = None
        if self.phase == _OPEN and self.part is None and not self.paused:
            try:
                off = self._direct_messages(buf, off, end)
            finally:
                if self.corked is not None:
                    self.uncork()
            if self.blocked:
                self.hold_reading(self)
        if off < end:
            self.feed_any(buf, off, end)

    def _direct_messages(self, buf, off: int, end: int) -> int:
        limit = self.route.limit
        while end - off > 5:
            size = buf[off + 1] - 128
            at = off + 6
            if 0 <= size < _SMALL:
                stop = at + size
                if stop > end or size > limit:
                    break
                first, mask, data = _SPLIT[size](buf, off)
                first &= 255
                mask *= _REPEAT[size]
                if size & 3:
                    mask &= _CUT[size]
                data = (_from_bytes(data, "little") ^ mask).to_bytes(size, "little")
            elif size == 126:
                at += 2
                size = buf[off + 2] << 8 | buf[off + 3]
                stop = at + size
                if size < 126 or stop > end or size > limit:
                    break
                first = buf[off]
                data = unmasked(buf[at:stop], bytes(buf[at - 4 : at]))
            else:
                break
            if first == _TEXT:
                if not data.isascii() and not _is_utf8(data):
                    break
            elif first != _BINARY:
                break
            off = stop
            ST[SENT_IN_A_ROW] = 0
            if off < end and self.fd is not None:
                self.cork()
            self._onward(first, data)
            if self.blocked:
                self.hold_reading(self)
            if self.phase != _OPEN or self.paused:
                break
        return off

    def _onward(self, first: int, data) -> None:
        # A message: bytes, or a bytearray that nobody else has.
        call = self.call
        if type(call) is tuple:
            error = hand_view(self, memoryview(data), first == _TEXT)
        elif call is True or hasattr(call, "phase"):
            return self._pass_on(self if call is True else call, first, data)
        elif hasattr(call, "pass_frame"):
            call.publish(data.decode() if first == _TEXT else bytes(data))
            return
        else:
            error = hand(self, data.decode() if first == _TEXT else bytes(data))
        if error is not None:
            self.faulty(error)

    def _pass_on(self, to, first: int, data) -> None:
        if to.phase == _OPEN:
            data = frame(first, data)
            if to.write(data, len(data)) >= 0:
                if to is not self and to.blocked:
                    self.hold_reading(to)
                return
        if to is not self:
            self.faulty(to.ended_error())


def _is_utf8(data) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
