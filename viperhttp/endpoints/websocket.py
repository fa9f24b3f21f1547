"""The WebSocket that a handler sees: accept, receive, send, close, iterate."""

import asyncio

from ..cold import complete
from ..config import MICROPYTHON, const
from ..connection.ws import CONNECTING, OPEN, WsConnection
from ..exceptions import WebSocketDisconnect, WebSocketException
from ..protocol.codes import INTERNAL_ERROR, UNSUPPORTED_DATA, sendable
from ..protocol.frames import LIMIT, ST
from ..protocol.handshake import drop
from .opening import Handshake, Opening
from .requestinfo import RequestInfo, packed

_OPEN = const(1)
_TEXT = const(0x81)  # first byte of a whole text message
_STR = const(0x181)  # the same, given as str: see WsConnection.send_frame
_BINARY = const(0x82)


class WebSocketBase(Opening, WsConnection, RequestInfo):
    """One WebSocket connection (RFC 6455).

    path_params  dict of the route's parameters, decoded and converted
    subprotocol  the negotiated one, or None
    close_code   and close_reason: set from the moment either side's close is known
    """

    _cold = ("viperhttp.endpoints.info.Info", "viperhttp.endpoints.trysend.TrySend")
    _scheme = "ws"
    kind_of_member = None  # in rooms: by the subprotocol
    _scrap = None  # dict behind `state`
    close_called = False
    let_out = False  # a disconnect has left `async with` that caught_close_codes lacks
    told = False  # the handler has had its close message
    at_end = None  # called when the handler has ended: a session saves itself
    call = None  # while each() or relay() is under way: see the package direct

    def __init__(self, connection, head, route, path_params: dict, accept_value: bytes):
        self.take_over(connection)
        if MICROPYTHON:
            self.peer = packed(self.peer)
        if connection.counted:
            connection.counted = False
        else:
            self.counted = False
        self.head = head
        self.route = route
        if path_params:
            self.path_params = path_params
        self.handshake = Handshake(accept_value)
        # On the instance from the start: what a class has is found later, and in a larger table. No more than 12 names
        # in all, of which open() adds two and accept() takes two away: a table of 12 has 96 bytes, the next one 136.
        self.phase = CONNECTING
        self.pending = self.waiter = self.task = None
        if route.limit < ST[LIMIT]:
            ST[LIMIT] = route.limit

    # ---- state -----------------------------------------------------------

    def _get_accepted(self) -> bool:
        """The handshake is complete."""
        return self.handshake is None

    def _get_closed(self) -> bool:
        """Either side has closed, or the connection is lost."""
        return self.phase > OPEN

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

    def forget_headers(self) -> None:
        """Drop the headers that every browser sends and no handler asks for; what is left, equal requests share."""
        server = self.server
        head = self.head
        names = server.config.drop_headers
        block = drop(head.block, names)
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
        if self.phase == CONNECTING:
            self.refuse_with(code, 403, b"")
            self.close_reason = reason or ""
        elif self.phase == OPEN:
            self.start_close(code, reason or "")

    async def ensure_closed(self, code: int = 1000) -> None:
        """close() that never raises; a code that may not be sent becomes 1011."""
        self.close_called = False
        await self.close(code if sendable(code) else INTERNAL_ERROR)

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
            if self.route.catches(error.code):
                return True
            self.let_out = True
        await self.ensure_closed(INTERNAL_ERROR)
        return False

    # ---- receiving -------------------------------------------------------

    async def receive_text(self, timeout: "float | None" = None) -> str:
        """The next text message.

        timeout  seconds; asyncio.TimeoutError when nothing came, and the connection stays open
        Raises WebSocketException(1003) for a binary message (which is consumed), WebSocketDisconnect at the end.
        """
        while self.pending is None:
            if self.phase != _OPEN:
                self.need_open()
            await (self.park() if timeout is None else self.nap(timeout))
        message = self.take()
        if type(message) is not str:
            raise WebSocketException(UNSUPPORTED_DATA, "expected text")
        return message

    async def receive_bytes(self, timeout: "float | None" = None) -> bytes:
        """The next binary message; see receive_text."""
        message = await self.receive_any(timeout)
        if type(message) is str:
            raise WebSocketException(UNSUPPORTED_DATA, "expected bytes")
        return message

    async def receive_json(self, timeout: "float | None" = None):
        """The next message, text or binary, as JSON. ValueError when it is none. timeout: see receive_text."""
        return self.server.app.json.loads(await self.receive_any(timeout))

    async def receive(self):
        """The next message, as the route's receive_type says.

        "message" (default)  {"type": "text", "text": ...}, {"type": "bytes", "bytes": ...} or, once at the end,
                             {"type": "close", "code": ...} with "reason" when the peer gave one
        "text", "bytes", "json"   as receive_text(), receive_bytes(), receive_json()
        "event"              as receive_event()
        Afterwards it raises WebSocketDisconnect.
        """
        kind = self.route.receive_type
        if kind == "message":
            return await self._receive_message()
        if kind == "text":
            return await self.receive_text()
        if kind == "bytes":
            return await self.receive_bytes()
        return await (self.receive_json() if kind == "json" else self.receive_event())

    message = receive  # the name that Bocadillo's guide prints

    async def _receive_message(self) -> dict:
        try:
            message = await self.receive_any()
        except WebSocketDisconnect as end:
            if self.told:
                raise
            self.told = True
            closing = {"type": "close", "code": end.code}
            if end.reason:
                closing["reason"] = end.reason
            return closing
        if type(message) is str:
            return {"type": "text", "text": message}
        return {"type": "bytes", "bytes": message}

    async def receive_event(self) -> dict:
        """The next message as an ASGI event: websocket.receive or websocket.disconnect."""
        from .events import receive_event

        return await receive_event(self)

    async def send_event(self, event: dict) -> None:
        """Send an ASGI event: websocket.accept, websocket.send or websocket.close."""
        from .events import send_event

        await send_event(self, event)

    def __aiter__(self):
        """`async for message in ws`: receive() again and again. The end raises, but in "message" mode."""
        return self

    async def __anext__(self):
        message = await self.receive()
        if self.told:
            raise StopAsyncIteration
        return message

    async def receive_any(self, timeout: "float | None" = None):
        """The next message, str or bytes; see receive_text."""
        while self.pending is None:
            if self.phase != _OPEN:
                self.need_open()
            await (self.park() if timeout is None else self.nap(timeout))
        return self.take()

    async def nap(self, timeout: float) -> None:
        """Wait for a message; only the waiting is cancelled when time is up, so that a message stays."""

        async def nap():
            if self.pending is None and self.phase == OPEN:
                await self.park()

        await asyncio.wait_for(nap(), timeout)

    def iter_text(self):
        """`async for` over text messages; ends at the close."""
        return _Messages(self.receive_text)

    def iter_bytes(self):
        """`async for` over binary messages; ends at the close."""
        return _Messages(self.receive_bytes)

    def iter_json(self):
        """`async for` over JSON messages; ends at the close."""
        return _Messages(self.receive_json)

    # ---- sending ---------------------------------------------------------

    def send_text(self, data: str):
        """Send a text message. Await the result: it waits while a slow peer's queue is full.

        Raises WebSocketDisconnect when the connection is over, TypeError when `data` is not a str.
        """
        if isinstance(data, str):
            return self.send_frame(_STR, data, len(data))
        raise TypeError("send_text takes a str, not %s" % type(data).__name__)

    send_text_any = send_text

    def send_bytes(self, data):
        """Send a binary message from bytes, bytearray, memoryview or array; see send_text."""
        if type(data) is not bytes:
            if isinstance(data, str):
                raise TypeError("send_bytes takes bytes, not str; use send_text")
            data = bytes(data) if isinstance(data, bytearray) else bytes(memoryview(data))
        return self.send_frame(_BINARY, data, len(data))

    def send_json(self, data, mode: str = "text"):
        """Send `data` as JSON, in a text message or, with mode="binary", a binary one."""
        payload = self.server.app.json.dumps(data)
        if isinstance(payload, str):
            payload = payload.encode()
        return self.send_frame(_BINARY if mode == "binary" else _TEXT, payload, len(payload))

    def send(self, data):
        """Send as the route's send_type says; by default str as text, bytes-like as binary, anything else as JSON."""
        kind = self.route.send_type
        if kind is None:
            kind = "text" if isinstance(data, str) else "bytes" if _is_bytes(data) else "json"
        if kind == "text":
            return self.send_text(data)
        if kind == "bytes":
            return self.send_bytes(data)
        return self.send_json(data) if kind == "json" else self.send_event(data)

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

    def need_open(self) -> None:
        """Called when the connection is not open: accept on a route that does so by itself, else raise."""
        if self.phase == CONNECTING and self.route.auto_accept:
            self.accept_now()
        else:
            WsConnection.need_open(self)


def _is_bytes(data) -> bool:
    return isinstance(data, (bytes, bytearray, memoryview))


if not MICROPYTHON:
    complete(WebSocketBase)


class _Messages:
    def __init__(self, receive):
        self.receive = receive

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return await self.receive()
        except WebSocketDisconnect:
            raise StopAsyncIteration


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
