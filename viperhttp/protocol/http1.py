"""HTTP/1.1 requests (RFC 9112): strict parsing of whole heads, with limits."""

from ..exceptions import ProtocolError
from .kernels import text, visible

# Characters of a token (RFC 9110 section 5.6.2). Lower case first: strip() looks from the left.
TOKEN = b"etaoinsrhldcumfpgwybvkxqjz-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+.^_`|~"
DIGITS = b"0123456789"
HOST = b"0123456789.abcdefghijklmnopqrstuvwxyz:-ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_~%!$&'()*+,;="
# Visible ASCII but "#": a fragment is never sent (RFC 9112 section 3.2).
_TARGET = HOST + b'/?@"<>\\^`{|}'


class Head:
    """Request line and headers of one request.

    method   as sent, case-sensitive
    target   as sent; `path` (still percent-encoded, starts with "/" or is "*") and `query` are cut out of it
    version  minor version: 1 for HTTP/1.1, 0 for HTTP/1.0
    block    header lines as they came, b"\\r\\nName: value" each
    length   of the body in bytes, 0 without one, -1 when it is chunked
    dropped  names (space-separated) of headers that were taken out of `block` to save RAM
    """

    dropped = ""
    method: str
    target: str
    path: str
    version: int
    query = ""
    length = 0
    upgrade = False  # there is an Upgrade header
    expects = False  # there is an Expect header
    data: "bytes | None" = None  # all of it as it came, where somebody remembers it
    _low: "bytes | None" = None

    def lower(self) -> bytes:
        """`block` in lower case, in which names are found."""
        if self.dropped:
            return self.block.lower()  # what is kept for long is kept once
        if self._low is None:
            self._low = self.block.lower()
        return self._low

    def keep(self, block: bytes) -> None:
        """Have only these header lines from now on."""
        self.block = block
        self._low = None

    def raw(self, key: bytes, at: int = 0):
        """The value behind the first b"\\r\\nname:" from offset `at` on, as bytes, or None."""
        at = self.lower().find(key, at)
        if at < 0:
            return None
        at += len(key)
        end = self.block.find(b"\r\n", at)
        return (self.block[at:] if end < 0 else self.block[at:end]).strip(b" \t")

    def get(self, name: str, default=None):
        """The first header `name` (lower case) as text, or `default`. Bytes above 127 read as Latin-1."""
        value = self.raw(b"\r\n" + name.encode() + b":")
        return default if value is None else latin1(value)

    def all(self, name: str) -> list:
        """Every header `name`, in order."""
        key = b"\r\n" + name.encode() + b":"
        found = []
        at = self.lower().find(key)
        while at >= 0:
            found.append(latin1(self.raw(key, at)))
            at = self.lower().find(key, at + 1)
        return found

    def has(self, name: str, word: str) -> bool:
        """Whether the comma-separated list in header `name` contains `word` (lower case), in any case."""
        for line in self.all(name):
            for item in line.split(","):
                if item.strip().lower() == word:
                    return True
        return False

    def asks_for(self, protocol: str) -> bool:
        """Whether the request asks to go on with another protocol (RFC 9110 section 7.8)."""
        return self.upgrade and self.has("upgrade", protocol)

    def keep_alive(self) -> bool:
        """Whether the connection outlives this request (RFC 9112 section 9.3)."""
        value = self.raw(b"\r\nconnection:")
        if value is not None:
            if value == b"keep-alive" and self.lower().count(b"\r\nconnection:") == 1:
                return True
            if self.has("connection", "close"):
                return False
            return self.version > 0 or self.has("connection", "keep-alive")
        return self.version > 0


def latin1(data) -> str:
    """Header bytes as text; UTF-8 where it is ASCII, else a character for each byte."""
    try:
        text = str(data, "utf-8")
        if len(text) == len(data):
            return text
    except UnicodeError:
        pass
    return "".join([chr(byte) for byte in data])


def whole_head(data: bytes, config) -> "Head | None":
    """The head that `data` is, to its last byte; None when it is not just that: see pieces.HeadReader."""
    n = len(data)
    if data.find(b"\r\n\r\n") != n - 4 or n > config.max_head or data[:2] == b"\r\n":
        return None
    return parse_head(data[: n - 4], config)


def similar_head(data: bytes, known: Head, config) -> "Head | None":
    """The head that `data` is when it has the header lines of `known`, which had no body, and only another target.

    None when it has not. A page that asks for one thing after another, or with one query after another, sends the same
    lines each time.
    """
    block = known.block
    at = len(data) - 4 - len(block)
    if at > config.max_line or data.find(b"\r\n") != at or data.find(block, at) != at or data[-4:] != b"\r\n\r\n":
        return None
    head = Head()
    _request_line(head, data[:at])
    if head.version != known.version or head.path[:1] != "/" or head.method != known.method:
        return None  # what the lines may be depends on these
    head.block = block
    head._low = known._low
    head.expects = known.expects
    return head


def parse_head(data: bytes, config) -> Head:
    """Parse a head without its final empty line. Raises ProtocolError with an HTTP status."""
    lines = data.split(b"\r\n")
    n = len(lines) - 1
    if data.count(b"\n") != n or len(lines[0]) > config.max_line:
        from .badhead import check_size

        check_size(data, 0, config)
    head = Head()
    _request_line(head, lines[0])
    if n > config.max_headers:
        raise ProtocolError(431, "more than %d headers" % config.max_headers)
    names = []
    for i in range(1, n + 1):
        at = lines[i].find(b":")
        names.append(lines[i][:at] if at > 0 else b" ")
    # All at once: C functions that look at few bytes cost mostly their call. What fails is looked for afterwards.
    values = b"".join(lines)
    if b"".join(names).strip(TOKEN) or visible(values, 0, len(values)) >= 0:
        from .badhead import check_lines

        check_lines(lines)
    head.block = data[len(lines[0]) :]
    low = head.lower()
    if b"\r\nupgrade:" in low:
        head.upgrade = True
    if b"\r\nexpect:" in low:
        head.expects = True
    # A request needs one Host header (RFC 9112 section 3.2).
    n = low.count(b"\r\nhost:")
    unusual = head.path[:1] != "/" or head.method == "CONNECT"
    if unusual or n != 1 and (n or head.version) or n and head.raw(b"\r\nhost:").strip(HOST):
        from .badhead import check_target

        check_target(head)
    if b"\r\ncontent-length:" in low or b"\r\ntransfer-encoding:" in low:
        from .body import body_length

        head.length = body_length(head)
    return head


def _request_line(head: Head, line: bytes) -> None:
    words = line.split(b" ")
    if (
        len(words) != 3
        or not words[1]
        or not words[0]
        or words[0].strip(TOKEN)
        or words[2] != b"HTTP/1.1"
        or words[1].strip(_TARGET)
    ):
        from .badhead import check_request_line

        check_request_line(words)
    head.method = "GET" if words[0] == b"GET" else str(words[0], "utf-8")
    head.version = 0 if words[2] == b"HTTP/1.0" else 1
    # text() of a view: MicroPython's str() looks each one up among all names of the program, and slices of str too.
    target = memoryview(words[1])
    head.path = head.target = text(target, 0)
    at = words[1].find(b"?")
    if at >= 0:
        head.path = text(target[:at], 0)
        head.query = text(target[at + 1 :], 0)
