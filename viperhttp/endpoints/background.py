"""Work that goes on after the answer is sent: a bounded number of tasks, whose exceptions are logged."""

import asyncio

from ..config import MICROPYTHON
from ..log import report

AT_ONCE = 4 if MICROPYTHON else 64  # tasks that run side by side
WAITING = 16 if MICROPYTHON else 1000  # and those that wait for their turn; one more is dropped and logged

_running: set = set()  # asyncio keeps only weak references to tasks
_queue: list = []
_loop = None  # the event loop that these belong to


class BackgroundTask:
    """A function, async or not, and its arguments; give it to Response(background=...).

    It runs in the server's loop once the answer is sent: a function that is not async must be short.
    """

    def __init__(self, function, *args, **kwargs):
        if not callable(function):
            raise TypeError("BackgroundTask takes a function and its arguments, not %r" % (function,))
        self.function = function
        self.args = args
        self.kwargs = kwargs

    async def __call__(self) -> None:
        """Run it."""
        result = self.function(*self.args, **self.kwargs)
        if hasattr(result, "send"):
            await result


class BackgroundTasks:
    """Several tasks, one after the other; the failure of one does not stop the next."""

    def __init__(self, tasks=()):
        self.tasks = list(tasks)

    def add_task(self, function, *args, **kwargs) -> None:
        """Add a function and its arguments."""
        self.tasks.append(BackgroundTask(function, *args, **kwargs))

    async def __call__(self) -> None:
        """Run them."""
        for task in self.tasks:
            await _guarded(task)


def spawn(task, *args, **kwargs) -> bool:
    """Run a BackgroundTask, or a function with its arguments, beside the server. False when too many wait.

    A server that stops cancels what still runs.
    """
    if not isinstance(task, (BackgroundTask, BackgroundTasks)):
        task = BackgroundTask(task, *args, **kwargs)
    _forget_other_loop()
    if len(_running) < AT_ONCE:
        _start(task)
        return True
    if len(_queue) >= WAITING:
        report("background task dropped: %d are waiting" % WAITING)
        return False
    _queue.append(task)
    return True


def _forget_other_loop() -> None:
    # Ctrl-C and a second run() on a board: what the first has left behind never ends, and must hold no place.
    global _loop
    if MICROPYTHON:
        from ..transport.hub import core

        loop = core._task_queue  # its loop is its queue
    else:
        loop = asyncio.get_running_loop()
    if loop is not _loop:
        _loop = loop
        _running.clear()
        _queue.clear()


def _start(task) -> None:
    holder: list = []
    running = asyncio.create_task(_run(task, holder))
    holder.append(running)
    _running.add(running)


async def _run(task, holder) -> None:
    try:
        await _guarded(task)
    finally:
        _running.discard(holder[0])
    if _queue and len(_running) < AT_ONCE:
        _start(_queue.pop(0))


async def _guarded(task) -> None:
    try:
        await task()
    except Exception as error:
        report("background task", error, True)
