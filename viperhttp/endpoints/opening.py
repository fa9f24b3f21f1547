"""The less common ways of opening a WebSocket: subprotocols, other sites' pages, refusals."""

from ..config import const
from ..exceptions import WebSocketDisconnect
from ..protocol import handshake
from ..protocol.response import pairs

_CONNECTING = const(0)  # connection.phases.CONNECTING
_OPEN = const(1)  # connection.phases.OPEN
_POLICY_VIOLATION = const(1008)  # codes.POLICY_VIOLATION

_JUDGED = const(1)  # websocket.JUDGED
_FOREIGN = (
    "pages of this origin may not connect; allow them by ViperHTTP(allowed_origins=[...]), or all by"
    " allowed_origins='*'\n"
)


class Opening:
    """Mixin of WebSocket."""

    def _get_requested_subprotocols(self) -> list:
        """What the client offers, in its order of preference."""
        return handshake.offered(self.head)

    def negotiate_subprotocol(self, supported) -> "str | None":
        """The client's first choice among `supported`, None when there is none (RFC 6455 section 4.2.2)."""
        for name in self._get_requested_subprotocols():
            if name in supported:
                return name
        return None

    def choose_subprotocol(self, wanted: "str | None") -> "str | None":
        """Which one the 101 names: `wanted` if the client offers it, or its first offer that the route has."""
        if wanted is None:
            return self.negotiate_subprotocol(self.route.protocols or ())
        return wanted if wanted in self._get_requested_subprotocols() else None

    def accept_by_itself(self) -> None:
        """accept() on a route with auto_accept. A page that may not connect gets its 403; nobody waits to be told."""
        try:
            self.accept_now()
        except WebSocketDisconnect:
            pass

    def need_origin(self) -> None:
        """A page that may not connect: refuse it, and raise what accept() raises then."""
        self.refuse_with(_POLICY_VIOLATION, 403, _FOREIGN)
        raise self.ended_error()

    def check_origin(self, allowed) -> bool:
        """Whether the Origin header is `allowed` (str or several): case and a final "/" do not count.

        "*" allows everything, also a missing Origin; otherwise a missing one or "null" is False. The answer replaces
        the default rule, that pages of the board's own host may connect.
        """
        if self.handshake is not None:
            self.handshake[_JUDGED] = True
        return origin_in(self.origin, allowed)

    async def reject(self, status: int = 403, body="", headers=None) -> None:
        """Refuse the handshake with an HTTP status (default 403), `body` (str or bytes) and headers (dict or pairs).

        After accept() it is close(1008).
        """
        if self.phase == _CONNECTING:
            self.refuse_with(403, status, body, pairs(headers))
        elif self.phase == _OPEN:
            self.start_close(_POLICY_VIOLATION, "")

    def refuse_with(self, code: int, status: int, body, extra=()) -> None:
        """Refuse the handshake with an HTTP status; `code` is what the application's close() said."""
        if isinstance(body, str):
            body = body.encode()
        self.close_code = code
        self.close_reason = ""
        self.refuse(status, list(extra), body)


def origin_in(origin: "str | None", allowed) -> bool:
    """Whether an Origin header is in `allowed`, a str or several; "*" is everything."""
    if isinstance(allowed, str):
        allowed = (allowed,)
    if "*" in allowed:
        return True
    if not origin or origin == "null":
        return False
    origin = origin.rstrip("/").lower()
    for name in allowed:
        if name.rstrip("/").lower() == origin:
            return True
    return False
