"""What Linux is told about a peer's socket: hold little of what waits, give up a peer that acknowledges nothing."""

import sys

_IPPROTO_TCP = 6
_TCP_NOTSENT_LOWAT = 25  # on Linux; MicroPython has no name for either
_TCP_USER_TIMEOUT = 18
_BYTES = 8192  # that the system takes beyond what it has sent. Without that it is MBs; lwIP has a few kB anyway


def keep_fresh(channel) -> None:
    """Let the system take little more than the network carries: what waits here can be replaced by newer data."""
    _tell(channel, _TCP_NOTSENT_LOWAT, _BYTES)


def give_up(channel, seconds: float) -> None:
    """Let the system end a connection whose peer has acknowledged nothing for so long: Linux tries for 15 minutes."""
    _tell(channel, _TCP_USER_TIMEOUT, int(1000 * seconds))


def _tell(channel, option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    sock = channel.sock
    if hasattr(sock, "get_extra_info"):
        sock = sock.get_extra_info("socket")  # CPython: it is a transport
    if hasattr(sock, "setsockopt"):  # not in memory
        try:
            sock.setsockopt(_IPPROTO_TCP, option, value)
        except OSError:
            pass  # no TCP socket, or one that is closed already
