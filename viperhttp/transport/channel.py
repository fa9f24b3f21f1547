"""MicroPython: one connection's socket, its send queue, and the task of its handler, in a single object.

asyncio calls the object when the handler's task ends, so that a connection costs no wrapper coroutine; and a handler
that waits here is resumed on the spot, not by way of asyncio's run queue, which would take 16 000 instructions more.
"""

from micropython import const

from ..log import report
from . import buffers
from .buffers import TX
from .clock import ticks
from .hub import core, hub
from .outbox import LOST, QUEUED, SENT, Outbox, changed

_IN = const(1)  # select.POLLIN
_OUT = const(4)  # select.POLLOUT
_SENT = const(1)  # outbox.SENT

# `await SUSPEND` gives control back to the scheduler once: the iterator of a tuple is a 16-byte object,
# where a generator would be 64.
SUSPEND = (None,)

_ENDS = (core.CancelledError, Exception)


def _finished():
    yield


DONE = _finished()  # a generator that has ended: awaiting it returns at once and allocates nothing
for _ in DONE:
    pass


class Channel:
    """Socket, send queue and handler task of one connection."""

    sock = None
    server = None
    out = None  # Outbox while the socket takes no more
    task = None  # asyncio Task of the handler while it runs
    waiter = None  # the task that waits for wake()
    blocked = False  # always, here: a socket keeps nothing back but what `out` says
    closing = False  # close when the outbox is empty
    paused = False
    due = None  # tick at which overdue() is called
    peer = None  # address of the other end

    # ---- what subclasses fill in ---------------------------------------
    # feed(buf, off, end)   bytes arrived; `buf` (a writable memoryview) is valid only during the call
    # lost()                the socket is closed, by whichever side
    # drained()             the send queue is empty again
    # ended(value, error)   the handler has returned `value` or raised `error`
    # overdue()             the deadline `due` has passed

    def feed_first(self, buf, off: int, end: int):
        """feed() for the hub; what it returns, a task or None, goes on right afterwards."""
        self.feed(buf, off, end)

    def eof(self) -> None:
        """The peer sends no more."""
        self.drop()

    def hung_up(self) -> None:
        """The peer has gone, and nothing is to be read now."""
        self.drop()

    def started(self) -> None:
        """The handler has made its first step."""

    # ---- socket --------------------------------------------------------

    def attach(self, sock, peer, server) -> None:
        """Take charge of a connected non-blocking socket."""
        self.sock = sock
        self.peer = peer
        self.server = server
        hub.channels[sock] = self
        hub.watch(sock, _IN)

    def take_over(self, other: "Channel") -> None:
        """Go on with the socket of `other`, whose part ends here."""
        self.sock = other.sock
        self.peer = other.peer
        self.server = other.server
        self.out = other.out
        if other.paused:
            self.paused = True
        other.sock = other.out = None
        hub.channels[self.sock] = self
        self.resume()  # the other may have paused while an earlier request was answered

    def ready(self, ev: int) -> None:
        """The poller reports something else than just data, which the hub reads itself."""
        try:
            if ev & _IN:
                buf = buffers.RX
                n = self.sock.readinto(buf)
                if n:
                    self.feed(buf, 0, n)
                elif n is not None:
                    self.eof()
            elif ev & ~_OUT:
                hub.watch(self.sock, None)  # it would be reported again and again
                self.hung_up()
            if ev & _OUT and self.sock is not None:
                self.flush()
        except OSError:
            self.drop()
        except Exception as error:
            self.broken_down(error)

    def broken_down(self, error) -> None:
        """One connection's trouble must not end the server: only it is closed."""
        try:
            report("connection dropped", error, not isinstance(error, MemoryError))
            self.drop()
        except MemoryError:
            # Closing took memory, too; the socket is closed first of all, so this is enough.
            report("connection dropped for want of memory")

    def put(self, k: int) -> int:
        """Send the frame in TX, `k` bytes, when nothing waits: SENT, QUEUED or LOST."""
        try:
            k -= self.sock.write(TX, k) or 0
        except OSError:
            return self.lost_in_put()
        return _SENT if not k else self.put_rest(k)

    def lost_in_put(self) -> int:
        """A write has failed: the connection is gone."""
        self.drop()
        return LOST

    def wait_with(self, data: bytes, sent: int) -> int:
        """All of `data` but its first `sent` bytes waits for the socket."""
        return self._block(data, sent, len(data))

    def put_rest(self, left: int) -> int:
        """The last `left` bytes of the frame in TX wait for the socket."""
        size = TX[1] + 2 if TX[1] < 126 else (TX[2] << 8 | TX[3]) + 4
        return self._block(TX, size - left, size)

    def write(self, data, n: int) -> int:
        """Send `n` bytes of `data`, which the caller may change afterwards. SENT, QUEUED or LOST."""
        if self.out is None:
            if self.sock is None:
                return LOST
            try:
                sent = self.sock.write(data, n)
            except OSError:
                self.drop()
                return LOST
            return SENT if sent == n else self._block(data, sent or 0, n)
        self.out.add(_piece(data, 0, n))
        return QUEUED

    def write_framed(self, k: int, data, n: int) -> int:
        """Send TX[:k] and `data`, `n` bytes, by one write where they fit in TX together."""
        if k + n <= len(TX) and self.out is None:
            TX[k : k + n] = data
            return self.write(TX, k + n)
        if self.out is not None:
            self.out.add(bytes(TX[:k]) + bytes(data))
            return QUEUED
        if self.write(TX, k) == LOST:
            return LOST
        # Were the header short, the payload would queue behind it.
        try:
            return self.write(data, n)
        except MemoryError:
            self.drop()  # a header without its payload spoils all that follows
            return LOST

    def write_urgent(self, frame: bytes, pong: bool = False) -> int:
        """Send a control frame, before data that waits."""
        if self.out is None:
            return self.write(frame, len(frame))
        if pong:
            self.out.set_pong(frame)
        else:
            self.out.add_urgent(frame)
        return QUEUED

    def _block(self, data, start: int, end: int) -> int:
        # data[start:end] waits; what stands before it has gone.
        try:
            out = Outbox(ticks())
            out.add(_piece(data, start, end))
            out.next()
            self.out = out
            changed()
            self._watch()
            return QUEUED
        except MemoryError:
            self.drop()  # half a frame is out, and there is no room for the other half
            return LOST

    def flush(self) -> None:
        """Send what waits, as far as the socket takes it."""
        out = self.out
        if out is None:
            return self._watch()
        data = out.next()
        while data is not None:
            sent = self.sock.write(data, out.pos, len(data) - out.pos)
            if not sent:
                return
            out.advance(sent, ticks())
            data = out.next()
        self.out = None
        changed()
        if self.closing:
            return self.drop()
        self._watch()
        self.drained()

    def backlog(self) -> int:
        """Bytes that wait to be sent."""
        return self.out.size if self.out is not None else 0

    def stuck_since(self) -> "int | None":
        """Tick since which the peer has taken nothing of what waits, or None."""
        return self.out.since if self.out is not None else None

    def pause(self) -> None:
        """Read no more: the peer's data waits in the network."""
        if not self.paused:
            self.paused = True
            self._watch()

    def resume(self) -> None:
        """Read again."""
        if self.paused:
            self.paused = False
            self._watch()

    def _watch(self) -> None:
        if self.sock is not None:
            events = 0 if self.paused else _IN
            if self.out is not None:
                events |= _OUT
            hub.watch(self.sock, events)

    def close_when_sent(self) -> None:
        """Close the socket when what waits has gone."""
        self.closing = True
        if self.out is None:
            self.drop()

    def drop(self) -> None:
        """Close the socket now; what waits is lost."""
        sock = self.sock
        if sock is None:
            return
        hub.forget(sock)  # first: Ctrl-C may strike between any two, and what has no socket must not be reported
        self.sock = self.out = None
        sock.close()
        self.lost()

    # ---- handler -------------------------------------------------------

    def start(self, coro) -> None:
        """Run `coro` as this connection's handler; its first step happens before this returns."""
        self.task = task = core.Task(coro)
        task.state = self  # whom asyncio calls when the task has ended
        # What asyncio's run loop does with a task, without the way through its queue.
        before = core.cur_task
        core.cur_task = task
        coro = _let_go_on(task)
        core.cur_task = before
        if coro is not None:
            self.over(task, coro)
        self.started()

    def over(self, task, error) -> None:
        """A task that ran on the spot has ended with `error` (StopIteration: as it should)."""
        if not isinstance(error, _ENDS):
            # Ctrl-C: the handler has died of it; whatever waits for its end must not wait in vain.
            self(task, core.CancelledError())
            raise error
        task.state = False
        self(task, error)

    def __call__(self, task, error) -> None:
        """The handler's task has ended; StopIteration carries what it returned."""
        self.task = None
        # Cut what asyncio's queue, a pairing heap, has left in the task: it keeps pointing at those that stood behind
        # it. Of many that have ended one after the other, each would keep the next from being collected. In a queue of
        # two it points at the other one only, which stands at 1000.
        hub.spare.push(task, 999)
        hub.spare.pop()
        try:
            if isinstance(error, StopIteration):
                self.ended(error.value, None)
            else:
                self.ended(None, error)
        except Exception as fault:
            self.broken_down(fault)  # asyncio's run loop would end with it, and the server too

    def cancel(self) -> bool:
        """Cancel the handler. False when there is none, or it is the one that asks."""
        task = self.task
        if task is None:
            return False
        if task is core.cur_task:
            try:
                task.coro.pend_throw(None)
            except ValueError:
                return False  # it is running: it asks
            core.cur_task = None  # it was just the last to run before the poller reported something
        task.cancel()
        return True

    def park(self):
        """Await what this returns to sleep until wake(). One task at a time."""
        if self.waiter is not None:
            raise RuntimeError("another task is already waiting to receive from this connection")
        self.waiter = task = core.cur_task
        task.data = self
        return SUSPEND

    def remove(self, task) -> None:
        """asyncio takes a cancelled task out of its queue."""
        self.waiter = None

    def wake(self) -> None:
        """Resume the task that parked; on the spot when it is the handler. For feed() only."""
        task = self.waiter
        if task is not None:
            self.waiter = task.data = None
            if task is self.task:
                before = core.cur_task
                core.cur_task = task
                error = resume(task)
                core.cur_task = before
                if error is not None:
                    self.over(task, error)
            else:
                core._task_queue.push(task)

    def wake_later(self) -> None:
        """Resume the task that parked, from any context."""
        task = self.waiter
        if task is not None:
            self.waiter = task.data = None
            core._task_queue.push(task)

    @staticmethod
    def current() -> "Channel | None":
        """The connection whose handler is running, or None in another task."""
        task = core.cur_task
        channel = None if task is None else task.state
        return channel if isinstance(channel, Channel) else None


def _stepper():
    # `try ... except ... as` makes a frame of more than 11 words, which MicroPython puts on the heap at each call
    # (2 700 instructions and more, and it spoils the allocator's memory of where free blocks are). A generator's
    # frame is made once. It catches everything, so that a Ctrl-C in a handler does not end it.
    error = None
    while True:
        task = yield error
        error = None
        try:
            task.coro.send(None)
        except BaseException as end:
            error = end
            task = None  # what a handler held must not stay until the next one runs


def _let_go_on(task):
    # resume() for a first step, which may happen inside another one.
    try:
        task.coro.send(None)
    except _ENDS as end:
        return end


# resume(task) lets a task go on; it returns None, or the exception that ended it.
resume = _stepper().send
resume(None)


def _piece(data, start: int, end: int) -> bytes:
    if start == 0 and type(data) is bytes and end == len(data):
        return data
    return bytes(memoryview(data)[start:end])
