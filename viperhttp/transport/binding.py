"""MicroPython: the listening socket is made, and the hub takes its place; a board forgets the module afterwards."""

import socket
from asyncio import core

from ..log import report
from . import buffers


def bound(host: str, port: int, backlog: int):
    """A socket that listens. OSError when it cannot."""
    address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    sock = socket.socket(address[0], socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address[-1])
        sock.listen(backlog)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def install(hub, config) -> None:
    """The shared buffers, while the heap is not yet in pieces; and the hub in place of asyncio's I/O queue.

    Where that is not as we know it, plain streams take over.
    """
    buffers.set_sizes(config.rx_buffer, config.tx_buffer)
    queue = core._io_queue
    if queue is hub:
        return
    hub.queue = queue
    if hasattr(queue, "poller") and hasattr(queue, "map") and hasattr(queue, "wait_io_event"):
        hub.poller = queue.poller
        hub.map = queue.map
        if queue.map:
            hub.know_foreign()
        core._io_queue = hub
    elif hub.poller is None:
        from .streams import Streams

        report("asyncio's I/O queue has changed: its plain streams wait for the sockets")
        hub.poller = Streams(hub._unusual)
        hub.map = {}
