"""The server: listens, admits connections up to a limit, watches every deadline, and shuts down in order."""

import asyncio
import gc

from ..cold import Cold, complete, once
from ..config import MICROPYTHON, const
from ..log import report
from ..transport import ticks, ticks_add, ticks_diff
from .http import HttpConnection

_OPEN = const(1)  # connection.phases.OPEN
_LINGER = const(6)  # connection.phases.LINGER

if MICROPYTHON:
    from ..transport.hub import hub

_MAX_REFUSALS = const(4)  # refused clients that may read their 503 at the same time; more are closed at once


class Server(Cold):
    """One listening port and its connections.

    config      a Config
    dispatcher  the application's side: handle(connection, head), finished(channel, value, error),
                timed_out(connection), disconnected(channel), make_request(connection)
    """

    _cold = ("viperhttp.connection.stop.Stopping shutdown ",)
    listener = None
    last_head = None  # what the last WebSocket keeps of its request, to be shared by equal ones
    last = None  # the head of the last request, should the next be the same
    count = 0  # connections that hold a slot
    accepted = 0  # counter: clients that got a slot
    refused = 0  # counter: clients that got a 503
    heard = 0  # counter: looks at the deadlines that found bytes of some client
    swept = 0  # counter: looks at the deadlines
    stopping = False
    stopped = None

    def __init__(self, config, dispatcher):
        self.config = config
        self.app = dispatcher.app
        self.dispatcher = dispatcher
        self.handle = dispatcher.handle
        self.answer = dispatcher.finished
        self.disconnected = dispatcher.disconnected
        self.debug = dispatcher.debug
        self.channels = set()  # CPython; the hub has MicroPython's
        self.lingering = {}  # {channel: tick}: handlers that go on although their peer has gone

    # ---- life ------------------------------------------------------------

    async def listen(self, host: str, port: int) -> None:
        """Bind the port and accept connections. OSError says what is wrong with the port."""
        self.stopped = asyncio.Event()
        await once("viperhttp.connection.start", "listen")(self, host, port)

    async def serve(self) -> None:
        """Watch deadlines until shutdown() has finished."""
        pause = once("viperhttp.connection.start", "interval")(self.config) / 1000
        while not self.stopped.is_set():
            await asyncio.sleep(pause)
            try:
                self.sweep(ticks())
            except MemoryError as error:
                report("deadlines not looked at", error)  # the next time, then; the server goes on

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
            limit = self.config.max_clients
            full = self.count >= limit
            if full or self.is_short_of_memory():
                self.refused += 1
                waiting = 0
                for other in self._all():
                    if other.kind == "http" and other.phase == _LINGER:
                        waiting += 1
                if waiting >= _MAX_REFUSALS:
                    return channel.drop()
                why = "full (%d clients)" % limit if full else "short of memory"
                header = "Retry-After: %s\r\n" % self.config.retry_after
                return channel.turn_away("503 Service Unavailable", "the server is %s\n" % why, header)
            self.count += 1
            self.accepted += 1
            channel.counted = True
            channel.limit = self.config.first_byte_timeout
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
            if channel.kind == "http":
                heard = heard or channel.fresh
            elif channel.seen is None and channel.phase == _OPEN:
                heard = True
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


if not MICROPYTHON:
    complete(Server)
