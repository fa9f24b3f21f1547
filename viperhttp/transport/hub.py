"""MicroPython: one poller for all sockets, registered once, that stands in as asyncio's own I/O queue.

asyncio registers a socket, allocates and unregisters at every wait (15 000 to 25 000 instructions each); here a
socket stays registered for life and its events go straight to its Channel. asyncio's own streams go on working.
binding.py tries out what is needed of asyncio; where it is not as known, streams.py and plain.py take over.
"""

import asyncio
import errno
import select

from micropython import const

from ..cold import once
from . import buffers
from .clock import ticks, ticks_add, ticks_diff

core = getattr(asyncio, "core", asyncio)  # should asyncio become one module

_IN = const(1)  # select.POLLIN
_TCP_NODELAY = 1  # the same number on lwIP, ESP-IDF and Linux; not every port has the name
_IPPROTO_TCP = 6
_BACK_OFF = 250  # ms without accepting after the system had no socket or no memory left
_TEMPORARY = (errno.EAGAIN, errno.ECONNABORTED)


class Hub:
    """asyncio's I/O queue while a server runs."""

    # There is one hub: what it has may stand here.
    queue = None  # asyncio's own, for its own streams
    poller = None
    map = None  # of asyncio's streams
    foreign = None  # waiters.report, once there are such streams
    spare = None  # a TaskQueue with one task, for Channel; None: asyncio's tasks are not as known, see plain.py
    channels: dict = {}
    listeners: dict = {}

    def __getattr__(self, name):
        # Whatever else a version of asyncio asks of its I/O queue: a stream of its own is about to wait.
        self.know_foreign()
        return getattr(self.queue, name)

    def know_foreign(self) -> None:
        """Load what reports to asyncio's own streams: now, before they wait. Later there may be no memory."""
        if self.foreign is None:
            self.foreign = once("viperhttp.transport.waiters", "report")

    def watch(self, sock, events: "int | None") -> None:
        """Report these events only; with 0 nothing but that the peer has gone, with None not even that."""
        if events is not None:
            self.poller.register(sock, events)
        else:
            self.poller.unregister(sock)

    def forget(self, sock) -> None:
        """Report nothing of `sock` any more."""
        known = self.channels.pop(sock, None) or self.listeners.pop(sock, None)
        if known is not None:
            try:
                self.poller.unregister(sock)
            except (OSError, KeyError):
                pass  # paused: it is not registered

    def wait_io_event(self, dt: int) -> None:
        """asyncio's run loop has nothing to do for `dt` ms (-1: until something happens)."""
        # One long-lived frame with everything in locals: it runs once for each message.
        channels = self.channels
        find = channels.get
        buf = buffers.RX
        ipoll = self.poller.ipoll
        peek = core._task_queue.peek
        now = ticks
        diff = ticks_diff
        task = None  # a handler's task must not outlive its connection in this frame
        while True:
            for sock, ev in ipoll(dt):
                channel = find(sock)
                if ev == _IN and channel is not None:
                    try:
                        n = sock.readinto(buf)
                        if n:
                            task = channel.feed_first(buf, 0, n)
                            if task is not None:
                                # Channel.wake() without its calls and the frame of its `try`.
                                channel.waiter = task.data = None
                                core.cur_task = task
                                try:
                                    task.coro.send(None)
                                except BaseException as error:
                                    core.cur_task = None
                                    channel.over(task, error)
                        elif n is not None:
                            channel.eof()
                    except OSError:
                        channel.drop()
                    except Exception as error:
                        channel.broken_down(error)
                else:
                    self._unusual(sock, ev)
            channel = None
            task = peek()
            if task is None:
                dt = -1
                if not channels and not self.listeners and not self.map:
                    return
            else:
                dt = diff(task.ph_key, now())
                if dt <= 0:
                    return

    def _unusual(self, sock, ev: int) -> None:
        channel = self.channels.get(sock)
        if channel is not None:
            channel.ready(ev)
        elif sock in self.listeners:
            self.listeners[sock].ready(ev)
        elif self.foreign is not None:
            self.foreign(self, sock, ev)


hub = Hub()


class Listener:
    """The listening socket. `accepted(sock, peer)` is called for each new connection."""

    resume_at = None

    def __init__(self, host: str, port: int, backlog: int, accepted):
        self.sock = once("viperhttp.transport.binding", "bound")(host, port, backlog)
        self.accepted = accepted

    async def open(self, config) -> None:
        """Start to accept."""
        await once("viperhttp.transport.binding", "install")(hub, config)
        hub.listeners[self.sock] = self
        hub.watch(self.sock, select.POLLIN)

    def ready(self, ev: int) -> None:
        """Connections wait."""
        while self.sock is not None:
            try:
                sock, peer = self.sock.accept()
            except (OSError, MemoryError) as error:
                if isinstance(error, MemoryError) or error.errno not in _TEMPORARY:
                    # ENFILE, ENOMEM: the connection still waits, so polling on would spin.
                    hub.watch(self.sock, None)
                    self.resume_at = ticks_add(ticks(), _BACK_OFF)
                return
            try:
                sock.setblocking(False)
                sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
            except OSError:
                pass  # a port without the option only loses speed
            try:
                self.accepted(sock, peer)
            except MemoryError:
                hub.forget(sock)
                sock.close()

    def check(self, now: int) -> None:
        """Accept again when the back-off is over."""
        if self.resume_at is not None and ticks_diff(now, self.resume_at) >= 0:
            self.resume_at = None
            hub.watch(self.sock, select.POLLIN)

    def close(self) -> None:
        """Accept no more and free the port."""
        if self.sock is not None:
            sock = self.sock
            self.sock = None
            hub.forget(sock)
            sock.close()
