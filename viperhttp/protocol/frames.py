"""RFC 6455 frames: the encoder of server frames, and CLOSE. What comes is read by kernels.scan() or assembly.py."""

from ..config import const
from ..exceptions import ProtocolError
from .kernels import utf8

_PROTOCOL_ERROR = const(1002)  # codes.PROTOCOL_ERROR
_NO_STATUS = const(1005)  # codes.NO_STATUS
_INVALID_PAYLOAD = const(1007)  # codes.INVALID_PAYLOAD
_MAX_REASON = const(123)  # codes.MAX_REASON


def header(dst, byte0: int, n: int) -> int:
    """Write the header of an unmasked frame with `n` bytes of payload to dst[0:]; return its length (2, 4 or 10)."""
    dst[0] = byte0
    if n < 126:
        dst[1] = n
        return 2
    if n < 65536:
        dst[1] = 126
        dst[2] = n >> 8
        dst[3] = n & 255
        return 4
    dst[1] = 127
    dst[2:10] = n.to_bytes(8, "big")
    return 10


_head = bytearray(10)


def frame(byte0: int, payload) -> bytes:
    """A whole server frame. byte0 is the opcode with FIN (0x81 text, 0x82 binary); payload is bytes-like."""
    if type(payload) is not bytes:
        payload = bytes(memoryview(payload))  # the length of an array counts items, not bytes
    n = header(_head, byte0, len(payload))
    return bytes(_head[:n]) + payload


def close_payload(code: int, reason: str = "") -> bytes:
    """Payload of a CLOSE frame. _NO_STATUS gives an empty one; a long reason is cut between characters."""
    if code == _NO_STATUS:
        return b""
    text = reason.encode()
    if len(text) > _MAX_REASON:
        cut = _MAX_REASON
        while text[cut] & 0xC0 == 0x80:
            cut -= 1
        text = text[:cut]
    return bytes((code >> 8, code & 255)) + text


def sendable(code: int) -> bool:
    """Whether `code` may stand in a CLOSE frame (RFC 6455 section 7.4; 1004 to 1006 and 1015 may not)."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def parse_close(payload) -> tuple:
    """(code, reason) of a peer's CLOSE payload; (1005, "") when it is empty. Raises ProtocolError."""
    n = len(payload)
    if not n:
        return _NO_STATUS, ""
    code = payload[0] << 8 | payload[1] if n > 1 else 0  # half a code is none
    if not sendable(code):
        raise ProtocolError(_PROTOCOL_ERROR, "close code %d" % code)
    if utf8(payload, 2, n - 2, 0):
        raise ProtocolError(_INVALID_PAYLOAD, "close reason is not UTF-8")
    return code, str(payload[2:], "utf-8")
