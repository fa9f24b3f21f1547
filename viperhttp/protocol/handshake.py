"""The server's half of the WebSocket opening handshake (RFC 6455 section 4.2)."""

import binascii
import hashlib

from ..exceptions import ProtocolError
from .http1 import TOKEN, Head
from .response import header_line

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def is_upgrade(head: Head) -> bool:
    """Whether the request asks for a WebSocket at all."""
    return head.upgrade and head.has("upgrade", "websocket")


def check(head: Head) -> bytes:
    """Check an opening handshake; return the Sec-WebSocket-Accept value.

    Raises ProtocolError: 400, or 426 for another version, where the answer
    needs Sec-WebSocket-Version: 13 (section 4.4).
    """
    if head.method != "GET":
        raise ProtocolError(400, "a WebSocket handshake is a GET")
    if not head.version:
        raise ProtocolError(400, "a WebSocket handshake needs HTTP/1.1")
    if not head.has("connection", "upgrade"):
        raise ProtocolError(400, "Connection: Upgrade is missing")
    versions = head.all("sec-websocket-version")
    if not versions:
        raise ProtocolError(400, "Sec-WebSocket-Version is missing")
    if len(versions) != 1 or versions[0] != "13":
        raise ProtocolError(426, "Sec-WebSocket-Version is not 13")
    keys = head.all("sec-websocket-key")
    if len(keys) != 1 or not _is_key(keys[0]):
        raise ProtocolError(400, "Sec-WebSocket-Key must be 16 bytes in base64")
    if head.length:
        raise ProtocolError(400, "a WebSocket handshake has no body")
    if b"\r\nsec-websocket-protocol:" in head.lower():
        offered(head)
    return accept_value(keys[0])


def _is_key(text: str) -> bool:
    # 16 bytes are 22 characters and two "=". MicroPython's decoder skips what it does not know, so look first.
    if len(text) != 24 or text[22:] != "==":
        return False
    for char in text[:22]:
        if not (char in "+/" or ("0" <= char <= "9") or ("a" <= char <= "z") or ("A" <= char <= "Z")):
            return False
    try:
        return len(binascii.a2b_base64(text)) == 16
    except ValueError:
        return False


def accept_value(key: str) -> bytes:
    """Sec-WebSocket-Accept for a Sec-WebSocket-Key (section 4.2.2)."""
    return binascii.b2a_base64(hashlib.sha1(key.encode() + _GUID).digest())[:-1]


def offered(head: Head) -> list:
    """Subprotocols the client offers, in its order of preference (section 11.3.4)."""
    names = []
    for line in head.all("sec-websocket-protocol"):
        for name in line.split(","):
            name = name.strip()
            if name:
                if name.encode().strip(TOKEN):
                    raise ProtocolError(400, "malformed Sec-WebSocket-Protocol")
                names.append(name)
    return names


def response(accept: bytes, subprotocol: "str | None" = None, headers=()) -> bytes:
    """The 101 answer. `headers` are (name, value) pairs; ValueError when one is not allowed."""
    lines = [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ",
        accept,
        b"\r\n",
    ]
    if subprotocol:
        lines.append(header_line("Sec-WebSocket-Protocol", subprotocol))
    for name, value in headers:
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
