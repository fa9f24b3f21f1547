"""What a TestClient gives: responses, event streams and WebSocket sessions."""

import asyncio
import json

from .endpoints.headers import Headers
from .exceptions import WebSocketDisconnect
from .protocol.body import BodyReader
from .protocol.frames import close_payload, parse_close
from .protocol.http1 import Head

_NO_LIMIT = 0x3FFFFFFF
_EXIT_WAIT = 1  # seconds that the end of a session or stream waits for its handler


class Refused(WebSocketDisconnect):
    """The server has refused the handshake with the HTTP `status`."""

    def __init__(self, status: int, code: int, reason: str):
        super().__init__(code, reason)
        self.status = status


class WebSocketSession:
    """The client's end of a WebSocket; see TestClient.websocket_connect().

    accepted_subprotocol  what the server chose, or None
    headers               of the server's answer
    """

    def __init__(self, client, request: bytes):
        self.client = client
        self.request = request
        self.accepted_subprotocol = None
        self.headers = None
        self.pipe = None
        self.end = None  # WebSocketDisconnect, once the connection is over
        self._told = False
        self._closing = False

    def __enter__(self):
        self._run = self.client._start().run
        self.pipe = pipe = self._run(self.client._running.connect(self.request))
        head = self._run(self.client._answer(pipe))
        if head.status != 101:
            pipe.leave()
            code = getattr(pipe.channel, "close_code", None)  # None: no handler has seen it
            raise Refused(head.status, code or head.status, pipe.channel.close_reason or "" if code else "")
        self.headers = Headers(head)
        self.accepted_subprotocol = self.headers.get("sec-websocket-protocol")
        return self

    def __exit__(self, kind, error, traceback):
        if self.client._running is None:
            return
        self.close()
        self._run(self._leave())
        if kind is None:
            self.client.check(self.pipe)

    async def _leave(self) -> None:
        running, pipe = self.client._running, self.pipe
        try:
            await running.until(self._over, _EXIT_WAIT)
        except asyncio.TimeoutError:
            pass  # a handler that goes on: the server's linger_timeout is for it
        pipe.leave()
        await running.turn()

    def _over(self) -> bool:
        self.pipe.sent = bytearray()  # nobody reads it any more
        return self.pipe.channel.task is None and not self.pipe.opened

    # ---- sending ---------------------------------------------------------

    def send_text(self, data: str) -> None:
        """Send a text message. WebSocketDisconnect when the connection is over."""
        self._send(0x81, data.encode())

    def send_bytes(self, data) -> None:
        """Send a binary message."""
        self._send(0x82, bytes(data))

    def send_json(self, data, mode: str = "text") -> None:
        """Send an object as JSON, in a text message or with mode="binary" a binary one."""
        self._send(0x82 if mode == "binary" else 0x81, json.dumps(data).encode())

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Start the closing handshake with a code (default 1000) and a reason."""
        if self.end is None and not self._closing:
            self._closing = True
            self._send(0x88, close_payload(code, reason))

    def _send(self, byte0: int, payload: bytes) -> None:
        if self.end is not None:
            raise self.end
        self.pipe.send(client_frame(byte0, payload))
        self._run(self.client._running.turn())

    # ---- receiving -------------------------------------------------------

    def receive(self) -> dict:
        """{"type": "text", "text": ...}, {"type": "bytes", "bytes": ...}, once {"type": "close", "code": ...}."""
        try:
            message = self._message()
        except WebSocketDisconnect as end:
            if self._told or end is not self.end:
                raise
            self._told = True
            message = {"type": "close", "code": end.code}
            if end.reason:
                message["reason"] = end.reason
            return message
        if isinstance(message, str):
            return {"type": "text", "text": message}
        return {"type": "bytes", "bytes": message}

    def receive_text(self) -> str:
        """The next message. TypeError when it is binary; WebSocketDisconnect(code, reason) at the end."""
        message = self._message()
        if not isinstance(message, str):
            raise TypeError("the server sent bytes, not text: %r" % message)
        return message

    def receive_bytes(self) -> bytes:
        """The next message. TypeError when it is text."""
        message = self._message()
        if isinstance(message, str):
            raise TypeError("the server sent text, not bytes: %r" % message)
        return message

    def receive_json(self):
        """The next message, text or binary, as JSON."""
        return json.loads(self._message())

    def _message(self):
        message = None
        while self.end is None and message is None:
            message = self._run(self._frame())
        if message is None:
            self.client.check(self.pipe)
            raise self.end
        return message

    async def _frame(self):
        """The message of the next frame; None when it was a control frame or the end."""
        try:
            byte0, n = await self._read(2)
            if n > 125:
                n = int.from_bytes(await self._read(2 if n == 126 else 8), "big")
            payload = await self._read(n)
        except EOFError:
            self.end = WebSocketDisconnect(1006)
            return None
        if byte0 == 0x81:
            return str(payload, "utf-8")
        if byte0 == 0x82:
            return payload
        if byte0 == 0x89:
            self.pipe.send(client_frame(0x8A, payload))
        elif byte0 == 0x88:
            if not self._closing:
                self.pipe.send(client_frame(0x88, payload[:2]))
            code, reason = parse_close(payload)
            self.end = WebSocketDisconnect(code, reason)
            await self.client._running.turn()
        return None

    async def _read(self, n: int) -> bytes:
        pipe = self.pipe
        data = b""
        while len(data) < n:
            if not pipe.sent:
                await self.client._running.until(lambda: pipe.sent or not pipe.opened, self.client.timeout)
                if not pipe.sent:
                    raise EOFError
            data += pipe.take(n - len(data))
        return data


class TestResponse:
    """The answer to a request.

    status_code, headers (case-insensitive), content (bytes), text, json(). In a `with client.stream(...)` the body
    comes by `for piece in response.iter_bytes()` or iter_lines(), and leaving ends the connection.
    """

    __test__ = False

    def __init__(self, client, pipe, method: str, head):
        self.client = client
        self.pipe = pipe
        self.status_code = head.status
        self.headers = Headers(head)
        self.content = b""
        length = head.get("content-length")
        if method == "HEAD" or head.status in (204, 304):
            length = "0"
        self._chunked = head.has("transfer-encoding", "chunked")
        self._body = None  # to the end of the connection
        if self._chunked or length is not None:
            self._body = BodyReader(-1 if self._chunked and length is None else int(length), _NO_LIMIT)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        running = self.client._running
        if running is not None:
            running.run(self._leave(running))

    async def _leave(self, running) -> None:
        self.pipe.leave()
        try:
            await running.until(self._over, _EXIT_WAIT)
        except asyncio.TimeoutError:
            pass  # a stream that pauses sees at its next item that nobody listens

    def _over(self) -> bool:
        channel = self.pipe.channel
        return not self.pipe.opened and (channel is None or channel.task is None)

    def read(self) -> bytes:
        """The whole body."""
        self.content += b"".join(list(self.iter_bytes()))
        return self.content

    def iter_bytes(self):
        """The body, piece by piece as it comes. EOFError when it is cut off."""
        while True:
            piece = self.client._running.run(self._piece())
            if not piece:
                return
            yield piece

    def iter_lines(self):
        """The lines of the body as they come, without their ends."""
        rest = b""
        for piece in self.iter_bytes():
            lines = (rest + piece).split(b"\n")
            rest = lines.pop()
            for line in lines:
                yield str(line, "utf-8").rstrip("\r")
        if rest:
            yield str(rest, "utf-8")

    async def _piece(self) -> bytes:
        pipe = self.pipe
        sink = bytearray()
        while not sink and not (self._body is not None and self._body.done):
            await self.client._running.until(lambda: pipe.sent or not pipe.opened, self.client.timeout)
            data = bytearray(pipe.take(len(pipe.sent)))
            if not data:
                self.client.check(pipe)
                if self._body is not None:
                    raise EOFError("the server closed the connection in the middle of the body")
                break
            if self._body is None:
                return bytes(data)
            self._body.feed(data, 0, len(data), sink)
        self.client.check(pipe)
        return bytes(sink)

    @property
    def text(self) -> str:
        """The body as text."""
        return str(self.content, "utf-8")

    def json(self):
        """The body as JSON."""
        return json.loads(self.content)


class EventStream:
    """The events of a text/event-stream as dicts; `response` is the TestResponse behind it."""

    def __init__(self, response: TestResponse):
        self.response = response

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.response.__exit__(*error)

    def __iter__(self):
        event: dict = {}
        for line in self.response.iter_lines():
            if not line:
                if event:
                    yield event
                event = {}
                continue
            name, _, value = line.partition(":")
            value = value[1:] if value[:1] == " " else value
            name = name or "comment"
            event[name] = event[name] + "\n" + value if name in event else value


def client_frame(byte0: int, payload: bytes) -> bytes:
    """A frame as clients send it; a mask of zeros leaves the payload as it is."""
    n = len(payload)
    if n < 126:
        head = bytes((byte0, 0x80 | n))
    elif n < 65536:
        head = bytes((byte0, 0xFE)) + n.to_bytes(2, "big")
    else:
        head = bytes((byte0, 0xFF)) + n.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload


class ResponseHead(Head):
    """The head of a response: `status`, and headers as a request's Head has them."""

    def __init__(self, data: bytes):
        lines = data[:-4].split(b"\r\n")
        self.status = int(lines[0].split(b" ")[1])
        block = []
        for line in lines[1:]:
            at = line.find(b":")
            block.append(b"\r\n" + line[:at].lower() + b":" + line[at + 1 :].strip())
        self.block = b"".join(block)
