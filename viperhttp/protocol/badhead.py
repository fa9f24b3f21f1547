"""What is wrong with the head of a request, or only unusual: looked for when http1.py has found that something is."""

from ..exceptions import ProtocolError
from .http1 import DIGITS, HOST, TOKEN, Head
from .kernels import visible

_TARGET = HOST + b"/?@\"<>\\^`{|}"


def check_size(data: bytes, skipped: int, config, whole: bool = True) -> None:
    """A head, or its beginning: raises ProtocolError for line ends and sizes.

    The same for both, so that no answer depends on how the bytes are cut. skipped: bytes of empty lines before it.
    """
    if data[:1] == b"\x16":
        raise ProtocolError(400, "TLS on a port without TLS; use http:// or ws://")
    if data.count(b"\n") != data.count(b"\r\n"):
        raise ProtocolError(400, "line that does not end in CRLF")
    line = data.find(b"\r\n")
    if line < 0:
        line = len(data) - (data[-1:] == b"\r")
    if line > config.max_line:
        raise ProtocolError(414, "request line longer than %d bytes" % config.max_line)
    if len(data) + (4 if whole else 0) > config.max_head or skipped > config.max_head:
        raise ProtocolError(431, "headers longer than %d bytes" % config.max_head)


def check_request_line(words: list) -> None:
    """Raises ProtocolError for a request line, given as its words, but for one of HTTP/1.x."""
    if len(words) != 3 or not words[1]:
        raise ProtocolError(400, "malformed request line")
    method, target, version = words
    if not method or method.strip(TOKEN):
        raise ProtocolError(400, "malformed method")
    if version != b"HTTP/1.1" and version != b"HTTP/1.0":
        known = len(version) == 8 and version[:5] == b"HTTP/" and version[6:7] == b"."
        if known and not (version[5:6] + version[7:]).strip(DIGITS):
            if version[5:6] != b"1":
                raise ProtocolError(505, "HTTP version %s" % version[5:].decode())
        else:
            raise ProtocolError(400, "malformed request line")
    if target.strip(_TARGET):
        raise ProtocolError(400, "character in the target that is not allowed")


def check_lines(lines: list) -> None:
    """Raises ProtocolError for the first header line that is malformed."""
    for i in range(1, len(lines)):
        line = lines[i]
        at = line.find(b":")
        # Folded lines and spaces before the colon fail here too (RFC 9112 sections 5.1 and 5.2).
        if at < 1 or line[:at].strip(TOKEN):
            raise ProtocolError(400, "malformed header line %d" % i)
        if visible(line, at, len(line)) >= 0:
            raise ProtocolError(400, "control character in header line %d" % i)


def check_target(head: Head) -> None:
    """Host and target of a request where they are not just one Host header and a path. Raises ProtocolError."""
    target = head.target
    hosts = head.all("host")
    if len(hosts) > 1 or (head.version and not hosts):
        raise ProtocolError(400, "a request needs one Host header")
    if hosts and not _is_host(hosts[0]):
        raise ProtocolError(400, "malformed Host header")
    if head.method == "CONNECT":
        raise ProtocolError(501, "CONNECT is for proxies")
    if target[0] == "/":
        return
    if target == "*" and head.method == "OPTIONS":
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
    at = head.lower().find(b"\r\nhost:")
    if at >= 0:
        end = block.find(b"\r\n", at + 2)
        block = block[:at] + (block[end:] if end >= 0 else b"")
    head.keep(block + b"\r\nHost: " + host.encode())
    head.path, _, head.query = target.partition("?")


def _is_host(host: str) -> bool:
    # strip() looks at all characters in C; a loop over a str would intern each one on MicroPython.
    return not host.encode().strip(HOST)
