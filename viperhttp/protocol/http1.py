"""HTTP/1.1 requests (RFC 9112): a strict, byte-fed parser of heads and bodies with limits."""

from ..exceptions import ProtocolError
from .kernels import visible

# Characters of a token (RFC 9110 section 5.6.2). Lower case first: strip() looks from the left.
TOKEN = b"etaoinsrhldcumfpgwybvkxqjz-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+.^_`|~"
_DIGITS = b"0123456789"
_HOST = b"0123456789.abcdefghijklmnopqrstuvwxyz:-ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_~%!$&'()*+,;="
# Visible ASCII but "#": a fragment is never sent (RFC 9112 section 3.2).
_TARGET = _HOST + b"/?@\"<>\\^`{|}"
_MAX_CHUNK_LINE = 256  # chunk size and extensions; the extensions are ignored
_MAX_SIZE_DIGITS = 9


class Head:
    """Request line and headers of one request.

    method   as sent, case-sensitive
    target   as sent; `path` (still percent-encoded, starts with "/" or is "*") and `query` are cut out of it
    version  minor version: 1 for HTTP/1.1, 0 for HTTP/1.0
    block    header lines as one bytes object, b"\\r\\nname:value" each, names in lower case
    length   of the body in bytes, 0 without one, -1 when it is chunked
    """

    def __init__(self, method: str, target: str, version: int):
        self.method = method
        self.target = target
        self.version = version
        self.path = self.query = ""
        self.block = b""
        self.length = 0

    def get(self, name: str, default=None):
        """The first header `name` (lower case) as text, or `default`. Bytes above 127 read as Latin-1."""
        at = self.block.find(b"\r\n" + name.encode() + b":")
        if at < 0:
            return default
        at += len(name) + 3
        end = self.block.find(b"\r\n", at)
        return latin1(self.block[at:] if end < 0 else self.block[at:end])

    def all(self, name: str) -> list:
        """Every header `name`, in order."""
        key = b"\r\n" + name.encode() + b":"
        if self.block.find(key) < 0:
            return []
        return [latin1(part.split(b"\r\n", 1)[0]) for part in self.block.split(key)[1:]]

    def has(self, name: str, word: str) -> bool:
        """Whether the comma-separated list in header `name` contains `word` (lower case), in any case."""
        for line in self.all(name):
            for item in line.split(","):
                if item.strip().lower() == word:
                    return True
        return False

    def keep_alive(self) -> bool:
        """Whether the connection outlives this request (RFC 9112 section 9.3)."""
        if self.has("connection", "close"):
            return False
        return self.version > 0 or self.has("connection", "keep-alive")


def latin1(data) -> str:
    """Header bytes as text; UTF-8 where it is ASCII, else a character for each byte."""
    try:
        text = str(data, "utf-8")
        if len(text) == len(data):
            return text
    except UnicodeError:
        pass
    return "".join([chr(byte) for byte in data])


class HeadReader:
    """Collects the bytes of a head until it is complete. `config` has max_line, max_head and max_headers."""

    def __init__(self, config):
        self.config = config
        self.part = b""
        self.skipped = 0  # bytes of empty lines

    def feed(self, buf, off: int, end: int) -> int:
        """Take buf[off:end]; return the offset behind the head, with `head` set, or -1 when more is needed."""
        had = len(self.part)
        data = self.part + bytes(memoryview(buf)[off:end])
        skip = 0
        while data[skip : skip + 2] == b"\r\n":  # empty lines before a request are ignored (section 2.2)
            skip += 2
        if skip:
            data = data[skip:]
            self.skipped += skip
        # The end may straddle the pieces: look again at the last three bytes.
        at = data.find(b"\r\n\r\n", max(0, had - skip - 3))
        if at < 0:
            self._check(data, len(data))
            self.part = data
            return -1
        data = data[:at]
        self._check(data, at + 4)
        self.part = b""
        self.skipped = 0
        self.head = parse_head(data, self.config)
        return off + at + 4 + skip - had

    def _check(self, data: bytes, size: int) -> None:
        # The same for a whole head and for its beginning, so that no answer depends on how the bytes are cut.
        if data[:1] == b"\x16":
            raise ProtocolError(400, "TLS on a port without TLS; use http:// or ws://")
        if data.count(b"\n") != data.count(b"\r\n"):
            raise ProtocolError(400, "line that does not end in CRLF")
        line = data.find(b"\r\n")
        if line < 0:
            line = len(data) - (data[-1:] == b"\r")
        if line > self.config.max_line:
            raise ProtocolError(414, "request line longer than %d bytes" % self.config.max_line)
        if size > self.config.max_head or self.skipped > self.config.max_head:
            raise ProtocolError(431, "headers longer than %d bytes" % self.config.max_head)


def parse_head(data: bytes, config) -> Head:
    """Parse a head without its final empty line. Raises ProtocolError with an HTTP status."""
    lines = data.split(b"\r\n")
    head = _parse_request_line(lines[0])
    if len(lines) - 1 > config.max_headers:
        raise ProtocolError(431, "more than %d headers" % config.max_headers)
    out = []
    for i in range(1, len(lines)):
        line = lines[i]
        at = line.find(b":")
        name = line[:at] if at > 0 else b" "
        # Folded lines and spaces before the colon fail here too (RFC 9112 sections 5.1 and 5.2).
        if name.strip(TOKEN):
            raise ProtocolError(400, "malformed header line %d" % i)
        value = line[at + 1 :].strip(b" \t")
        if visible(value, 0, len(value)) >= 0:
            raise ProtocolError(400, "control character in header line %d" % i)
        out.append(b"\r\n")
        out.append(name.lower())
        out.append(b":")
        out.append(value)
    head.block = b"".join(out)
    _split_target(head)
    head.length = _body_length(head)
    return head


def _parse_request_line(line: bytes) -> Head:
    words = line.split(b" ")
    if len(words) != 3 or not words[1]:
        raise ProtocolError(400, "malformed request line")
    method, target, version = words
    if not method or method.strip(TOKEN):
        raise ProtocolError(400, "malformed method")
    if version != b"HTTP/1.1" and version != b"HTTP/1.0":
        known = len(version) == 8 and version[:5] == b"HTTP/" and version[6:7] == b"."
        if known and not (version[5:6] + version[7:]).strip(_DIGITS):
            if version[5:6] != b"1":
                raise ProtocolError(505, "HTTP version %s" % version[5:].decode())
        else:
            raise ProtocolError(400, "malformed request line")
    if target.strip(_TARGET):
        raise ProtocolError(400, "character in the target that is not allowed")
    return Head(method.decode(), target.decode(), 0 if version == b"HTTP/1.0" else 1)


def _split_target(head: Head) -> None:
    target = head.target
    hosts = head.all("host")
    if len(hosts) > 1 or (head.version and not hosts):
        raise ProtocolError(400, "a request needs one Host header")
    if hosts and not _is_host(hosts[0]):
        raise ProtocolError(400, "malformed Host header")
    if head.method == "CONNECT":
        raise ProtocolError(501, "CONNECT is for proxies")
    if target[0] != "/":
        if target == "*" and head.method == "OPTIONS":
            head.path = "*"
            return
        scheme, separator, rest = target.partition("://")
        if not separator or scheme.lower() not in ("http", "https", "ws", "wss"):
            raise ProtocolError(400, "malformed target")
        # absolute-form: its host replaces the header (RFC 9112 section 3.2.2)
        cut = len(rest)
        for mark in "/?":
            at = rest.find(mark)
            if 0 <= at < cut:
                cut = at
        host = rest[:cut]
        target = rest[cut:]
        if target[:1] != "/":
            target = "/" + target
        if not host or not _is_host(host):
            raise ProtocolError(400, "malformed target")
        block = head.block
        at = block.find(b"\r\nhost:")
        if at >= 0:
            end = block.find(b"\r\n", at + 2)
            block = block[:at] + (block[end:] if end >= 0 else b"")
        head.block = block + b"\r\nhost:" + host.encode()
    head.path, _, head.query = target.partition("?")


def _is_host(host: str) -> bool:
    # strip() looks at all characters in C; a loop over a str would intern each one on MicroPython.
    return not host.encode().strip(_HOST)


def _body_length(head: Head) -> int:
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
    if len(lengths) > 1 or not text or text.strip(_DIGITS):
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
