"""An asyncio as a later MicroPython might have it: the same public functions over other internals.

come(changes) puts it in the place of MicroPython's. Without changes it has the internals of today's. Changes are these
names with spaces between, or "all":

coro, data, state, ph_key   this attribute of a Task has another name
callable                    a Task's state that is a function is not called at the end
peek, push                  this method of the queue of tasks has another name
queue                       core has its queue of tasks under another name
cur_task                    core.cur_task is there and means nothing: the current task is kept elsewhere
poller                      the I/O queue keeps its poller to itself
io                          core._io_queue is there and means nothing: the run loop asks an I/O queue of its own
flat                        there is no module asyncio.core, only asyncio
"""

import select
import sys
from time import ticks_add, ticks_diff
from time import ticks_ms as ticks

ALL = "coro data state ph_key callable peek push queue cur_task poller io flat"
me = sys.modules[__name__]
core = me
names = {}  # what has another name -> the name
cur_task = None
_task_queue = None
_io_queue = None


class CancelledError(BaseException):
    pass


class TimeoutError(Exception):  # noqa: A001
    pass


def come(changes):
    """Be the asyncio of this process."""
    for name in (ALL if changes == "all" else changes).split():
        names[name] = "new_" + name
    for class_, methods in ((TaskQueue, ("peek", "push")), (IOQueue, ())):
        for name in methods:
            if name in names:
                setattr(class_, names[name], getattr(class_, name))
                delattr(class_, name)
    if "queue" in names:
        del me._task_queue
    if "flat" in names:
        del me.core
    new_event_loop()
    sys.modules["asyncio"] = me
    sys.modules["asyncio.core"] = me
    if "flat" in names:
        del sys.modules["asyncio.core"]


def _get(thing, name):
    return getattr(thing, names.get(name, name))


def _set(thing, name, value):
    setattr(thing, names.get(name, name), value)


class TaskQueue:
    def __init__(self):
        self.tasks = []

    def peek(self):
        return self.tasks[0] if self.tasks else None

    def push(self, task, key=None):
        if key is None:
            key = ticks()
        _set(task, "data", None)
        _set(task, "ph_key", key)
        at = len(self.tasks)
        while at and ticks_diff(_get(self.tasks[at - 1], "ph_key"), key) > 0:
            at -= 1
        self.tasks.insert(at, task)

    def pop(self):
        return self.tasks.pop(0)

    def remove(self, task):
        self.tasks.remove(task)


class Task:
    def __init__(self, coro):
        _set(self, "coro", coro)
        _set(self, "data", None)
        _set(self, "state", True)  # True: it runs; a TaskQueue of those that wait for it; False, None: it has ended
        _set(self, "ph_key", 0)

    def __iter__(self):
        if _get(self, "state") is True:
            _set(self, "state", TaskQueue())
        elif not _get(self, "state"):
            _set(self, "state", False)
        return self

    def __next__(self):
        if not _get(self, "state"):
            raise _get(self, "data")
        task = _current()
        _get(_get(self, "state"), "push")(task)
        _set(task, "data", self)

    def done(self):
        return not _get(self, "state")

    def cancel(self):
        if self.done():
            return False
        if self is _current():
            raise RuntimeError("can't cancel self")
        task = self
        while isinstance(_get(task, "data"), Task):
            task = _get(task, "data")
        if hasattr(_get(task, "data"), "remove"):
            _get(task, "data").remove(task)
            _get(_queue(), "push")(task)
        elif ticks_diff(_get(task, "ph_key"), ticks()) > 0:
            _queue().remove(task)
            _get(_queue(), "push")(task)
        _set(task, "data", CancelledError)
        return True


class IOQueue:
    def __init__(self):
        _set(self, "poller", select.poll())
        self.map = {}

    def _enqueue(self, stream, i):
        entry = self.map.get(id(stream))
        if entry is None:
            entry = self.map[id(stream)] = [None, None, stream]
        assert entry[i] is None
        entry[i] = _current()
        self._watch(entry)
        _set(_current(), "data", self)

    def queue_read(self, stream):
        self._enqueue(stream, 0)

    def queue_write(self, stream):
        self._enqueue(stream, 1)

    def _watch(self, entry):
        events = (entry[0] and select.POLLIN or 0) | (entry[1] and select.POLLOUT or 0)
        if events:
            _get(self, "poller").register(entry[2], events)
        else:
            self._dequeue(entry[2])

    def _dequeue(self, stream):
        del self.map[id(stream)]
        _get(self, "poller").unregister(stream)

    def remove(self, task):
        for entry in list(self.map.values()):
            if task in entry:
                entry[entry.index(task)] = None
                self._watch(entry)

    def wait_io_event(self, dt):
        for stream, event in list(_get(self, "poller").poll(dt)):
            entry = self.map[id(stream)]
            for i, mask in enumerate((~select.POLLOUT, ~select.POLLIN)):
                if event & mask and entry[i] is not None:
                    _get(_queue(), "push")(entry[i])
                    entry[i] = None
            self._watch(entry)


_hidden = {}  # what the names of today do not tell


def _current():
    return _hidden.get("task") if "cur_task" in names else me.cur_task


def _step(task):
    if "cur_task" in names:
        _hidden["task"] = task
    else:
        me.cur_task = task


def _queue():
    return _hidden["queue"] if "queue" in names else me._task_queue


def new_event_loop():
    if "queue" in names:
        _hidden["queue"] = TaskQueue()
    else:
        me._task_queue = TaskQueue()
    me._io_queue = _hidden["io"] = IOQueue()
    return Loop


def run_until_complete(main=None):
    if main is not None and not isinstance(main, Task):
        main = create_task(main)
    while True:
        dt = 1
        while dt > 0:
            dt = -1
            task = _get(_queue(), "peek")()
            if task is not None:
                dt = max(0, ticks_diff(_get(task, "ph_key"), ticks()))
            (_hidden["io"] if "io" in names else me._io_queue).wait_io_event(dt)
        task = _queue().pop()
        _step(task)
        try:
            error = _get(task, "data")
            if error is None:
                _get(task, "coro").send(None)
            else:
                _set(task, "data", None)
                _get(task, "coro").throw(error)
        except (CancelledError, Exception) as end:
            state = _get(task, "state")
            if task is main:
                _set(task, "state", False)
                _step(None)
                if isinstance(end, StopIteration):
                    return end.value
                raise end
            if not state:  # it had ended; the error that was thrown into it is its own
                if state is None:
                    sys.print_exception(error)
                end = error
            elif state is True:
                if not isinstance(end, (CancelledError, StopIteration)):
                    _get(_queue(), "push")(task)  # to be told of, should nobody ask for it
                _set(task, "state", None)
            elif callable(state):
                if "callable" not in names:
                    state(task, end)
                _set(task, "state", False)
            else:
                while _get(state, "peek")() is not None:
                    _get(_queue(), "push")(state.pop())
                _set(task, "state", False)
            _set(task, "data", end)


def create_task(coro):
    task = Task(coro)
    _get(_queue(), "push")(task)
    return task


def run(coro):
    return run_until_complete(create_task(coro))


def current_task():
    if _current() is None:
        raise RuntimeError("no running event loop")
    return _current()


class Loop:
    create_task = staticmethod(create_task)
    run_until_complete = staticmethod(run_until_complete)


def get_event_loop():
    return Loop


class _Turn:
    # Yields once.
    def __init__(self, at):
        self.at = at

    def __iter__(self):
        return self

    def __next__(self):
        if self.at is None:
            raise StopIteration
        _get(_queue(), "push")(_current(), self.at)
        self.at = None


def sleep_ms(ms):
    return _Turn(ticks_add(ticks(), max(0, ms)))


def sleep(seconds):
    return sleep_ms(int(seconds * 1000))


class Event:
    def __init__(self):
        self.happened = False
        self.waiting = TaskQueue()

    def is_set(self):
        return self.happened

    def set(self):
        self.happened = True
        while self.waiting.tasks:
            _get(_queue(), "push")(self.waiting.pop())

    def clear(self):
        self.happened = False

    def wait(self):
        if not self.happened:
            _get(self.waiting, "push")(_current())
            _set(_current(), "data", self.waiting)
            yield
        return True


class Lock:
    def __init__(self):
        self.free = Event()
        self.free.set()

    def locked(self):
        return not self.free.is_set()

    async def acquire(self):
        while not self.free.is_set():
            await self.free.wait()
        self.free.clear()
        return True

    def release(self):
        self.free.set()

    async def __aenter__(self):
        return await self.acquire()

    async def __aexit__(self, kind, error, traceback):
        self.release()


async def wait_for(aw, timeout, sleep=sleep):
    task = aw if isinstance(aw, Task) else create_task(aw)
    if timeout is None:
        return await task
    over = Event()

    async def watch():
        try:
            await task
        except (CancelledError, Exception):
            pass
        over.set()

    async def tick():
        await sleep(timeout)
        over.set()

    watching, ticking = create_task(watch()), create_task(tick())
    try:
        await over.wait()
    except CancelledError:
        task.cancel()
        raise
    finally:
        watching.cancel()
        ticking.cancel()
    if task.done():
        return await task
    task.cancel()
    while not task.done():
        await sleep_ms(0)
    raise TimeoutError


def wait_for_ms(aw, timeout):
    return wait_for(aw, timeout, sleep_ms)


async def gather(*aws):
    tasks = [aw if isinstance(aw, Task) else create_task(aw) for aw in aws]
    found = []
    for task in tasks:
        found.append(await task)
    return found


class StreamReader:
    def __init__(self, stream):
        self.stream = stream

    def read(self, n=-1):
        assert n == 0
        while True:
            yield me._io_queue.queue_read(self.stream) if "io" not in names else _hidden["io"].queue_read(self.stream)
            data = self.stream.read(n)
            if data is not None:
                return data
