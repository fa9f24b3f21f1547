"""CPython: the same Channel over asyncio's transports, reading into one shared buffer (BufferedProtocol).

What costs, and is avoided (tools/bench/README.md has the figures): data_received, whose buffer is allocated for each
read; a pass of the event loop for a handler that waits, which is resumed on the spot; the transport's write() where
its socket takes the bytes at once; a system call for each of the answers to messages that have come together."""

import asyncio
import contextvars
import os
import socket
from asyncio import selector_events

from ..log import report
from .clock import ticks
from .done import Wait
from .outbox import LOST, QUEUED, SENT, Outbox

RX = bytearray(262144)
_RX_VIEW = memoryview(RX)
_BUFFER = {-1: _RX_VIEW}
TX = bytearray(16)
CORK = 4096  # bytes of answers that wait for the end of a batch of messages
# The transport that has everything sent when it is not blocked: what it would write may go to its socket directly.
_DIRECT = getattr(selector_events, "_SelectorSocketTransport", None) if os.name == "posix" else None

# The Channel whose handler the current task runs.
_current: contextvars.ContextVar = contextvars.ContextVar("viperhttp_channel", default=None)


class Channel(asyncio.BufferedProtocol):
    """Socket, send queue and handler task of one connection; see channel.py for the meaning of each method."""

    sock = None  # the asyncio transport while the connection is open
    server = None
    out = None
    blocked = False  # the transport has unsent data of its own
    fd = None  # the socket's number, while writing to it directly is allowed
    number = None  # the socket's number, where it ever is
    corked = None  # list of what goes out together, while a batch of messages is dealt with
    task = None
    waiter = None
    wait = None  # the Wait of the tasks that park here
    closing = False
    paused = False
    due = None
    peer = None
    _since = 0
    _size = 0

    # ---- what subclasses fill in ---------------------------------------

    def feed(self, buf, off: int, end: int) -> None:
        """Bytes arrived; `buf` (a bytearray, or a writable memoryview) is valid only during the call."""

    def eof(self) -> None:
        """The peer sends no more."""
        self.drop()

    def lost(self) -> None:
        """The socket is closed, by whichever side."""

    def drained(self) -> None:
        """The send queue is empty again."""

    def started(self) -> None:
        """The handler has made its first step."""

    def ended(self, value, error) -> None:
        """The handler has returned `value` or raised `error`."""

    def overdue(self) -> None:
        """The deadline `due` has passed."""

    # ---- asyncio's side --------------------------------------------------

    def attach(self, sock, peer, server) -> None:
        """Take charge of a transport."""
        self.loop = asyncio.get_running_loop()
        self.sock = sock
        self.peer = peer
        self.server = server
        if type(sock) is _DIRECT:
            self.fd = self.number = sock.get_extra_info("socket").fileno()
        sock.set_write_buffer_limits(0)
        sock.set_protocol(self)
        server.channels.add(self)

    def take_over(self, other: "Channel") -> None:
        """Go on with the transport of `other`, whose part ends here."""
        self.loop = other.loop
        self.sock = other.sock
        self.peer = other.peer
        self.server = other.server
        self.out = other.out
        self.blocked = other.blocked
        self.fd = other.fd
        self.number = other.number
        self.corked = self.wait = None  # on the instance: what only the class has is searched for each time
        if self.number is not None:
            self.get_buffer = _BUFFER.get  # type: ignore[method-assign]  # that transport asks get_buffer(-1): answered without a Python function
        self.paused = other.paused
        other.sock = other.out = other.fd = None
        self.sock.set_protocol(self)
        self.server.channels.discard(other)
        self.server.channels.add(self)
        self.resume()  # the other may have paused while an earlier request was answered
        if self.blocked and not self.sock.get_write_buffer_size():
            self.resume_writing()  # the other was told, and has not come to it

    def get_buffer(self, hint):
        return _RX_VIEW

    def buffer_updated(self, n):
        try:
            self.feed(RX, 0, n)
        except Exception as error:
            report("connection dropped", error, True)
            self.drop()

    def eof_received(self):
        if self.sock is not None:
            self.eof()
        return True  # closing is our decision

    def connection_lost(self, error):
        if self.sock is not None:
            self._gone()

    def pause_writing(self):
        self.blocked = True
        self.fd = None
        self._since = ticks()
        self._size = self.sock.get_write_buffer_size() if self.sock is not None else 0

    def resume_writing(self):
        self.loop.call_soon(self._resume_writing)  # a write that fails here, within asyncio's own, would end it twice

    def _resume_writing(self):
        if self.sock is not None:
            self.blocked = False
            if self.corked is None:
                self.fd = self.number
            self.flush()

    # ---- socket ----------------------------------------------------------

    def write(self, data, n: int) -> int:
        """Send `n` bytes of `data`, which the caller may change afterwards. SENT, QUEUED or LOST."""
        if self.sock is None:
            return LOST
        if len(data) != n or type(data) is not bytes:
            data = bytes(memoryview(data)[:n])
        if self.blocked:
            self._queue().add(data)
            return QUEUED
        if self.corked is not None:
            return self.hold(data)
        return self.write_now(data)

    def write_now(self, data: bytes) -> int:
        """write() where nothing waits."""
        if self.fd is None:
            return self.write_rest(data, 0)
        try:
            n = os.write(self.fd, data)
        except OSError:
            n = 0  # the transport will meet the same error, and deals with it
        return SENT if n == len(data) else self.write_rest(data, n)

    def write_rest(self, data: bytes, n: int) -> int:
        """Send data[n:], which the socket has not taken at once, through the transport."""
        self.sock.write(memoryview(data)[n:] if n else data)
        if self.sock.is_closing():
            # The write has failed; asyncio would say so later, and a sender in a tight loop would never see it.
            self.drop()
            return LOST
        return QUEUED if self.blocked else SENT

    def cork(self) -> None:
        """Hold back what is written, up to CORK bytes, until uncork()."""
        self.corked = []
        self.fd = None
        self.room = CORK

    def hold(self, data: bytes) -> int:
        """write() while corked."""
        held = self.corked
        held.append(data)
        self.room -= len(data)
        if self.room >= 0:
            return SENT
        self.cork()
        return self.write_now(b"".join(held))

    def uncork(self) -> None:
        """Send what was held back."""
        held = self.corked
        self.corked = None
        if self.sock is not None:
            if not self.blocked:
                self.fd = self.number
            if held:
                self.write_now(b"".join(held))

    def write_framed(self, k: int, data, n: int) -> int:
        """Send TX[:k] and `data`, `n` bytes, by one write."""
        return self.write(bytes(TX[:k]) + data, k + n)

    def write_urgent(self, frame: bytes, pong: bool = False) -> int:
        """Send a control frame, before data that waits."""
        if not self.blocked:
            return self.write(frame, len(frame))
        if self.sock is None:
            return LOST
        if pong:
            self._queue().set_pong(frame)
        else:
            self._queue().add_urgent(frame)
        return QUEUED

    def _queue(self) -> Outbox:
        if self.out is None:
            self.out = Outbox(ticks())
        return self.out

    def flush(self) -> None:
        """Send what waits, as far as the transport takes it."""
        out = self.out
        while out is not None and not self.blocked:
            data = out.next()
            if data is None:
                self.out = out = None
                break
            out.advance(len(data), ticks())
            self.sock.write(data)
            if self.sock is None:
                return
        if not self.blocked:
            if self.closing:
                return self.drop()
            self.drained()

    def backlog(self) -> int:
        """Bytes that wait to be sent."""
        n = self.out.size if self.out is not None else 0
        return n + self.sock.get_write_buffer_size() if self.blocked and self.sock is not None else n

    def stuck_since(self) -> "int | None":
        """Tick since which the peer has taken nothing of what waits, or None."""
        if not self.blocked or self.sock is None:
            return None
        size = self.sock.get_write_buffer_size()
        if size != self._size:
            self._size = size
            self._since = ticks()
        return self._since

    def pause(self) -> None:
        """Read no more: the peer's data waits in the network."""
        if not self.paused and self.sock is not None:
            self.paused = True
            self.sock.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self.paused and self.sock is not None:
            self.paused = False
            self.sock.resume_reading()

    def close_when_sent(self) -> None:
        """Close the socket when what waits has gone."""
        self.closing = True
        if self.corked:
            self.uncork()
        if not self.blocked and self.out is None:
            self.drop()

    def drop(self) -> None:
        """Close the socket now; what waits is lost."""
        sock = self.sock
        if sock is not None:
            if self.corked:
                self.uncork()  # it counts as sent
                sock = self.sock
        if sock is not None:
            if self.blocked or self.out is not None:
                sock.abort()
            else:
                sock.close()
            self._gone()

    def _gone(self) -> None:
        self.sock = self.out = self.fd = None
        self.server.channels.discard(self)
        self.lost()

    # ---- handler ---------------------------------------------------------

    def start(self, coro) -> None:
        """Run `coro` as this connection's handler; its first step happens before anything else."""
        token = _current.set(self)
        self.task = self.loop.create_task(self._run(coro))
        _current.reset(token)
        self.loop.call_soon(self.started)

    async def _run(self, coro):
        try:
            value = await coro
        except (asyncio.CancelledError, Exception) as error:
            self._end(None, error)
        except BaseException:
            # A second Ctrl-C has struck the handler: whatever waits for its end must not wait in vain.
            self._end(None, asyncio.CancelledError())
            raise
        else:
            self._end(value, None)

    def _end(self, value, error) -> None:
        self.task = self.wait = None
        self.ended(value, error)

    def cancel(self) -> bool:
        """Cancel the handler. False when there is none, or it is the one that asks."""
        if self.task is None or self.task is asyncio.current_task(self.loop):
            return False
        return self.task.cancel()

    def park(self):
        """Await what this returns to sleep until wake(). One task at a time."""
        if self.waiter is not None:
            raise RuntimeError("another task is already waiting to receive from this connection")
        if self.wait is None:
            self.wait = Wait(self)
        self.waiter = self.wait
        return self.waiter

    def wake(self) -> None:
        """Resume the task that parked, on the spot. For feed() only."""
        wait = self.waiter
        if wait is not None:
            self.waiter = None
            wait.now()

    def wake_later(self) -> None:
        """Resume the task that parked, from any context."""
        wait = self.waiter
        if wait is not None:
            self.waiter = None
            wait.later()

    @staticmethod
    def current() -> "Channel | None":
        """The connection whose handler is running, or None in another task."""
        return _current.get()


class Listener:
    """The listening socket. `accepted(transport, peer)` is called for each new connection."""

    def __init__(self, host: str, port: int, backlog: int, accepted):
        # A socket of our own, so that "address in use" is raised here, and SO_REUSEADDR is as on a board.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.create_server((host, port), family=family, backlog=backlog)
        self.accepted = accepted
        self.server = None

    async def open(self, config) -> None:
        """Start to accept."""
        if len(RX) < config.rx_buffer:
            _grow(config.rx_buffer)
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: _Incoming(self), sock=self.sock, backlog=config.backlog)

    def check(self, now: int) -> None:
        """asyncio backs off by itself when accept() fails for want of memory or files."""

    def close(self) -> None:
        """Accept no more and free the port."""
        if self.server is not None:
            self.server.close()
        self.sock.close()


class _Incoming(asyncio.Protocol):
    """Hands a new transport over to the Channel that the server chooses."""

    def __init__(self, listener):
        self.listener = listener

    def connection_made(self, transport):
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.listener.accepted(transport, transport.get_extra_info("peername"))


def _grow(size: int) -> None:
    global RX, _RX_VIEW
    RX = bytearray(size)
    _BUFFER[-1] = _RX_VIEW = memoryview(RX)
