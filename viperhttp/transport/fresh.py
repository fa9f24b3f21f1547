"""keep_fresh(): on Linux, a slow peer's socket holds little, so that what waits can still be replaced by newer data."""

import sys

_IPPROTO_TCP = 6
_TCP_NOTSENT_LOWAT = 25  # on Linux; MicroPython has no name for it
_BYTES = 8192  # that the system takes beyond what it has sent. Without that it is MBs; lwIP has a few kB anyway


def keep_fresh(channel) -> None:
    """Let the system take little more of a channel's data than the network carries."""
    if sys.platform != "linux":
        return
    sock = channel.sock
    if hasattr(sock, "get_extra_info"):
        sock = sock.get_extra_info("socket")  # CPython: it is a transport
    if hasattr(sock, "setsockopt"):  # not in memory
        try:
            sock.setsockopt(_IPPROTO_TCP, _TCP_NOTSENT_LOWAT, _BYTES)
        except OSError:
            pass  # no TCP socket, or one that is closed already
