"""MicroPython: what Ctrl-C leaves behind when it strikes a handler."""

from .channel import Channel
from .hub import core, hub


def interrupted() -> None:
    """After Ctrl-C: end the handler that it has struck in asyncio's run loop, which keeps no account of that."""
    channel = Channel.current()
    if channel is not None and hub.spare is not None:
        task = core.cur_task
        # A task that sleeps is in the queue, and one that waits for something else has that as its data.
        if task.data is None and not _is_queued(task):
            channel(task, core.CancelledError())


def _is_queued(task) -> bool:
    queue = core._task_queue
    tasks = []
    while queue.peek() is not None:
        other = queue.pop()
        tasks.append((other, other.ph_key, other.data))
    for other, when, data in tasks:
        queue.push(other, when)
        other.data = data  # push() forgets a cancellation that is on its way
    return task in [entry[0] for entry in tasks]
