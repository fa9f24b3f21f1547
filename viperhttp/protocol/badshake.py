"""What is wrong with an opening handshake, or only unusual: asked when handshake.py has found that something is."""

import binascii

from ..exceptions import ProtocolError
from .http1 import TOKEN, Head


def check_all(head: Head) -> None:
    """Raises ProtocolError, as handshake.check() does."""
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
    protocols(head)


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


def protocols(head: Head) -> list:
    """Subprotocols the client offers. Raises ProtocolError."""
    names = []
    for line in head.all("sec-websocket-protocol"):
        for name in line.split(","):
            name = name.strip()
            if name:
                if name.encode().strip(TOKEN):
                    raise ProtocolError(400, "malformed Sec-WebSocket-Protocol")
                names.append(name)
    return names
