"""basic.py under an asyncio whose I/O queue keeps its poller to itself, as a later version might."""

from asyncio import core


class Closed:
    """asyncio's I/O queue, without the attribute `poller`."""

    def __init__(self, queue):
        self._queue = queue
        self.map = queue.map

    def __getattr__(self, name):
        if name == "poller":
            raise AttributeError(name)
        return getattr(self._queue, name)


core._io_queue = Closed(core._io_queue)

import basic  # noqa: E402, F401
