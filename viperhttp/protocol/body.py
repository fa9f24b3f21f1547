"""Bodies of requests: how long one is, and cutting it out of the stream."""

from ..exceptions import ProtocolError
from .http1 import DIGITS, TOKEN, Head
from .kernels import visible

_MAX_CHUNK_LINE = 256  # chunk size and extensions; the extensions are ignored
_MAX_SIZE_DIGITS = 9


def body_length(head: Head) -> int:
    """Bytes of the body, 0 without one, -1 when it is chunked. Raises ProtocolError."""
    lengths = head.all("content-length")
    codings = head.all("transfer-encoding")
    if codings:
        # Both at once is how requests are smuggled (RFC 9112 section 6.1).
        if lengths:
            raise ProtocolError(400, "Content-Length together with Transfer-Encoding")
        if not head.version:
            raise ProtocolError(400, "Transfer-Encoding in HTTP/1.0")
        names = [name.strip().lower() for name in ",".join(codings).split(",")]
        # Where the body ends can only be known when chunked comes last, and once (section 6.3).
        if names[-1] != "chunked" or "chunked" in names[:-1]:
            raise ProtocolError(400, "Transfer-Encoding that does not end in chunked")
        if len(names) > 1:
            raise ProtocolError(501, "transfer coding other than chunked")
        return -1
    if not lengths:
        return 0
    text = lengths[0].encode()
    if len(lengths) > 1 or not text or text.strip(DIGITS):
        raise ProtocolError(400, "malformed Content-Length")
    if len(text.lstrip(b"0")) > _MAX_SIZE_DIGITS:
        raise ProtocolError(413, "body too large")
    return int(text)


class BodyReader:
    """Cuts a body out of the stream: `length` bytes, or chunks (RFC 9112 section 7.1) when length is -1.

    limit  largest body in bytes; more raises ProtocolError 413

    `feed` appends what it decodes to a bytearray of the caller's. `done` is True behind the last byte.
    """

    def __init__(self, length: int, limit: int):
        self.chunked = length < 0
        self.left = 0 if self.chunked else length
        self.total = 0
        self.limit = limit
        self.line = b""
        self.trailers = 0
        self.state = _SIZE if self.chunked else _DATA
        self.done = length == 0

    def feed(self, buf, off: int, end: int, sink: bytearray) -> int:
        """Take buf[off:end]; return the offset behind what was used. Raises ProtocolError 400 or 413."""
        while off < end and not self.done:
            if self.state == _DATA:
                self._check_limit()
                n = min(self.left, end - off)
                sink.extend(memoryview(buf)[off : off + n])
                off += n
                self.left -= n
                self.total += n
                if not self.left:
                    self.done = not self.chunked
                    self.state = _AFTER
            else:
                off = self._read_line(buf, off, end)
        return off

    def _check_limit(self) -> None:
        if self.total + self.left > self.limit:
            raise ProtocolError(413, "body larger than %d bytes" % self.limit)

    def _read_line(self, buf, off: int, end: int) -> int:
        # Lines are short and rare: a byte at a time is simple, and right for every split.
        while off < end:
            byte = buf[off]
            off += 1
            if byte == 10:
                if self.line[-1:] != b"\r":
                    raise ProtocolError(400, "chunk line that does not end in CRLF")
                line = self.line[:-1]
                self.line = b""
                self._line_done(line)
                return off
            if len(self.line) >= _MAX_CHUNK_LINE or self.line[-1:] == b"\r":
                raise ProtocolError(400, "malformed chunk line")
            if self.state == _AFTER and byte != 13:
                raise ProtocolError(400, "chunk longer than its size")
            self.line += bytes((byte,))
        return off

    def _line_done(self, line: bytes) -> None:
        if self.state == _AFTER:
            self.state = _SIZE
        elif self.state == _TRAILER:
            self._trailer(line)
        else:
            self.left = _chunk_size(line)
            self.state = _DATA if self.left else _TRAILER
            self._check_limit()

    def _trailer(self, line: bytes) -> None:
        if not line:
            self.done = True
            return
        self.trailers += 1
        name = line.split(b":", 1)[0]
        if b":" not in line or not name or name.strip(TOKEN) or self.trailers > _MAX_TRAILERS:
            raise ProtocolError(400, "malformed trailer")
        if visible(line, 0, len(line)) >= 0:
            raise ProtocolError(400, "control character in a trailer")


_SIZE, _DATA, _AFTER, _TRAILER = range(4)
_MAX_TRAILERS = 16
_MAX_HEX_DIGITS = 8


def _chunk_size(line: bytes) -> int:
    digits, extension, _ = line.partition(b";")
    if extension:
        digits = digits.rstrip(b" \t")
    if not digits or digits.strip(b"0123456789abcdefABCDEF"):
        raise ProtocolError(400, "malformed chunk size")
    if visible(line, 0, len(line)) >= 0:
        raise ProtocolError(400, "malformed chunk extension")
    if len(digits.lstrip(b"0")) > _MAX_HEX_DIGITS:
        raise ProtocolError(413, "body too large")
    return int(str(digits, "utf-8"), 16)
