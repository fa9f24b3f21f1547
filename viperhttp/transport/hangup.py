"""CPython: whether the peer of a connection from which nothing is read has gone; asyncio does not tell."""

import select

_POLL = getattr(select, "poll", None)  # Windows has none


def peer_gone(channel) -> bool:
    """True when the peer has reset the connection, or the system has given it up."""
    if channel.number is None or _POLL is None:
        return False
    poller = _POLL()
    poller.register(channel.number, 0)
    return bool(poller.poll(0))
