"""HTTP/1.1 responses as bytes: heads, chunks, and the check that a header cannot smuggle another."""

from .http1 import TOKEN
from .kernels import visible
from .phrases import status_line

LAST_CHUNK = b"0\r\n\r\n"


def header_line(name: str, value) -> bytes:
    """One header line with its CRLF. ValueError when the name is no token or the value has control characters."""
    key = name.encode()
    text = str(value).encode()
    if not key or key.strip(TOKEN) or visible(text, 0, len(text)) >= 0:
        raise ValueError("header %r: %r is not allowed (CR, LF or another bad character)" % (name, value))
    return key + b": " + text + b"\r\n"


def head(status: int, headers, length: "int | None", keep_alive: bool, minor: int = 1) -> bytes:
    """Status line and headers up to the empty line.

    headers     iterable of (name, value); Content-Length, Transfer-Encoding and "Connection: close" are left out
    length      Content-Length; None for chunked coding; -1 to say nothing (a body that ends with the connection)
    keep_alive  False adds Connection: close
    minor       of the client's version: an HTTP/1.0 client is told that the connection stays
    """
    lines = [b"HTTP/1.1 ", status_line(status), b"\r\n"]
    for name, value in headers:
        # How the body is framed is not the application's to say: two answers to that are how responses are smuggled.
        key = name.lower()
        if key not in ("content-length", "transfer-encoding") and (key != "connection" or value != "close"):
            lines.append(header_line(name, value))
    if status >= 200 and status != 204 and status != 304:  # the others have no body (RFC 9110 section 8.6)
        if length is None:
            lines.append(b"Transfer-Encoding: chunked\r\n")
        elif length >= 0:
            lines.append(b"Content-Length: %d\r\n" % length)
    if not keep_alive:
        lines.append(b"Connection: close\r\n")
    elif not minor:
        lines.append(b"Connection: keep-alive\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def chunk(data) -> bytes:
    """One chunk (RFC 9112 section 7.1). `data` must not be empty: that would end the body."""
    return b"%x\r\n" % len(data) + bytes(data) + b"\r\n"


def pairs(headers) -> list:
    """Headers given as a dict or as pairs, as a list of pairs."""
    if headers is None:
        return []
    return list(headers.items()) if hasattr(headers, "items") else list(headers)
