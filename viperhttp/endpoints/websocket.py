"""The WebSocket that a handler sees: its opening and end, and the way of ordinary texts.

Other kinds of messages, and what few handlers want, stand in mixins that load when they are asked for.
"""

from ..cold import Cold, complete
from ..config import MICROPYTHON, const
from ..connection.ws import WsConnection
from ..exceptions import WebSocketDisconnect
from ..protocol import handshake
from ..protocol.frames import sendable
from ..protocol.kernels import ST
from ..transport import ticks, ticks_add

_CONNECTING = const(0)  # connection.phases.CONNECTING
_OPEN = const(1)  # connection.phases.OPEN

_LIMIT = const(3)  # place in kernels.ST
_STR = const(0x181)  # first byte of a whole text message, given as str: see WsConnection.send_frame

# What a WebSocket has to know only until it is accepted is a list.
_ACCEPT = const(0)  # the value of Sec-WebSocket-Accept
_JUDGED = const(1)  # the application has judged the Origin
_STEPPED = const(2)  # the handler has made its first step; what it wanted of the headers it has read


class WebSocketBase(WsConnection, Cold):
    """One WebSocket connection (RFC 6455).

    path_params  dict of the route's parameters, decoded and converted
    subprotocol  the negotiated one, or None
    close_code   and close_reason: set from the moment either side's close is known
    """

    _cold = WsConnection._cold + (
        "viperhttp.endpoints.messages.Kinds receive receive_bytes receive_json receive_any receive_event message"
        " send send_bytes send_json send_event iter_bytes iter_json nap __aiter__ __anext__ ",
        "viperhttp.endpoints.rare.Rare _get_accepted _get_closed _get_app _get_request _get_state ensure_closed"
        " each relay __aenter__ __aexit__ ",
        "viperhttp.endpoints.opening.Opening _get_requested_subprotocols negotiate_subprotocol choose_subprotocol"
        " accept_by_itself check_origin need_origin reject refuse_with ",
        "viperhttp.endpoints.info.Info _get_path _get_query_string _get_query_params _get_query_parameters"
        " _get_headers header _get_cookies _get_session _get_origin _get_scheme _get_url _get_client ",
        "viperhttp.endpoints.trysend.TrySend try_send ",
        "viperhttp.endpoints.plain.Plain go_plain ",
    )
    _scheme = "ws"
    kind_of_member = None  # in rooms: by the subprotocol
    _scrap = None  # dict behind `state`
    path_params: dict = {}
    subprotocol = None
    handshake: "list | None" = None
    at_accept = None  # a function that gives further headers of the 101
    close_called = False
    let_out = False  # a disconnect has left `async with` that caught_close_codes lacks
    told = False  # the handler has had its close message
    at_end = None  # called when the handler has ended: a session saves itself
    call = None  # while each() or relay() is under way: see the package direct

    def __init__(self, connection, head, route, path_params: dict, accept_value: bytes, judged: bool):
        self.take_over(connection)
        if MICROPYTHON:
            self.peer = _packed(self.peer)
        if connection.counted:
            connection.counted = False
        else:
            self.counted = False
        self.head = head
        self.route = route
        if path_params:
            self.path_params = path_params
        self.handshake = [accept_value, judged, False]
        # On the instance from the start: what a class has is found later, and in a larger table. No more than 12 names
        # in all, of which open() adds two and accept() takes two away: a table of 12 has 96 bytes, the next one 136.
        self.phase = _CONNECTING
        self.pending = self.waiter = self.task = None
        if route.limit < ST[_LIMIT]:
            ST[_LIMIT] = route.limit
        # The handler has that long to accept or refuse.
        seconds = self.server.config.handshake_timeout
        self.due = None if seconds is None else ticks_add(ticks(), int(seconds * 1000))

    # ---- opening ---------------------------------------------------------

    def started(self) -> None:
        """The handler has made its first step: a route that accepts by itself does so now."""
        if self.phase == _CONNECTING and self.route.auto_accept and self.task is not None:
            self.accept_by_itself()
        if self.handshake is not None:
            self.handshake[_STEPPED] = True
        if self.phase == _OPEN:
            self.forget_headers()

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
        if self.phase != _CONNECTING:
            if self.phase == _OPEN:
                return
            raise self.ended_error()
        opening = self.handshake
        if not opening[_JUDGED] and not self.origin_allowed():
            self.need_origin()
        if subprotocol is not None or self.route.protocols:
            subprotocol = self.choose_subprotocol(subprotocol)
            if subprotocol is not None:
                self.subprotocol = subprotocol
        if self.at_accept is not None:
            from ..protocol.response import pairs

            headers = pairs(headers) + self.at_accept()
        answer = handshake.response(opening[_ACCEPT], subprotocol, headers)
        # Removed, not set to None: an idle connection is to have no room for what it does not need.
        del self.handshake, self.due
        self.open(answer)
        if opening[_STEPPED]:
            self.forget_headers()

    def origin_allowed(self) -> bool:
        """Whether the Origin header is the board's own host, or allowed by the route or the application."""
        return origin_ok(self.head, self.server.app, self.route.origins)

    def forget_headers(self) -> None:
        """Drop the headers that every browser sends and no handler asks for; what is left, equal requests share."""
        server = self.server
        head = self.head
        names = server.config.drop_headers
        block = handshake.drop(head.block, names)
        last = server.last_head
        if last is not None and last.block == block and last.target == head.target and last.dropped is names:
            self.head = last
        else:
            head.keep(block)
            head.dropped = names
            server.last_head = head

    # ---- closing ---------------------------------------------------------

    async def close(self, code: int = 1000, reason: "str | None" = "") -> None:
        """Start the closing handshake; the connection waits config close_timeout for the peer's half.

        code    1000-1003, 1007-1014 or 3000-4999 (section 7.4), else ValueError
        reason  cut to 123 bytes of UTF-8, between characters
        Before accept() the handshake is refused with 403. On a closed connection nothing happens.
        """
        if not sendable(code):
            raise ValueError("close code %r may not be sent; 1000-1003, 1007-1014 and 3000-4999 may" % (code,))
        if self.close_called and self.route.strict_close and not self.by_peer:
            raise RuntimeError("close() was called before")
        self.close_called = True
        if self.phase == _CONNECTING:
            self.refuse_with(code, 403, b"")
            self.close_reason = reason or ""
        elif self.phase == _OPEN:
            self.start_close(code, reason or "")

    # ---- messages --------------------------------------------------------

    def iter_text(self):
        """`async for` over text messages; ends at the close."""
        return Messages(self.receive_text)

    def send_text_any(self, data: str):
        """Send a text message. Await the result: it waits while a slow peer's queue is full.

        Raises WebSocketDisconnect when the connection is over, TypeError when `data` is not a str.
        """
        if isinstance(data, str):
            return self.send_frame(_STR, data, len(data))
        raise TypeError("send_text takes a str, not %s" % type(data).__name__)

    send_text = send_text_any

    def need_open(self) -> None:
        """Called when the connection is not open: accept on a route that does so by itself, else raise."""
        if self.phase == _CONNECTING and self.route.auto_accept:
            self.accept_now()
        else:
            WsConnection.need_open(self)


class Messages:
    """`async for` over what a method of a WebSocket gives, until the close."""

    def __init__(self, receive):
        self.receive = receive

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return await self.receive()
        except WebSocketDisconnect:
            raise StopAsyncIteration


def origin_ok(head, app, allowed) -> bool:
    """Whether a request's Origin is the board's own host, in `allowed`, or (None) in the application's list."""
    # A page of any site may open a socket to any address (there is no CORS for WebSockets), so the server decides.
    origin = head.get("origin")
    if not origin:
        return True  # not a browser
    host = head.get("host", "").lower()
    if origin.lower() in ("http://" + host, "https://" + host):
        return True
    if allowed is None:
        allowed = app.allowed_origins
    if allowed is None:
        return False
    from .opening import origin_in

    return origin_in(origin, allowed)


def _packed(peer):
    # An IPv4 client's address, as accept() tells it (on the unix port a C sockaddr_in), in 16 bytes on a 32-bit heap:
    # a tuple with text takes 48. See info.address().
    if type(peer) is tuple:
        parts = peer[0].split(".")
        port = peer[1]
    elif peer and len(peer) >= 8 and peer[0] == 2:
        parts = peer[4:8]
        port = peer[2] << 8 | peer[3]
    else:
        return peer
    if len(parts) != 4:
        return peer
    a, b, c, d = [int(part) for part in parts]
    return a << 16 | b << 8 | c, d << 16 | port


if not MICROPYTHON:
    complete(WebSocketBase)

if MICROPYTHON:
    from .fast import FastPath

    class WebSocket(FastPath, WebSocketBase):
        """One WebSocket connection (RFC 6455); see WebSocketBase."""

        # Found in the first table that is looked at.
        feed_first = FastPath.feed_first
        receive_text = FastPath.receive_text
        send_text = FastPath.send_text

else:
    from ._cpython import FastPath

    class WebSocket(FastPath, WebSocketBase):  # type: ignore[misc]
        """One WebSocket connection (RFC 6455); see WebSocketBase."""
