"""MicroPython: where asyncio's tasks are not as Channel knows them, its public functions run the handlers.

Loaded only then. Its functions take the place of Channel's: a task of asyncio's own around each handler, an Event for
what waits. A message costs as much as with asyncio, and all else is the same.
"""

import asyncio

from . import waitfor
from .channel import Channel
from .hub import core

_running: dict = {}  # {id of a handler's task: its channel}
_new: list = []  # channels whose handler has not made its first step
_loop = None  # stands for asyncio's queue, where others only ask whether it is still the same


def install() -> None:
    """Take over, in a new event loop."""
    global _loop
    _running.clear()
    del _new[:]
    Channel.start = start  # type: ignore[method-assign]
    Channel.cancel = cancel  # type: ignore[method-assign]
    Channel.park = park  # type: ignore[method-assign]
    Channel.wake = Channel.wake_later = wake_later  # type: ignore[method-assign]
    Channel.current = staticmethod(current)  # type: ignore[method-assign,assignment]
    asyncio.wait_for = wait_for
    asyncio.wait_for_ms = wait_for_ms
    if getattr(core, "_task_queue", _loop) is _loop:
        core._task_queue = _loop = []
    if not hasattr(core, "cur_task"):
        core.cur_task = None


def start(self, coro) -> None:
    """Run `coro` as this connection's handler; its first step happens before anything else."""
    if self.kind == "ws":
        self.go_plain()
    _new.append(self)
    self.task = task = asyncio.create_task(_run(self, coro))
    _running[id(task)] = self
    asyncio.create_task(_started(self))


async def _run(channel, coro) -> None:
    _new.remove(channel)
    try:
        value = await coro
    except (asyncio.CancelledError, Exception) as error:
        _end(channel, None, error)
    except BaseException:
        # Ctrl-C: the handler has died of it; whatever waits for its end must not wait in vain.
        _end(channel, None, asyncio.CancelledError())
        raise
    else:
        _end(channel, value, None)


def _end(channel, value, error) -> None:
    del _running[id(channel.task)]
    channel.task = None
    try:
        channel.ended(value, error)
    except Exception as fault:
        channel.broken_down(fault)


async def _started(channel) -> None:
    try:
        channel.started()
    except Exception as error:
        channel.broken_down(error)


def cancel(self) -> bool:
    """Cancel the handler. False when there is none, or it is the one that asks."""
    if self.task is None or current() is self:
        return False
    if self in _new:
        asyncio.create_task(_cancel_later(self))  # a task that is cancelled before its first step never makes it
    else:
        self.task.cancel()
    return True


async def _cancel_later(channel) -> None:
    if channel.task is not None:
        channel.task.cancel()


async def park(self) -> None:
    """Await it to sleep until wake(). One task at a time."""
    if self.waiter is not None:
        raise RuntimeError("another task is already waiting to receive from this connection")
    self.waiter = event = asyncio.Event()
    try:
        await event.wait()
    finally:
        if self.waiter is event:
            self.waiter = None


def wake_later(self) -> None:
    """Resume the task that parked, from any context."""
    event = self.waiter
    if event is not None:
        self.waiter = None
        event.set()


def current() -> "Channel | None":
    """The connection whose handler is running, or None in another task."""
    try:
        return _running.get(id(asyncio.current_task()))
    except RuntimeError:  # there is none
        return None


async def wait_for(aw, timeout, sleep=asyncio.sleep):
    """See waitfor.py."""
    task = aw if isinstance(aw, asyncio.Task) else asyncio.create_task(aw)
    try:
        return await waitfor.wait_for(task, timeout, sleep)
    except asyncio.TimeoutError:
        if task.done():
            try:
                return await task
            except (asyncio.CancelledError, Exception):
                pass  # the timeout has ended it
        raise


def wait_for_ms(aw, timeout):
    """See waitfor.py."""
    return wait_for(aw, timeout, asyncio.sleep_ms)
