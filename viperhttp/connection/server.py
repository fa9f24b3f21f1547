"""The server: listens, admits connections up to a limit, watches every deadline, and shuts down in order."""

import asyncio
import errno
import gc

from ..config import MICROPYTHON
from ..log import report
from ..transport import Listener, current, ticks, ticks_add, ticks_diff
from .http import LINGER, HttpConnection
from .ws import OPEN

if MICROPYTHON:
    from ..transport.hub import hub

_MAX_SWEEP = 500  # ms between two looks at the deadlines
_MIN_SWEEP = 20
_CLEAN_UP = 10  # times _MIN_SWEEP that cancelled handlers have for their `finally` at the end
_MAX_REFUSALS = 4  # refused clients that may read their 503 at the same time; more are closed at once


class Server:
    """One listening port and its connections.

    config      a Config
    dispatcher  the application's side: handle(connection, head), finished(channel, value, error),
                timed_out(connection), disconnected(channel), make_request(connection)
    """

    def __init__(self, config, dispatcher):
        self.config = config
        self.app = dispatcher.app
        self.last_head = None  # what the last WebSocket keeps of its request, to be shared by equal ones
        self.dispatcher = dispatcher
        self.last = None  # the head of the last request, should the next be the same
        self.handle = dispatcher.handle
        self.answer = dispatcher.finished
        self.disconnected = dispatcher.disconnected
        self.debug = dispatcher.debug
        self.channels = set()  # CPython; the hub has MicroPython's
        self.count = 0  # connections that hold a slot
        self.accepted = 0  # counter: clients that got a slot
        self.refused = 0  # counter: clients that got a 503
        self.heard = 0  # counter: looks at the deadlines that found bytes of some client
        self.swept = 0  # counter: looks at the deadlines
        self.lingering = {}  # {channel: tick}: handlers that go on although their peer has gone
        self.listener = None
        self.stopping = False
        self.stopped = None

    # ---- life ------------------------------------------------------------

    async def listen(self, host: str, port: int) -> None:
        """Bind the port and accept connections. OSError says what is wrong with the port."""
        try:
            self.listener = Listener(host, port, self.config.backlog, self._accepted)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise OSError(
                    error.errno,
                    "port %d is in use by another program; stop it, or choose another with app.run(port=...)" % port,
                )
            if error.errno == errno.EACCES:
                raise OSError(error.errno, "port %d needs special rights; choose one above 1023" % port)
            raise
        self.stopped = asyncio.Event()
        await self.listener.open(self.config)

    async def serve(self) -> None:
        """Watch deadlines until shutdown() has finished."""
        pause = self._sweep_interval() / 1000
        while not self.stopped.is_set():
            await asyncio.sleep(pause)
            try:
                self.sweep(ticks())
            except MemoryError as error:
                report("deadlines not looked at", error)  # the next time, then; the server goes on

    def _sweep_interval(self) -> int:
        config = self.config
        shortest = _MAX_SWEEP / 250
        for key in dir(config):
            if key.endswith("_timeout") or key == "ping_interval":
                value = getattr(config, key)
                if value is not None and value < shortest:
                    shortest = value
        return max(_MIN_SWEEP, int(shortest * 250))

    async def shutdown(self) -> None:
        """Accept no more, close WebSockets with 1001, let answers end, and free the port.

        A handler may call it: its own answer, or its own WebSocket's end, is not waited for.
        """
        if self.stopping:
            return await self.stopped.wait()
        self.stopping = True
        self.listener.close()
        caller = current()
        for channel in self._all():
            self._end(channel)
        deadline = ticks_add(ticks(), int(self.config.shutdown_timeout * 1000))
        while ticks_diff(ticks(), deadline) < 0 and self._busy(caller):
            await asyncio.sleep(_MIN_SWEEP / 1000)
            self.sweep(ticks())
            for channel in self._all():
                if channel.kind == "ws" and channel.phase == OPEN:
                    self._end(channel)  # it was accepted only now
        cancelled = [channel for channel in self._all() if channel.task is not None] + list(self.lingering)
        self.abort(caller)
        # Cancelled handlers run their `finally`, which may wait for something.
        for _ in range(_CLEAN_UP):
            await asyncio.sleep(0)
            if all(channel.task is None or channel is caller for channel in cancelled):
                break
            await asyncio.sleep(_MIN_SWEEP / 1000)
        self.stopped.set()

    def _busy(self, caller) -> bool:
        for channel in self._all():
            if channel is not caller:
                return True
        for channel in self.lingering:
            if channel is not caller:
                return True
        return False

    def _end(self, channel) -> None:
        if channel.kind == "ws":
            if channel.phase == OPEN:
                channel.start_close(1001, "the server stops")
            elif not channel.task:
                channel.drop()
        elif not channel.stop():
            channel.drop()

    def abort(self, caller=None) -> None:
        """Close everything at once, but for `caller`, and cancel what still runs."""
        if self.listener is not None:
            self.listener.close()
        for channel in self._all():
            if channel is not caller or channel.kind == "ws":
                channel.drop()
        for channel in list(self.lingering):
            channel.cancel()
        self.lingering = {}

    def _all(self) -> list:
        if MICROPYTHON:
            # Ctrl-C may have struck between the two steps of closing a socket.
            return [c for c in hub.channels.values() if c.server is self and c.sock is not None]
        return list(self.channels)

    # ---- admission -------------------------------------------------------

    def _accepted(self, sock, peer) -> None:
        channel = HttpConnection()
        try:
            channel.attach(sock, peer, self)
            if self.stopping:
                return channel.drop()
            if self.count >= self.config.max_clients:
                return self._refuse(channel, "the server is full (%d clients)" % self.config.max_clients)
            if self.is_short_of_memory():
                return self._refuse(channel, "the server is short of memory")
            self.count += 1
            self.accepted += 1
            channel.counted = True
            channel.open()
        except (MemoryError, OSError) as error:
            report("connection refused", error)
            channel.drop()

    def is_short_of_memory(self) -> bool:
        """Whether less than min_free_heap is free: those who are connected need it more than a further client."""
        limit = self.config.min_free_heap
        if not MICROPYTHON or not limit or gc.mem_free() >= limit:
            return False
        gc.collect()  # garbage is no reason to send anybody away
        return gc.mem_free() < limit

    def _refuse(self, channel: HttpConnection, text: str) -> None:
        self.refused += 1
        waiting = 0
        for other in self._all():
            if other.kind == "http" and other.phase == LINGER:
                waiting += 1
        if waiting >= _MAX_REFUSALS:
            return channel.drop()
        channel.refuse(503, text, [("Retry-After", self.config.retry_after)])

    def release(self, channel) -> None:
        """The connection gives its slot back."""
        if channel.counted:
            channel.counted = False
            self.count -= 1

    # ---- deadlines -------------------------------------------------------

    def sweep(self, now: int) -> None:
        """Look at every connection's deadlines."""
        if not self.stopping:
            self.listener.check(now)
        self.swept += 1
        heard = False
        for channel in self._all():
            heard = heard or channel.heard()
            try:
                channel.check(now)
            except Exception as error:
                report("connection dropped", error, True)
                channel.drop()
        self.heard += heard
        for channel in list(self.lingering):
            if ticks_diff(now, self.lingering[channel]) >= 0:
                self._give_up(channel)

    def check_channel(self, channel, now: int) -> None:
        """The deadlines that all connections have: of writing, and of the present phase."""
        since = channel.stuck_since()
        limit = self.config.write_timeout
        if since is not None and limit is not None and ticks_diff(now, since) >= int(limit * 1000):
            return channel.drop()
        if channel.due is not None and ticks_diff(now, channel.due) >= 0:
            channel.overdue()

    def gone(self, channel, at_once: bool = False) -> None:
        """The connection is closed; its handler, if it goes on, has linger_timeout to notice, or no time."""
        if channel.task is not None and (at_once or self.config.linger_timeout is not None):
            if len(self.lingering) >= self.config.max_clients:
                # Slots bound the connections; this bounds the handlers that outlive theirs.
                self._give_up(min(self.lingering, key=self.lingering.get))
            wait = 0 if at_once else int(self.config.linger_timeout * 1000)
            self.lingering[channel] = ticks_add(ticks(), wait)
        self.disconnected(channel)

    def _give_up(self, channel) -> None:
        if channel.cancel() or channel.task is None:
            del self.lingering[channel]
        else:
            # Asked by the poller, where the task that ran last still counts as the one that asks: at the next look.
            self.lingering[channel] = ticks()

    def finished(self, channel, value, error) -> None:
        """A handler has ended."""
        if self.lingering:
            self.lingering.pop(channel, None)
        self.answer(channel, value, error)
