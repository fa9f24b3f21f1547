"""Connections that stay in memory: a Pipe stands where the socket would be, for tests without a network."""

from ..config import MICROPYTHON

CAPACITY = 65536  # bytes that the "network" holds before the server has to wait, as a socket's buffers would

_IN = 1  # select.POLLIN
_OUT = 4  # select.POLLOUT
_EPIPE = 32


class PipeBase:
    """Both ends of one connection.

    sent    bytearray: what the server has sent and the client has not taken
    opened  the server has not closed its end
    channel what serves the last request, failure what its handler raised: kept for the TestClient
    """

    def __init__(self):
        self.sent = bytearray()
        self.opened = True
        self.waiting = b""  # what the client has sent and the server has not read
        self.left = False  # the client has gone
        self.channel = None
        self.failure = None

    def send(self, data: bytes) -> None:
        """The client sends."""
        self.waiting += data

    def take(self, n: int) -> bytes:
        """The client takes up to `n` bytes of what was sent."""
        data = bytes(self.sent[:n])
        self.sent = self.sent[n:]
        return data

    def leave(self) -> None:
        """The client closes its end: the server reads an end, and can send no more."""
        self.left = True
        self.sent = bytearray()

    def pump(self) -> None:
        """Let the server read and write what it can. Inside the event loop only."""
        raise NotImplementedError


if MICROPYTHON:
    from .binding import install
    from .hub import hub

    class Pipe(PipeBase):
        """What a Channel takes for its socket."""

        events = 0  # what the hub waits for

        def pump(self) -> None:
            """Let the server read and write what it can."""
            while self.opened and self.events & _IN and (self.waiting or self.left):
                hub.channels[self].ready(_IN)
            if self.opened and self.events & _OUT and (self.left or len(self.sent) < CAPACITY):
                hub.channels[self].ready(_OUT)

        def readinto(self, buf):
            """As a non-blocking socket: None when there is nothing, 0 at the end."""
            n = min(len(buf), len(self.waiting))
            if not n:
                return 0 if self.left else None
            buf[:n] = self.waiting[:n]
            self.waiting = self.waiting[n:]
            return n

        def write(self, data, off: int, n: "int | None" = None) -> "int | None":
            """write(data, n) or write(data, off, n); None when there is no room."""
            if self.left:
                raise OSError(_EPIPE)
            if n is None:
                off, n = 0, off
            n = min(n, CAPACITY - len(self.sent))
            if n <= 0:
                return None
            self.sent.extend(memoryview(data)[off : off + n])
            return n

        def close(self) -> None:
            """The server closes its end."""
            self.opened = False

    class _Poller:
        # In place of select.poll(): knows Pipes, and passes all else on.
        def __init__(self, poller):
            self.poller = poller

        def register(self, sock, events: int) -> None:
            if isinstance(sock, Pipe):
                sock.events = events
            else:
                self.poller.register(sock, events)

        modify = register

        def unregister(self, sock) -> None:
            if isinstance(sock, Pipe):
                sock.events = 0
            else:
                self.poller.unregister(sock)

        def ipoll(self, dt: int):
            return self.poller.ipoll(dt)

    async def _prepare(config) -> None:
        await install(hub, config)
        if not isinstance(hub.poller, _Poller):
            hub.poller = _Poller(hub.poller)

else:
    from . import aio

    class Pipe(PipeBase):
        """What a Channel takes for its asyncio transport."""

        protocol = None
        reading = True
        blocked = False
        failed = False

        def pump(self) -> None:
            """Let the server read and write what it can."""
            data, at = self.waiting, 0
            while self.opened and self.reading and at < len(data):
                buf = self.protocol.get_buffer(-1)
                n = min(len(buf), len(data) - at)
                buf[:n] = data[at : at + n]
                at += n
                self.protocol.buffer_updated(n)
            self.waiting = data[at:]
            if self.opened and self.left and self.reading:
                self.protocol.eof_received()
            if self.blocked and self.opened and len(self.sent) <= CAPACITY:
                self.blocked = False
                self.protocol.resume_writing()

        def set_protocol(self, protocol) -> None:
            """The Channel that reads from now on."""
            self.protocol = protocol

        def set_write_buffer_limits(self, high=None, low=None) -> None:
            """pause_writing() comes as soon as the network is full."""

        def get_write_buffer_size(self) -> int:
            """Bytes that the network has no room for."""
            return max(0, len(self.sent) - CAPACITY)

        def get_extra_info(self, name, default=None):
            """There is no socket behind it."""
            return default

        def write(self, data) -> None:
            """Send; after the client has gone it fails as a socket's does."""
            if self.left or not self.opened:
                self.failed = True
                return
            self.sent.extend(data)
            if len(self.sent) > CAPACITY and not self.blocked:
                self.blocked = True
                self.protocol.pause_writing()

        def pause_reading(self) -> None:
            """Read no more."""
            self.reading = False

        def resume_reading(self) -> None:
            """Read again."""
            self.reading = True

        def is_closing(self) -> bool:
            """Whether the server has closed its end, or a write has failed."""
            return self.failed or not self.opened

        def close(self) -> None:
            """The server closes its end."""
            self.opened = False

        abort = close

    async def _prepare(config) -> None:
        if len(aio.RX) < config.rx_buffer:
            aio._grow(config.rx_buffer)


class MemoryListener:
    """Where a Server's Listener would be. `accepted(pipe, peer)` is called for each connect()."""

    def __init__(self, accepted):
        self.accepted = accepted

    async def open(self, config) -> None:
        """Start to accept."""
        await _prepare(config)

    def connect(self, peer: tuple) -> Pipe:
        """A new connection; `peer` is the client's (host, port). Inside the event loop only."""
        pipe = Pipe()
        self.accepted(pipe, peer)
        return pipe

    def check(self, now: int) -> None:
        """Accepting in memory needs no watching."""

    def close(self) -> None:
        """Accept no more: connect() is not called any more."""
