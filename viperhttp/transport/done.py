"""CPython: what handlers await: a Wait until its Channel wakes them, DONE when there is nothing to wait for."""

import asyncio
import collections.abc


class Wait:
    """What a parked task waits on: looks like a future, and wakes the task in wake() itself. One for each Channel."""

    # A Task asks for these names from C; none of them, but add_done_callback, takes it through a Python function.
    __slots__ = ("_asyncio_future_blocking", "callback", "channel", "context")
    get_loop = asyncio.get_running_loop
    result = type(None)  # result() is None

    def __init__(self, channel):
        self._asyncio_future_blocking = False
        self.callback = None
        self.channel = channel
        self.context = None

    def __await__(self):
        self._asyncio_future_blocking = True
        return iter((self,))

    def add_done_callback(self, callback, *, context):
        self.callback = callback
        self.context = context

    def remove_done_callback(self, callback):
        self.callback = None

    def done(self):
        return False

    def cancel(self, msg=None):
        # Task.cancel() then throws CancelledError into the task at its next step, which this asks for.
        if self.channel.waiter is self:
            self.channel.waiter = None
        self.later()
        return False

    def now(self):
        callback = self.callback
        if callback is not None:
            self.callback = None
            self.context.run(callback, self)

    def later(self):
        callback = self.callback
        if callback is not None:
            self.callback = None
            self.channel.loop.call_soon(callback, self, context=self.context)


class _Done(collections.abc.Coroutine):
    """Awaiting it returns at once; create_task() and wait_for() take it too."""

    __await__ = ().__iter__  # type: ignore[assignment]  # 700 instructions less than a method of our own

    def send(self, value):
        raise StopIteration

    def throw(self, typ, value=None, traceback=None):
        raise typ if value is None else value

    def close(self):
        pass


class _Turn(_Done):
    """Awaiting it lets everything else run first."""

    def __await__(self):
        yield


DONE = _Done()
TURN = _Turn()
