"""Frames that kernels.scan() leaves alone: those that come in pieces, and those that break the rules.

A board loads it when the first of them comes.
"""

from ..config import const
from ..exceptions import ProtocolError
from .kernels import unmask, utf8

_TEXT = const(1)  # codes.TEXT
_BINARY = const(2)  # codes.BINARY
_CLOSE = const(8)  # codes.CLOSE
_FIN = const(0x80)  # codes.FIN
_PROTOCOL_ERROR = const(1002)  # codes.PROTOCOL_ERROR
_INVALID_PAYLOAD = const(1007)  # codes.INVALID_PAYLOAD
_TOO_BIG = const(1009)  # codes.TOO_BIG
_MAX_CONTROL = const(125)  # codes.MAX_CONTROL
_HEADER = const(14)  # longest frame header


class Assembly:
    """A frame or message of which only a part has come, and every frame that scan() leaves alone.

    limit  largest message in bytes; a longer one is refused when its header is read, before memory is taken

    `feed` reads one frame at a time. When it has completed a message or a control frame, `opcode` says which
    and `payload` holds it (a bytearray or memoryview for TEXT and BINARY; bytes for CLOSE, PING, PONG).
    """

    def __init__(self, limit: int):
        self.limit = limit
        self.header = b""  # header bytes of the frame under way, until it is complete
        self.left = -1  # payload bytes to come; -1: the header is not complete
        self.byte0 = 0
        self.mask = b""
        self.message = 0  # opcode of the message under way
        self.data = None  # its bytes
        self.filled = 0  # how many of them are there
        self.control = None  # payload of the control frame under way
        self.text = 0  # state of utf8()
        self.opcode = 0
        self.payload = None
        self.at = 0  # where a Skipper goes on when feed() raises: at the header, or at the payload
        self.since = None  # tick of the caller's clock, for its deadline

    def idle(self) -> bool:
        """Nothing is under way."""
        return not self.message and self.left < 0 and not self.header

    def skipper(self) -> "Skipper":
        """What reads on from `at` after an error."""
        return Skipper(max(self.left, 0), self.header)

    def feed(self, buf, off: int, end: int) -> int:
        """Take bytes of buf[off:end] up to the end of one frame; return the offset behind them.

        buf  a bytearray or memoryview; it is unmasked in place
        Raises ProtocolError with the close code.
        """
        self.opcode = 0
        self.at = off
        if self.left < 0:
            off = self._read_header(buf, off, end)
            if self.left < 0:
                return off
            self.at = off
        n = min(self.left, end - off)
        if n:
            doubt = unmask(buf, off, n, self.mask) != 0
            if n & 3:
                self.mask = self.mask[n & 3 :] + self.mask[: n & 3]
            if self.control is not None:
                self.control += bytes(buf[off : off + n])
            else:
                self._check(buf, off, n, doubt)
                at = self.filled
                self.data[at : at + n] = memoryview(buf)[off : off + n]
                self.filled = at + n
            self.left -= n
            self.at = off + n
        if not self.left:
            self._frame_done()
        return off + n

    def room(self) -> "memoryview | None":
        """Where the payload of a message's frame may be read into directly; took() says how much came. Else None."""
        if self.left <= 0 or self.control is not None:
            return None
        return memoryview(self.data)[self.filled : self.filled + self.left]

    def took(self, n: int) -> None:
        """`n` bytes were read into room(). Raises ProtocolError."""
        self.opcode = 0
        self.left -= n
        at = self.filled
        doubt = unmask(self.data, at, n, self.mask) != 0
        if n & 3:
            self.mask = self.mask[n & 3 :] + self.mask[: n & 3]
        self._check(self.data, at, n, doubt)
        self.filled = at + n
        if not self.left:
            self._frame_done()

    def _read_header(self, buf, off: int, end: int) -> int:
        had = len(self.header)
        head = self.header + bytes(buf[off : min(end, off + _HEADER - had)])
        size = _header_size(head)
        if len(head) >= 1:
            self._check_first(head[0])
        if len(head) >= 2:
            self._check_second(head[0], head[1])
        if not size or len(head) < size:
            self.header = head
            return off + len(head) - had
        length = _payload_length(head)
        self.byte0 = head[0]
        if head[0] & 8:
            self.control = b""
        else:
            self._start_data(head[0] & 15, length)
        self.header = b""
        self.mask = head[size - 4 : size]
        self.left = length
        return off + size - had

    def _check_first(self, byte0: int) -> None:
        opcode = byte0 & 15
        if byte0 & 0x70:
            raise ProtocolError(_PROTOCOL_ERROR, "reserved bit set")
        if opcode & 8:
            if opcode > 10:
                raise ProtocolError(_PROTOCOL_ERROR, "reserved opcode %d" % opcode)
            if not byte0 & _FIN:
                raise ProtocolError(_PROTOCOL_ERROR, "fragmented control frame")
        elif opcode > _BINARY:
            raise ProtocolError(_PROTOCOL_ERROR, "reserved opcode %d" % opcode)
        elif not opcode and not self.message:
            raise ProtocolError(_PROTOCOL_ERROR, "continuation of nothing")
        elif opcode and self.message:
            raise ProtocolError(_PROTOCOL_ERROR, "new message inside a fragmented one")

    def _check_second(self, byte0: int, byte1: int) -> None:
        if not byte1 & 0x80:
            raise ProtocolError(_PROTOCOL_ERROR, "client frame without mask")
        if byte0 & 8 and byte1 & 0x7F > _MAX_CONTROL:
            raise ProtocolError(_PROTOCOL_ERROR, "control frame longer than 125 bytes")

    def _start_data(self, opcode: int, length: int) -> None:
        total = self.filled + length
        if total > self.limit:
            raise ProtocolError(_TOO_BIG, "message longer than %d bytes" % self.limit)
        try:
            if self.data is None:
                self.data = bytearray(length)
            elif total > len(self.data):
                self._grow(total)
        except MemoryError:
            raise ProtocolError(_TOO_BIG, "no memory for the message")
        if opcode:
            self.message = opcode
            self.text = 0

    def _grow(self, total: int) -> None:
        # Twice as much at a time: a message of many fragments is copied a few times, not once for each.
        data = bytearray(min(self.limit, max(total, 2 * len(self.data))))
        data[: self.filled] = memoryview(self.data)[: self.filled]
        self.data = data

    def _check(self, buf, off: int, n: int, doubt: bool) -> None:
        # `doubt`: the bytes are not known to be ASCII.
        if self.message == _TEXT and (doubt or self.text):
            self.text = utf8(buf, off, n, self.text)
            if self.text < 0:
                raise ProtocolError(_INVALID_PAYLOAD, "text is not UTF-8")

    def _frame_done(self) -> None:
        self.left = -1
        if self.control is not None:
            self.opcode = self.byte0 & 15
            self.payload = self.control
            self.control = None
            return
        if not self.byte0 & _FIN:
            return
        if self.message == _TEXT and self.text:
            raise ProtocolError(_INVALID_PAYLOAD, "text ends inside a character")
        self.opcode = self.message
        self.payload = self.data if self.filled == len(self.data) else memoryview(self.data)[: self.filled]
        self.message = 0
        self.data = None
        self.filled = 0


def _header_size(head: bytes) -> int:
    if len(head) < 2:
        return 0
    length = head[1] & 0x7F
    return 6 if length < 126 else 8 if length == 126 else 14


def _payload_length(head: bytes) -> int:
    length = head[1] & 0x7F
    if length == 126:
        length = head[2] << 8 | head[3]
        if length < 126:
            raise ProtocolError(_PROTOCOL_ERROR, "length not in its shortest form")
    elif length == 127:
        if head[2] & 0x80:
            raise ProtocolError(_PROTOCOL_ERROR, "length with the top bit set")
        length = int.from_bytes(head[2:10], "big")
        if length < 65536:
            raise ProtocolError(_PROTOCOL_ERROR, "length not in its shortest form")
    return length


class Skipper:
    """Finds the peer's CLOSE behind a frame that broke the protocol, without judging anything.

    left    payload bytes of the broken frame that are still to come
    header  bytes of the broken header that have come already
    """

    def __init__(self, left: int = 0, header: bytes = b""):
        self.left = left
        self.header = header
        self.found = False

    def feed(self, buf, off: int, end: int) -> bool:
        """True when buf[off:end] reaches the end of a CLOSE frame."""
        while off < end:
            if self.left:
                n = min(self.left, end - off)
                off += n
                self.left -= n
                if self.found and not self.left:
                    return True
                continue
            self.header += bytes(buf[off : off + 1])
            off += 1
            head = self.header
            if len(head) < 2:
                continue
            size = _header_size(head) - (0 if head[1] & 0x80 else 4)
            if len(head) < size:
                continue
            length = head[1] & 0x7F
            if length > 125:
                length = int.from_bytes(head[2 : 4 if length == 126 else 10], "big")
            self.left = length
            self.header = b""
            self.found = head[0] & 15 == _CLOSE
            if self.found and not length:
                return True
        return False
