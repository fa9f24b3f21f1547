"""The base of Request and WebSocket, and addresses of clients."""

from ..cold import Cold, complete
from ..config import MICROPYTHON


class RequestInfo(Cold):
    """What the client and its request are like is told by endpoints.info, once somebody asks."""

    _cold: tuple = ("viperhttp.endpoints.info.Info",)
    head = None
    path_params: dict = {}
    _scheme = "http"


def address(peer) -> "tuple | None":
    """(host, port) of what accept() tells, a tuple or on MicroPython's unix port a C sockaddr_in, or of packed()."""
    if peer and type(peer[0]) is int and type(peer) is tuple:
        high, low = peer
        return "%d.%d.%d.%d" % (high >> 16, high >> 8 & 255, high & 255, low >> 16), low & 0xFFFF
    if peer is None or isinstance(peer, tuple):
        return peer[:2] if peer else None
    if len(peer) >= 8 and peer[0] == 2:
        return "%d.%d.%d.%d" % (peer[4], peer[5], peer[6], peer[7]), peer[2] << 8 | peer[3]
    return None


def packed(peer):
    """What accept() tells of an IPv4 client, in 16 bytes on a 32-bit heap: a tuple with text takes 48."""
    found = address(peer)
    parts = found[0].split(".") if found else ()
    if len(parts) != 4:
        return peer
    a, b, c, d = [int(part) for part in parts]
    return a << 16 | b << 8 | c, d << 16 | found[1]


if not MICROPYTHON:
    complete(RequestInfo)
