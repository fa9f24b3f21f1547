"""The opening of a WebSocket: accept, reject, subprotocols, and whose pages may connect."""

from ..connection.ws import CONNECTING, OPEN
from ..exceptions import WebSocketDisconnect
from ..protocol import handshake
from ..protocol.codes import POLICY_VIOLATION
from ..protocol.response import pairs
from ..transport import ticks, ticks_add

_FOREIGN = (
    "pages of this origin may not connect; allow them by ViperHTTP(allowed_origins=[...]), or all by"
    " allowed_origins='*'\n"
)


class Handshake:
    """What a WebSocket has to know only until it is accepted.

    accept_value    of Sec-WebSocket-Accept
    origin_checked  the application has judged the Origin
    stepped         the handler has made its first step; what it wanted of the headers it has read
    """

    def __init__(self, accept_value: bytes):
        self.accept_value = accept_value
        self.origin_checked = self.stepped = False


class Opening:
    """Mixin of WebSocket: everything up to the 101."""

    handshake: "Handshake | None" = None
    at_accept = None  # a function that gives further headers of the 101
    subprotocol = None

    def _get_requested_subprotocols(self) -> list:
        """What the client offers, in its order of preference."""
        return handshake.offered(self.head)

    def negotiate_subprotocol(self, supported) -> "str | None":
        """The client's first choice among `supported`, None when there is none (RFC 6455 section 4.2.2)."""
        for name in self._get_requested_subprotocols():
            if name in supported:
                return name
        return None

    def begin_handshake(self) -> None:
        """The handler has config handshake_timeout to accept or refuse."""
        seconds = self.server.config.handshake_timeout
        self.due = None if seconds is None else ticks_add(ticks(), int(seconds * 1000))

    def started(self) -> None:
        """The handler has made its first step: a route that accepts by itself does so now."""
        if self.phase == CONNECTING and self.route.auto_accept and self.task is not None:
            self.accept_by_itself()
        if self.handshake is not None:
            self.handshake.stepped = True
        if self.phase == OPEN:
            self.forget_headers()

    def accept_by_itself(self) -> None:
        """accept() on a route with auto_accept. A page that may not connect gets its 403; nobody waits to be told."""
        try:
            self.accept_now()
        except WebSocketDisconnect:
            pass

    async def accept(self, subprotocol: "str | None" = None, headers=None) -> None:
        """Complete the handshake. A second call does nothing.

        subprotocol  the one to speak; left out of the answer unless the client offered it (section 4.1). By
                     default the client's first offer that is in the route's `protocols`
        headers      further response headers, dict or pairs; ValueError when one has a line break
        Raises WebSocketDisconnect after a close, and when the page's origin is not allowed.
        """
        self.accept_now(subprotocol, headers)

    def accept_now(self, subprotocol: "str | None" = None, headers=None) -> None:
        """accept() without the `await`."""
        if self.phase != CONNECTING:
            if self.phase == OPEN:
                return
            raise self.ended_error()
        opening = self.handshake
        if not opening.origin_checked and not self.origin_allowed():
            self.refuse_with(POLICY_VIOLATION, 403, _FOREIGN)
            raise self.ended_error()
        if subprotocol is None:
            subprotocol = self.negotiate_subprotocol(self.route.protocols or ())
        elif subprotocol not in self._get_requested_subprotocols():
            subprotocol = None
        if self.at_accept is not None:
            headers = pairs(headers) + self.at_accept()
        answer = handshake.response(opening.accept_value, subprotocol, pairs(headers))
        # Removed, not set to None: an idle connection is to have no room for what it does not need.
        del self.handshake, self.due
        if subprotocol is not None:
            self.subprotocol = subprotocol
        self.open(answer)
        if opening.stepped:
            self.forget_headers()

    def origin_allowed(self) -> bool:
        """Whether the Origin header is the board's own host, or allowed by the route or the application."""
        return origin_ok(self.head, self.app, self.route.origins)

    def check_origin(self, allowed) -> bool:
        """Whether the Origin header is `allowed` (str or several): case and a final "/" do not count.

        "*" allows everything, also a missing Origin; otherwise a missing one or "null" is False. The answer replaces
        the default rule, that pages of the board's own host may connect.
        """
        if self.handshake is not None:
            self.handshake.origin_checked = True
        return origin_in(self.origin, allowed)

    async def reject(self, status: int = 403, body="", headers=None) -> None:
        """Refuse the handshake with an HTTP status (default 403), `body` (str or bytes) and headers (dict or pairs).

        After accept() it is close(1008).
        """
        if self.phase == CONNECTING:
            self.refuse_with(403, status, body, pairs(headers))
        elif self.phase == OPEN:
            self.start_close(POLICY_VIOLATION, "")

    def refuse_with(self, code: int, status: int, body, extra=()) -> None:
        """Refuse the handshake with an HTTP status; `code` is what the application's close() said."""
        if isinstance(body, str):
            body = body.encode()
        self.close_code = code
        self.close_reason = ""
        self.refuse(status, list(extra), body)


def origin_ok(head, app, allowed) -> bool:
    """Whether a request's Origin is the board's own host, in `allowed`, or (None) in the application's list."""
    # A page of any site may open a socket to any address (there is no CORS for WebSockets), so the server decides.
    origin = head.get("origin")
    if not origin:
        return True  # not a browser
    host = head.get("host", "")
    if origin.lower() in ("http://" + host.lower(), "https://" + host.lower()):
        return True
    if allowed is None:
        allowed = app.allowed_origins
    return allowed is not None and origin_in(origin, allowed)


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
