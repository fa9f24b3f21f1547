"""CPython: a thread that looks where the loop is while it is late."""

import asyncio
import sys
import threading
import time


class Watcher:
    """Notes in `lag` the task and the line that keep the loop from its next beat."""

    def __init__(self, lag):
        self.lag = lag
        self.loop = asyncio.get_running_loop()
        self.loop_thread = threading.get_ident()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, name="viperhttp-lag", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """End the thread."""
        self.over.set()

    def _run(self) -> None:
        beats, since = self.lag.beats, time.monotonic()
        seen = None
        while not self.over.wait(self.lag.threshold / 4000):
            now = time.monotonic()
            if self.lag.beats != beats:
                if seen is not None:
                    self.loop.call_soon_threadsafe(self.lag.note, seen, int((now - since) * 1000))
                beats, since, seen = self.lag.beats, now, None
            elif now - since > self.lag.threshold / 1000 + 0.1 and seen is None:
                seen = self._where()

    def _where(self):
        frame = sys._current_frames().get(self.loop_thread)
        if frame is None or frame.f_code.co_name == "select":
            return None  # it waits: the machine is slow, not the program
        task = asyncio.current_task(self.loop)
        who = "a callback" if task is None else "task %s" % getattr(task.get_coro(), "__qualname__", task)
        return "%s, at %s:%d (%s)" % (who, frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
