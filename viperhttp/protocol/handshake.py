"""The server's half of the WebSocket opening handshake (RFC 6455 section 4.2)."""

import binascii
import hashlib

from .http1 import Head

_KEY = b"\r\nsec-websocket-key:"
_VERSION = b"\r\nsec-websocket-version:"
_PROTOCOL = b"\r\nsec-websocket-protocol:"
_ANSWER = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def check(head: Head) -> bytes:
    """Check an opening handshake; return the Sec-WebSocket-Accept value.

    Raises ProtocolError: 400, or 426 for another version, where the answer
    needs Sec-WebSocket-Version: 13 (section 4.4).
    """
    low = head.lower()
    key = head.raw(_KEY)
    if (
        head.method != "GET"
        or not head.version
        or head.length
        or not head.has("connection", "upgrade")
        or head.raw(_VERSION) != b"13"
        or low.count(_VERSION) != 1
        or low.count(_KEY) != 1
        or not _is_key(key)
        or _PROTOCOL in low
    ):
        from .badshake import check_all

        check_all(head)
    return accept_value(str(key, "utf-8"))


def _is_key(key) -> bool:
    # 16 bytes are 22 characters and two "=". MicroPython's decoder skips what it does not know.
    try:
        return len(key) == 24 and key[22:] == b"==" and binascii.b2a_base64(binascii.a2b_base64(key))[:-1] == key
    except ValueError:
        return False


def accept_value(key: str) -> bytes:
    """Sec-WebSocket-Accept for a Sec-WebSocket-Key (section 4.2.2)."""
    return binascii.b2a_base64(hashlib.sha1(key.encode() + _GUID).digest())[:-1]


def offered(head: Head) -> list:
    """Subprotocols the client offers, in its order of preference (section 11.3.4)."""
    if _PROTOCOL not in head.lower():
        return []
    from .badshake import protocols

    return protocols(head)


def response(accept: bytes, subprotocol: "str | None" = None, headers=()) -> bytes:
    """The 101 answer. `headers` are a dict, (name, value) pairs or None; ValueError when one is not allowed."""
    lines = [_ANSWER, accept, b"\r\n"]
    if subprotocol or headers:
        from .response import header_line, pairs

        if subprotocol:
            lines.append(header_line("Sec-WebSocket-Protocol", subprotocol))
        for name, value in pairs(headers):
            lines.append(header_line(name, value))
    lines.append(b"\r\n")
    return b"".join(lines)


def drop(block: bytes, names: str) -> bytes:
    """The header lines of `block` without those named."""
    unwanted = names.split(" ")
    kept = []
    for line in block.split(b"\r\n"):
        if line and str(line[: line.find(b":")], "utf-8").lower() not in unwanted:
            kept.append(b"\r\n" + line)
    return b"".join(kept)
