"""Who blocks the loop: measures how long each step of a task or callback keeps all others waiting."""

import asyncio

from ..config import MICROPYTHON
from ..log import report
from ..transport import ticks, ticks_add, ticks_diff

if MICROPYTHON:
    from .lag_board import Watcher
else:
    from .lag_host import Watcher

KEEP = 8  # culprits that are remembered
_PERIOD = 100  # ms between two wake-ups, whose lateness is the lag


class Lag:
    """The loop's lateness, and who caused it.

    threshold   ms that a step may take; default 200. Longer is noted, and reported when it is new

    worst    longest lateness in ms
    last     the present one
    blocked  [{"who":, "ms": longest, "times":}]

    How the culprit is found is told in lag_board and lag_host.
    """

    def __init__(self, threshold: int = 200):
        self.threshold = threshold
        self.worst = 0
        self.last = 0
        self.beats = 0  # counter: wake-ups so far
        self.blocked: list = []
        self.callback = None  # a plain handler that was just found to block

    async def run(self) -> None:
        """Measure until cancelled: the body of a task."""
        watcher = Watcher(self)
        try:
            while True:
                due = ticks_add(ticks(), _PERIOD)
                await asyncio.sleep(_PERIOD / 1000)
                self.last = max(0, ticks_diff(ticks(), due))
                self.worst = max(self.worst, self.last)
                self.beats += 1
        finally:
            watcher.stop()

    def note(self, who: str, ms: int) -> None:
        """Somebody has blocked the loop for so long."""
        for entry in self.blocked:
            if entry["who"] == who:
                entry["times"] += 1
                entry["ms"] = max(entry["ms"], ms)
                return
        if len(self.blocked) >= KEEP:
            del self.blocked[0]
        self.blocked.append({"who": who, "ms": ms, "times": 1})
        report("%s blocked the loop for %d ms" % (who, ms))

    def timed(self, handle):
        """The dispatcher's handle(connection, head), with the time that a plain handler, or a first step, takes."""

        def measured(connection, head):
            before = ticks()
            result = handle(connection, head)
            ms = ticks_diff(ticks(), before)
            if ms >= self.threshold:
                self.callback = "%s %s" % (head.method, head.path)
                self.note(self.callback, ms)
            return result

        return measured
