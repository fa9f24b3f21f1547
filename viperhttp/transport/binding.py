"""MicroPython: the listening socket is made, and the hub takes its place in an asyncio that is tried out before.

A board forgets the module afterwards.
"""

import asyncio
import socket

from ..log import report
from . import buffers
from .clock import ticks, ticks_diff
from .hub import core


def bound(host: str, port: int, backlog: int):
    """A socket that listens. OSError when it cannot."""
    address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    sock = socket.socket(address[0], socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address[-1])
        sock.listen(backlog)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


async def install(hub, config) -> None:
    """The shared buffers, while the heap is not yet in pieces; and the hub in place of asyncio's I/O queue.

    Where that, or asyncio's tasks, are not as we know them, plain streams take over.
    """
    buffers.set_sizes(config.rx_buffer, config.tx_buffer)
    queue = getattr(core, "_io_queue", None)
    if queue is hub:
        return
    hub.queue = queue
    changed = "asyncio's I/O queue has changed:"
    if hub.spare is None:
        if hub.poller is None:  # else tried before
            what = await _try_tasks(hub)
            if what is not None:
                changed = "asyncio's tasks have changed (%s): its public functions run the handlers," % what
        if hub.spare is None:
            from .plain import install

            install()
    if hub.spare is not None and await _takes(hub, queue):
        return
    if hub.poller is None:
        from .streams import Streams

        report("%s its plain streams wait for the sockets" % changed)
        hub.poller = Streams(hub._unusual, hub.spare is not None)
        hub.map = {}


async def _takes(hub, queue) -> bool:
    # Whether asyncio's run loop asks the hub for events now.
    if not (hasattr(queue, "poller") and hasattr(queue, "map") and hasattr(queue, "wait_io_event")):
        return False
    before = hub.poller
    probe = hub.poller = _Probe()
    hub.map = queue.map
    if queue.map:
        hub.know_foreign()
    core._io_queue = hub
    try:
        await asyncio.sleep(0)
    finally:
        hub.poller = queue.poller
    if probe.polled:
        return True
    core._io_queue = queue
    hub.poller = before
    return False


class _Probe:
    # Stands where a Channel, or the hub's poller, would, and notes what asyncio does with it.
    polled = False
    removed = None
    ended = (None, None)

    def ipoll(self, dt):
        self.polled = True
        return ()

    def remove(self, task):
        self.removed = task

    def peek(self):
        # In case asyncio takes it for a queue of tasks: it is empty.
        return None

    def __call__(self, *what):
        self.ended = what


def _handler(seen):
    # Waits twice, is cancelled the second time, and returns 7.
    try:
        while True:
            yield
            seen.append(core.cur_task)
    except asyncio.CancelledError:
        return 7


def _need(well) -> None:
    if not well:
        raise ValueError


async def _try_tasks(hub) -> "str | None":
    # All that Channel and the hub do with a handler's task: step it on the spot, let it wait, wake it, cancel it, and
    # be told of its end. Returns what did not go well; else hub.spare is made.
    what = "core.cur_task"
    try:
        me = core.cur_task
        _need(me is asyncio.current_task())
        what = "Task"
        seen = []
        probe = _Probe()
        task = core.Task(_handler(seen))
        _need(hasattr(task, "done") and hasattr(task.coro, "pend_throw"))
        task.state = probe
        _need(task.state is probe)
        core.cur_task = task
        try:
            task.coro.send(None)
            what = "core.cur_task"
            _need(asyncio.current_task() is task)
            what = "Task.data"
            task.data = probe
            _need(task.data is probe)
            task.data = None
        finally:
            core.cur_task = me
        what = "core._task_queue"
        queue = core._task_queue
        queue.push(task)
        _need(ticks_diff(queue.peek().ph_key, ticks()) <= 0)
        await asyncio.sleep(0)
        what = "Task.coro"
        _need(seen == [task] and task.data is None)
        what = "Task.cancel"
        task.data = probe
        task.cancel()
        _need(probe.removed is task)
        await asyncio.sleep(0)
        what = "Task.state"
        _need(probe.ended[0] is task and isinstance(probe.ended[1], StopIteration) and probe.ended[1].value == 7)
        _need(len(seen) == 1 and task.done())
        what = "TaskQueue"
        spare = core.TaskQueue()
        spare.push(core.Task(None), 1000)
        for other in (task, core.Task(None)):  # the second lets go of the first
            spare.push(other, 999)
            _need(spare.pop() is other and spare.peek() is not other)
    except Exception as error:
        return str(error) if isinstance(error, AttributeError) else what
    hub.spare = spare
    return None
