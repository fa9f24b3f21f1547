"""The WebSocket that a handler sees: accept, receive, send, close, iterate."""

import asyncio

from ..connection.ws import CONNECTING, OPEN, WsConnection
from ..exceptions import WebSocketDisconnect, WebSocketException
from ..protocol import handshake
from ..protocol.codes import POLICY_VIOLATION, UNSUPPORTED_DATA, sendable
from ..transport import ticks, ticks_add
from . import headers
from .info import RequestInfo
from .responses import pairs

_TEXT = 0x81  # first byte of a whole text message
_BINARY = 0x82


class WebSocket(WsConnection, RequestInfo):
    """One WebSocket connection (RFC 6455).

    path_params  dict of the route's parameters, decoded and converted
    subprotocol  the negotiated one, or None
    close_code   and close_reason: set from the moment either side's close is known
    """

    _scheme = "ws"
    _scrap = None  # dict behind `state`
    subprotocol = None
    told = False  # the handler has had its close message
    forgotten = False  # drop_headers are dropped

    def __init__(self, app, connection, head, route, path_params: dict, accept_value: bytes):
        self.take_over(connection)
        self.counted = connection.counted
        connection.counted = False
        self.app = app
        self.head = head
        self.route = route
        self.path_params = path_params
        self.accept_value = accept_value

    # ---- state -----------------------------------------------------------

    @property
    def accepted(self) -> bool:
        """The handshake is complete."""
        return self.phase == OPEN or self.accept_value is None

    @property
    def closed(self) -> bool:
        """Either side has closed, or the connection is lost."""
        return self.phase > OPEN

    @property
    def state(self) -> dict:
        """A dict for the application's own use."""
        if self._scrap is None:
            self._scrap = {}
        return self._scrap

    @property
    def requested_subprotocols(self) -> list:
        """What the client offers, in its order of preference."""
        return handshake.offered(self.head)

    def negotiate_subprotocol(self, supported) -> "str | None":
        """The client's first choice among `supported`, None when there is none (RFC 6455 section 4.2.2)."""
        for name in self.requested_subprotocols:
            if name in supported:
                return name
        return None

    def forget_headers(self) -> None:
        """Drop the headers that every browser sends and no handler asks for."""
        if not self.forgotten:
            self.forgotten = True
            self.dropped = self.server.config.drop_headers
            self.head.block = headers.drop(self.head.block, self.dropped)

    # ---- opening ---------------------------------------------------------

    def begin_handshake(self) -> None:
        """The handler has config handshake_timeout to accept or refuse."""
        seconds = self.server.config.handshake_timeout
        if seconds is not None:
            self.due = ticks_add(ticks(), int(seconds * 1000))

    async def accept(self, subprotocol: "str | None" = None, headers=None) -> None:
        """Complete the handshake. A second call does nothing.

        subprotocol  the one to speak; left out of the answer unless the client offered it (section 4.1). By
                     default the client's first offer that is in the route's `protocols`
        headers      further response headers, dict or pairs; ValueError when one has a line break
        Raises WebSocketDisconnect after a close.
        """
        if self.phase != CONNECTING:
            if self.phase == OPEN:
                return
            raise self.ended_error()
        if subprotocol is None:
            subprotocol = self.negotiate_subprotocol(self.route.protocols or ())
        elif subprotocol not in self.requested_subprotocols:
            subprotocol = None
        answer = handshake.response(self.accept_value, subprotocol, pairs(headers))
        self.accept_value = None
        if subprotocol is not None:
            self.subprotocol = subprotocol
        self.open(answer)

    async def reject(self, status: int = 403, body="", headers=None) -> None:
        """Refuse the handshake with an HTTP status; after accept() it is close(1008)."""
        if self.phase == CONNECTING:
            self._refuse(403, status, body, pairs(headers))
        elif self.phase == OPEN:
            self.start_close(POLICY_VIOLATION, "")

    def _refuse(self, code: int, status: int, body, extra=()) -> None:
        if isinstance(body, str):
            body = body.encode()
        self.close_code = code
        self.close_reason = ""
        self.refuse(status, list(extra), body)

    async def close(self, code: int = 1000, reason: "str | None" = "") -> None:
        """Start the closing handshake; the connection waits config close_timeout for the peer's half.

        code    1000-1003, 1007-1014 or 3000-4999 (section 7.4), else ValueError
        reason  cut to 123 bytes of UTF-8, between characters
        Before accept() the handshake is refused with 403. On a closed connection nothing happens.
        """
        if not sendable(code):
            raise ValueError("close code %r may not be sent; 1000-1003, 1007-1014 and 3000-4999 may" % (code,))
        if self.phase == CONNECTING:
            self._refuse(code, 403, b"")
            self.close_reason = reason or ""
        elif self.phase == OPEN:
            self.start_close(code, reason or "")

    async def ensure_closed(self, code: int = 1000) -> None:
        """close() that never raises."""
        try:
            await self.close(code)
        except (ValueError, OSError, WebSocketException):
            await self.close(1011)

    # ---- receiving -------------------------------------------------------

    async def receive_text(self, timeout: "float | None" = None) -> str:
        """The next text message.

        timeout  seconds; asyncio.TimeoutError when nothing came, and the connection stays open
        Raises WebSocketException(1003) for a binary message (which is consumed), WebSocketDisconnect at the end.
        """
        while self.message is None:
            await (self._sleep() if timeout is None else self._sleep_for(timeout))
        message = self.message
        self.message = None
        if self.inbox is not None:
            self._refill()
        if type(message) is not str:
            raise WebSocketException(UNSUPPORTED_DATA, "expected text")
        return message

    async def receive_bytes(self, timeout: "float | None" = None) -> bytes:
        """The next binary message; see receive_text."""
        message = await self._take(timeout)
        if type(message) is str:
            raise WebSocketException(UNSUPPORTED_DATA, "expected bytes")
        return message

    async def receive_json(self, timeout: "float | None" = None):
        """The next message, text or binary, as JSON. ValueError when it is none."""
        return self.app.json.loads(await self._take(timeout))

    async def receive(self) -> dict:
        """The next message as {"type": "text", "text": ...}, {"type": "bytes", "bytes": ...} or, once at the end,
        {"type": "close", "code": ...} with "reason" when the peer gave one; afterwards WebSocketDisconnect."""
        try:
            message = await self._take(None)
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

    async def _take(self, timeout):
        while self.message is None:
            await (self._sleep() if timeout is None else self._sleep_for(timeout))
        message = self.message
        self.message = None
        if self.inbox is not None:
            self._refill()
        return message

    def _sleep(self):
        if self.phase != OPEN:
            self._raise_not_open()
        if not self.forgotten:
            self.forget_headers()
        return self.park()

    async def _sleep_for(self, timeout: float) -> None:
        async def nap():
            await self._sleep()

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
        if type(data) is not str and not isinstance(data, str):
            raise TypeError("send_text takes a str, not %s" % type(data).__name__)
        payload = data.encode()
        return self.send_frame(_TEXT, payload, len(payload))

    def send_bytes(self, data):
        """Send a binary message from bytes, bytearray, memoryview or array; see send_text."""
        if type(data) is not bytes:
            if isinstance(data, str):
                raise TypeError("send_bytes takes bytes, not str; use send_text")
            data = bytes(data) if isinstance(data, bytearray) else bytes(memoryview(data))
        return self.send_frame(_BINARY, data, len(data))

    def send_json(self, data, mode: str = "text"):
        """Send `data` as JSON, in a text message or, with mode="binary", a binary one."""
        payload = self.app.json.dumps(data)
        if isinstance(payload, str):
            payload = payload.encode()
        return self.send_frame(_BINARY if mode == "binary" else _TEXT, payload, len(payload))

    def send(self, data):
        """Send str as text, bytes-like as binary, anything else as JSON."""
        if isinstance(data, str):
            return self.send_text(data)
        if isinstance(data, (bytes, bytearray, memoryview)):
            return self.send_bytes(data)
        return self.send_json(data)


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
