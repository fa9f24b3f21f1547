"""MicroPython: where asyncio's I/O queue is not the one that the hub knows, asyncio's plain streams wait for sockets.

Loaded only then. It stands in for select.poll(): a task for each socket waits for it and reports it. Messages cost as
much as with asyncio's streams, and all else is the same.
"""

from asyncio import StreamReader, core

_IN = 1  # select.POLLIN
_RETRY_MS = 5  # between two tries to send what a socket did not take: streams have no way to wait for that alone


class Streams:
    """Reports sockets by `report(sock, events)`, which may let handlers run."""

    def __init__(self, report):
        self.report = report
        self.tasks = {}
        self.reporting = None  # the task that is inside report()

    def register(self, sock, events: int) -> None:
        """Report these events from now on."""
        self.unregister(sock)
        if events:
            self.tasks[sock] = core.create_task(self._watch(sock, events))

    modify = register

    def unregister(self, sock) -> None:
        """Report nothing any more."""
        task = self.tasks.pop(sock, None)
        if task is not None and task is not self.reporting:
            task.cancel()

    async def _watch(self, sock, events: int) -> None:
        task = core.cur_task
        stream = StreamReader(sock)
        while self.tasks.get(sock) is task:
            try:
                if events == _IN:
                    await stream.read(0)  # waits, and takes nothing
                else:
                    await core.sleep_ms(_RETRY_MS)
            except OSError:
                pass  # a listening socket, or an error that whoever is told finds too
            if self.tasks.get(sock) is not task:
                return
            outer = self.reporting
            self.reporting = task
            try:
                self.report(sock, events)
            finally:
                self.reporting = outer
                core.cur_task = task  # handlers have run in its place
