"""Another application of this folder, under an asyncio whose I/O queue keeps its poller to itself, as a later version
might. Arguments: PORT, config as JSON with the application's name under "program"."""

import json
import sys
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
config = json.loads(sys.argv[2])
program = config.pop("program")
sys.argv[2] = json.dumps(config)
__import__(program)
