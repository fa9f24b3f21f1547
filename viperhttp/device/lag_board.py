"""MicroPython: measures each step of a task, as the time between two looks of asyncio at its I/O queue: the hub."""

from ..transport import ticks, ticks_diff
from ..transport.hub import core, hub


class Watcher:
    """Notes in `lag` the task whose step was too long.

    Of a handler that the hub resumes in its own time, the lateness of the task that is due next is noted, with the
    handler that ran last: of several that the poller reported together that may be another one.
    """

    def __init__(self, lag):
        self.lag = lag
        self.left = ticks()  # when asyncio went on with its tasks
        self.wait = type(hub).wait_io_event
        # On the object, in front of the class's own: nothing is slower when nobody measures.
        hub.wait_io_event = self._wait

    def stop(self) -> None:
        """Measure no more."""
        del hub.wait_io_event

    def _wait(self, dt: int) -> None:
        lag = self.lag
        now = ticks()
        ms = ticks_diff(now, self.left)
        if ms >= lag.threshold:
            lag.note(_name(core.cur_task), ms)
        lag.callback = None
        self.wait(hub, dt)
        self.left = after = ticks()
        task = core._task_queue.peek()
        if task is not None and lag.callback is None:
            late = min(ticks_diff(after, task.ph_key), ticks_diff(after, now))
            if late >= lag.threshold:
                lag.note(_name(core.cur_task), late)


def _name(task) -> str:
    # What a task is to somebody who looks for it.
    if task is None:
        return "a callback"
    name = _function_name(task.coro)
    channel = task.state
    kind = getattr(channel, "kind", None)  # only a connection's task has one as its state
    if kind == "ws":
        return "WebSocket %s (%s)" % (channel.route.pattern, name)
    if kind == "http" and channel.request is not None:
        return "%s %s (%s)" % (channel.request.method, channel.request.path, name)
    return "task " + name


def _function_name(coro) -> str:
    # <generator object 'name' at 7f8a0c0>
    text = repr(coro)
    parts = text.split("'")
    return parts[1] if len(parts) > 2 else text
