"""What a WebSocket has for special wants: `async with`, its state, messages without a waiting handler."""

from ..config import const
from ..exceptions import WebSocketDisconnect
from ..protocol.frames import sendable

_OPEN = const(1)  # connection.phases.OPEN
_INTERNAL_ERROR = const(1011)  # codes.INTERNAL_ERROR


class Rare:
    """Mixin of WebSocket."""

    def _get_accepted(self) -> bool:
        """The handshake is complete."""
        return self.handshake is None

    def _get_closed(self) -> bool:
        """Either side has closed, or the connection is lost."""
        return self.phase > _OPEN

    def _get_app(self):
        """The application."""
        return self.server.app

    def _get_request(self):
        """The request behind the WebSocket: itself, since it has all that a Request tells."""
        return self

    def _get_state(self) -> dict:
        """A dict for the application's own use."""
        if self._scrap is None:
            self._scrap = {}
        return self._scrap

    async def ensure_closed(self, code: int = 1000) -> None:
        """close() that never raises; a code that may not be sent becomes 1011."""
        self.close_called = False
        await self.close(code if sendable(code) else _INTERNAL_ERROR)

    async def __aenter__(self):
        """Accept, if that has not happened."""
        self.accept_now()
        return self

    async def __aexit__(self, kind, error, traceback):
        """Close with 1000, or with 1011 after an exception; a disconnect in caught_close_codes is an ordinary end."""
        if error is None:
            await self.ensure_closed()
            return False
        if isinstance(error, WebSocketDisconnect):
            caught = self.route.caught
            if caught is all or error.code in caught:  # the built-in `all` means every code
                return True
            self.let_out = True
        await self.ensure_closed(_INTERNAL_ERROR)
        return False

    # ---- without a waiting handler ---------------------------------------

    def each(self, callback, view: bool = False):
        """Call callback(message), str or bytes, for each message as it arrives, until the connection ends.

        view  callback(view, is_text) gets a memoryview of the bytes instead, valid only during the call
        Await it: it returns at the end, as `async for` over iter_text() does (close_code tells which), and raises
        what a callback raises, which ends it; after that, and when it is cancelled, messages go to receive() again.
        Or let the handler return it, not awaited: the connection goes on without a task. An error is then logged, and
        closes it with 1011.
        The function must not wait. It answers by try_send(): while that waits for the peer, no message is read.
        """
        from .direct import each

        return each(self, callback, view)

    def relay(self, to=None):
        """Hand each message on as it is: back to the peer, to another WebSocket, or to a room. No object is made.

        Text is checked as ever. When the other WebSocket is slow, nothing more is read here; when it is over,
        WebSocketDisconnect is raised. What a room does with slow members is its policy. Else as each().
        """
        from .direct import relay

        return relay(self, to)
