"""MicroPython: where asyncio's I/O queue is not the one that the hub knows, asyncio's plain streams wait for sockets.

Loaded only then. It stands in for select.poll(): a task for each socket waits for it and reports it. Messages cost as
much as with asyncio's streams, and all else is the same.
"""

import asyncio
import select

from .hub import core

_IN = 1  # select.POLLIN
_RETRY_MS = 5  # between two looks whether a socket takes more, or its peer has gone: no stream waits for that alone


class Streams:
    """Reports sockets by `report(sock, events)`; `on_the_spot`: in which handlers run, in the place of the task."""

    def __init__(self, report, on_the_spot: bool):
        self.report = report
        self.on_the_spot = on_the_spot
        self.tasks = {}
        self.reporting = None  # the task that is inside report()

    def register(self, sock, events: int) -> None:
        """Report these events from now on."""
        self.unregister(sock)
        self.tasks[sock] = asyncio.create_task(self._watch(sock, events))

    modify = register

    def unregister(self, sock) -> None:
        """Report nothing any more."""
        task = self.tasks.pop(sock, None)
        if task is not None and task is not self.reporting:
            task.cancel()

    async def _watch(self, sock, events: int) -> None:
        task = asyncio.current_task()
        stream = asyncio.StreamReader(sock)
        look = select.poll()
        look.register(sock, events)
        while self.tasks.get(sock) is task:
            try:
                if events == _IN:
                    await stream.read(0)  # waits, and takes nothing
                else:
                    await asyncio.sleep_ms(_RETRY_MS)
            except OSError:
                pass  # a listening socket, or an error that whoever is told finds too
            if self.tasks.get(sock) is not task:
                return
            seen = events
            if seen != _IN:
                found = look.poll(0)
                if not found:
                    continue
                seen = found[0][1]
            outer = self.reporting
            self.reporting = task
            try:
                self.report(sock, seen)
            finally:
                self.reporting = outer
                if self.on_the_spot:
                    core.cur_task = task
