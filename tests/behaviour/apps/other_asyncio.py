"""Another application of this folder, under an asyncio whose internals are not those of today's MicroPython.

Arguments: PORT, config as JSON with the application's name under "program", and under "changes" what has changed:
see coming_asyncio.py; or None, and only the I/O queue of MicroPython's own asyncio keeps its poller to itself.
"""

import json
import sys


class Closed:
    """asyncio's I/O queue, without the attribute `poller`."""

    def __init__(self, queue):
        self._queue = queue
        self.map = queue.map

    def __getattr__(self, name):
        if name == "poller":
            raise AttributeError(name)
        return getattr(self._queue, name)


config = json.loads(sys.argv[2])
program = config.pop("program")
changes = config.pop("changes")
if changes is None:
    from asyncio import core

    core._io_queue = Closed(core._io_queue)
else:
    import coming_asyncio

    coming_asyncio.come(changes)
sys.argv[2] = json.dumps(config)
__import__(program)
