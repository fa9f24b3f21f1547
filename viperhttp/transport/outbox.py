"""What waits for a socket that takes no more: bounded by the caller, control frames first."""

LOST = -1  # the connection is gone
QUEUED = 0  # it waits in the outbox
SENT = 1  # the operating system has it

CHANGES = [0]  # counts: a WebSocket has begun, or ceased, to be open with nothing waiting for its socket


def changed() -> None:
    """Whoever has found out which connections take a frame at once has to look again."""
    CHANGES[0] = (CHANGES[0] + 1) & 0xFFFFFFF


class Outbox:
    """Data that waits for one socket. It exists only while there is some.

    size   bytes that wait
    since  tick of the last progress
    """

    def __init__(self, now: int):
        self.current = None  # what is half out; nothing may go before its end
        self.pos = 0
        self.pong = None
        self.urgent = []
        self.items = []
        self.size = 0
        self.since = now

    def add(self, data: bytes) -> None:
        """Queue behind everything."""
        self.items.append(data)
        self.size += len(data)

    def add_urgent(self, data: bytes) -> None:
        """Queue a control frame: behind what is half out and earlier control frames, before all data."""
        self.urgent.append(data)
        self.size += len(data)

    def set_pong(self, data: bytes) -> None:
        """Queue a PONG in place of one that has not gone yet (RFC 6455 section 5.5.3): it stays one."""
        if self.pong is not None:
            self.size -= len(self.pong)
        self.pong = data
        self.size += len(data)

    def next(self) -> "bytes | None":
        """What goes out next; `pos` bytes of it are gone already. None when nothing waits."""
        if self.current is None:
            self.pos = 0
            if self.pong is not None:
                self.current = self.pong
                self.pong = None
            elif self.urgent:
                self.current = self.urgent.pop(0)
            elif self.items:
                self.current = self.items.pop(0)
        return self.current

    def advance(self, n: int, now: int) -> None:
        """`n` bytes of `current` are out."""
        self.pos += n
        self.size -= n
        self.since = now
        if self.pos >= len(self.current):
            self.current = None

    def drop_data(self) -> int:
        """Forget what waits but for the half-sent item and control frames; return how many items that were."""
        n = len(self.items)
        for data in self.items:
            self.size -= len(data)
        self.items = []
        return n
