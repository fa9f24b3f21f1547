"""MicroPython: events of sockets that asyncio's own streams wait for."""

import select

from .hub import core


def report(hub, sock, ev: int) -> None:
    """Wake the tasks that wait for an event of a stream's socket."""
    # [reader, writer, sock], in newer versions [reader, urgent, writer, sock].
    entry = hub.map.get(id(sock))
    if entry is None:
        return
    last = len(entry) - 2
    if ev & ~select.POLLOUT:
        _wake(entry, 0)
    if ev & ~select.POLLIN:
        _wake(entry, last)
    if last == 2 and ev & 2:
        _wake(entry, 1)
    events = 0
    if entry[0] is not None:
        events |= select.POLLIN
    if entry[last] is not None:
        events |= select.POLLOUT
    if last == 2 and entry[1] is not None:
        events |= 2
    if events:
        hub.poller.modify(sock, events)
    else:
        hub.queue._dequeue(sock)


def _wake(entry: list, i: int) -> None:
    if entry[i] is not None:
        core._task_queue.push(entry[i])
        entry[i] = None
