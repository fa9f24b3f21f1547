"""An event stream as a member of rooms: what a WebSocket offers them, over an HttpConnection."""

from ..config import const
from ..connection.sender import DROPPED
from ..transport import LOST
from .group import SSE, SSE_VIPER

_CLOSED = const(3)  # connection.phases.CLOSED
_OPEN = const(1)  # connection.phases.OPEN


class SseMember:
    """One event stream. What a handler may ask of a request (headers, query_params ...) it may ask here.

    id     unguessable: who knows it may send messages for this stream
    asked  names of the rooms that it asked for
    """

    asked: "list | tuple" = ()

    gate = None
    behind = None
    subprotocol = None

    def __init__(self, request, viper: bool, ident: str):
        self.request = request
        self.app = request.app
        self.connection = request.connection
        self.server = request.connection.server
        self.kind_of_member = SSE_VIPER if viper else SSE
        self.id = ident
        self.phase = _OPEN
        self.state: dict = {}

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.request, name)

    def backlog(self) -> int:
        """Bytes that wait to be sent."""
        return self.connection.backlog()

    def take(self, form: bytes) -> bool:
        """Send `form` if nothing waits."""
        connection = self.connection
        if connection.out is not None or connection.blocked or self.phase != _OPEN or self.behind is not None:
            return False  # what waits for it goes first; its handler is about to hand that over
        return connection.write(form, len(form)) >= 0

    def push(self, form: bytes) -> int:
        """Send without waiting: SENT, QUEUED, DROPPED (the queue is full) or LOST."""
        connection = self.connection
        if self.phase != _OPEN or connection.sock is None:
            return LOST
        waiting = connection.backlog()
        if waiting and waiting + len(form) > connection.server.config.send_queue:
            return DROPPED
        return connection.write(form, len(form))

    def fail(self, code: int, reason: str) -> None:
        """The client is too slow: the stream ends at once, and it may connect again."""
        self.phase = _CLOSED
        self.connection.drop()

    async def ensure_closed(self, code: int = 1000) -> None:
        """End the stream when what waits is sent."""
        if self.phase == _OPEN:
            self.phase = _CLOSED
            self.connection.close_when_sent()
