"""Publishing from where nothing may be written: interrupts, other threads. What they say is sent by the event loop."""

import asyncio
from array import array

from ..config import MICROPYTHON
from ..log import report

LIMIT = 32  # messages of soft interrupts that wait for the loop's next turn; more are dropped, and counted

if MICROPYTHON:
    from ..transport.hub import core

    class _Pump:
        # One task for all managers, that sleeps until an interrupt raises the flag.
        def __init__(self):
            self.flag = asyncio.ThreadSafeFlag()
            self.waiting = []
            self.rings = []
            self.task = None

        def start(self) -> None:
            # In a new event loop (a second app.run()) the old task does not run any more.
            if self.task is None or self.queue is not core._task_queue:
                self.queue = core._task_queue
                self.task = asyncio.create_task(self._run())

        async def _run(self) -> None:
            while True:
                await self.flag.wait()
                try:
                    while self.waiting:
                        room, data, key, event, exclude = self.waiting.pop(0)
                        room.publish(data, key, event, exclude)
                    for ring in self.rings:
                        ring.flush()
                except Exception as error:
                    report("a message from an interrupt", error)  # a full heap, say: the next ones still go

    _pump = None

    def pump() -> _Pump:
        """The pump, running."""
        global _pump
        if _pump is None:
            _pump = _Pump()
        _pump.start()
        return _pump

    def publish_later(room, data, key, event, exclude) -> int:
        """publish() in the event loop's next turn; returns 0."""
        beside = pump()
        if len(beside.waiting) >= LIMIT:
            room.dropped += 1
        else:
            beside.waiting.append((room, data, key, event, exclude))
            beside.flag.set()
        return 0

else:

    def publish_later(room, data, key, event, exclude) -> int:
        """publish() in the event loop's next turn; returns 0."""
        room.manager.loop.call_soon_threadsafe(room.publish, data, key, event, exclude)
        return 0


class IrqRing:
    """Numbers from a hard interrupt, published in a room one by one as soon as the event loop runs.

    size  numbers that may wait; what comes when the ring is full is dropped and counted in `lost`
    key   of the messages
    Make it inside the running application (on_event("startup") or a handler); its memory is taken then.
    """

    def __init__(self, room, size: int = 32, key=None):
        self.room = room
        self.key = key
        self.buffer = array("i", bytes(4 * (size + 1)))
        self.head = 0
        self.tail = 0
        self.lost = 0
        if MICROPYTHON:
            beside = pump()
            beside.rings.append(self)
            self.flag = beside.flag
        else:
            self.loop = asyncio.get_running_loop()

    def put(self, value: int) -> None:
        """Publish a number of 31 bits. May be called in a hard interrupt: it takes no memory."""
        head = self.head + 1
        if head == len(self.buffer):
            head = 0
        if head == self.tail:
            self.lost += 1
            return
        self.buffer[self.head] = value
        self.head = head
        if MICROPYTHON:
            self.flag.set()
        else:
            self.loop.call_soon_threadsafe(self.flush)

    def flush(self) -> None:
        """Publish what waits."""
        while self.tail != self.head:
            value = self.buffer[self.tail]
            tail = self.tail + 1
            self.tail = 0 if tail == len(self.buffer) else tail
            self.room.publish(value, self.key)
