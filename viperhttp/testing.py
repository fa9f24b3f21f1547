"""TestClient: talks to an application in memory, HTTP, WebSocket and event streams, without a port or a thread."""

import asyncio
import json

from .app.dispatch import Dispatcher
from .config import MICROPYTHON
from .connection.server import Server
from .endpoints.headers import Headers
from .exceptions import HTTPException, ProtocolError, WebSocketDisconnect, WebSocketException
from .protocol.frames import close_payload, parse_close
from .protocol.http1 import BodyReader, Head
from .transport import ticks, ticks_add, ticks_diff
from .transport.memory import MemoryListener

PEER = ("testclient", 50000)
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_NO_LIMIT = 0x3FFFFFFF
_EAGER = 50  # turns of the event loop before waiting costs a millisecond each
_EXIT_WAIT = 1  # seconds that a session's end waits for its handler


class TestClient:
    """A client of `app` in the same process; the app runs while a method of the client does.

    base_url                 its host is the Host header; default "http://testserver"
    raise_server_exceptions  what a handler raises and nobody catches is raised here too; default True
    timeout                  seconds to wait for anything, then asyncio.TimeoutError; default 10
    headers                  dict sent with every request
    cookies                  dict; Set-Cookie of each answer is kept there and sent back

    `with TestClient(app) as client:` runs startup handlers on entry (else at the first use), and shutdown handlers
    at the end. Clients of one application that are open at the same time share its server. Redirects are not
    followed. It cannot be used inside a running event loop.
    """

    __test__ = False  # pytest takes classes by this name for tests

    def __init__(
        self,
        app,
        base_url: str = "http://testserver",
        raise_server_exceptions: bool = True,
        timeout: float = 10,
        headers=None,
    ):
        self.app = app
        self.host = base_url.split("://")[-1].split("/")[0]
        self.raises = raise_server_exceptions
        self.timeout = timeout
        self.headers = dict(headers or {})
        self.cookies: dict = {}
        self._running = None

    # ---- life ------------------------------------------------------------

    def __enter__(self):
        self._start()
        return self

    def __exit__(self, *error):
        self.close()

    def close(self) -> None:
        """Stop the application, unless another client uses it: connections end, shutdown handlers run."""
        running = self._running
        self._running = None
        if running is not None:
            running.leave()

    def __del__(self):
        # CPython only: a client that nobody closed.
        if self._running is not None and not _in_loop():
            self.close()

    def _start(self) -> "_Running":
        if self._running is None:
            running = self.app.server.running if isinstance(self.app.server, _Server) else _Running(self.app)
            running.enter()
            self._running = running
        return self._running

    # ---- HTTP ------------------------------------------------------------

    def get(self, path: str, **options):
        """GET; see request()."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options):
        """POST; see request()."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options):
        """PUT; see request()."""
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options):
        """PATCH; see request()."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options):
        """DELETE; see request()."""
        return self.request("DELETE", path, **options)

    def head(self, path: str, **options):
        """HEAD; see request()."""
        return self.request("HEAD", path, **options)

    def options(self, path: str, **options):
        """OPTIONS; see request()."""
        return self.request("OPTIONS", path, **options)

    def request(self, method: str, path: str, **options) -> "TestResponse":
        """Send a request and return the whole TestResponse.

        headers  dict
        json     an object, sent as JSON
        data     dict, sent as an urlencoded form
        content  str or bytes, sent as it is
        """
        with self.stream(method, path, **options) as response:
            response.read()
        return response

    def stream(self, method: str, path: str, headers=None, json=None, data=None, content=b"") -> "TestResponse":
        """`with client.stream("GET", path) as response:` reads the body piece by piece, as it is sent."""
        body = content.encode() if isinstance(content, str) else bytes(content)
        kind = None
        if json is not None:
            body = self.app.json.dumps(json)
            body = body.encode() if isinstance(body, str) else body
            kind = "application/json"
        elif data is not None:
            body = "&".join([_quote(key) + "=" + _quote(value) for key, value in data.items()]).encode()
            kind = "application/x-www-form-urlencoded"
        lines = self._head(headers, [("Content-Type", kind)] if kind else [])
        if body or method in ("POST", "PUT", "PATCH"):
            lines.append(("Content-Length", len(body)))
        running = self._start()
        pipe = running.run(running.connect(_request(method, path, lines) + body))
        head = running.run(self._answer(pipe))
        return TestResponse(self, pipe, method, head)

    def sse(self, path: str, headers=None) -> "EventStream":
        """`with client.sse(path) as events: for event in events:` gives dicts of event, data, id, retry, comment."""
        return EventStream(self.stream("GET", path, headers))

    def _head(self, headers, lines: list) -> list:
        given = dict(self.headers)
        given.update(headers or {})
        known = [name.lower() for name in given]
        if self.cookies and "cookie" not in known:
            lines.append(("Cookie", "; ".join(["%s=%s" % pair for pair in self.cookies.items()])))
        lines = [line for line in lines if line[0].lower() not in known]
        if "host" not in known:
            lines.insert(0, ("Host", self.host))
        return lines + list(given.items())

    async def _answer(self, pipe) -> "_Head":
        """The head of the response; a 100 Continue is passed over."""
        while True:
            await self._running.until(lambda: b"\r\n\r\n" in bytes(pipe.sent) or not pipe.opened, self.timeout)
            self.check(pipe)
            sent = bytes(pipe.sent)
            at = sent.find(b"\r\n\r\n")
            if at < 0:
                raise RuntimeError("the server closed the connection without an answer: %r" % sent)
            head = _Head(pipe.take(at + 4))
            if head.status >= 200 or head.status == 101:
                self._keep_cookies(head)
                return head

    def _keep_cookies(self, head) -> None:
        for line in head.all("set-cookie"):
            pair, _, rest = line.partition(";")
            name, _, value = pair.strip().partition("=")
            if "max-age=0" in rest.lower().replace(" ", ""):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def check(self, pipe) -> None:
        """Raise, once, what the connection's handler has raised."""
        failure = pipe.failure
        if failure is not None and self.raises:
            pipe.failure = None
            raise failure

    # ---- WebSockets --------------------------------------------------------

    def websocket_connect(self, path: str, subprotocols=None, headers=None) -> "WebSocketSession":
        """`with client.websocket_connect("/ws") as ws:` opens a WebSocket.

        subprotocols  list of those the client offers, best first
        Entering raises WebSocketDisconnect when the handshake is refused: `status` is the HTTP status, `code` the
        application's close code (403 after reject(), 404 for an unknown path).
        """
        lines = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")]
        lines.append(("Sec-WebSocket-Key", _KEY))
        if subprotocols:
            lines.append(("Sec-WebSocket-Protocol", ", ".join(subprotocols)))
        return WebSocketSession(self, _request("GET", path, self._head(headers, lines)))


class WebSocketSession:
    """The client's end of a WebSocket; see TestClient.websocket_connect().

    accepted_subprotocol  what the server chose, or None
    headers               of the server's answer
    """

    def __init__(self, client: TestClient, request: bytes):
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
            code = pipe.ws.close_code if pipe.ws is not None else None
            error = WebSocketDisconnect(code or head.status, pipe.ws.close_reason or "" if code else "")
            error.status = head.status
            raise error
        self.headers = Headers(head)
        self.accepted_subprotocol = self.headers.get("sec-websocket-protocol")
        return self

    def __exit__(self, kind, error, traceback):
        running = self.client._running
        if running is None:
            return
        if self.end is None and not self._closing:
            self.close()
        try:
            self._run(running.until(self._over, _EXIT_WAIT))
        except asyncio.TimeoutError:
            pass  # a handler that goes on: the server's linger_timeout is for it
        self.pipe.leave()
        self._run(running.turn())
        if kind is None:
            self.client.check(self.pipe)

    def _over(self) -> bool:
        if self.end is None and (self.pipe.sent or not self.pipe.opened):
            self._frame()
        ws = self.pipe.ws
        return ws is None or (ws.coro is None and ws.phase > 1)

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
        """Start the closing handshake."""
        if self.end is None and not self._closing:
            self._closing = True
            self._send(0x88, close_payload(code, reason))

    def _send(self, byte0: int, payload: bytes) -> None:
        if self.end is not None:
            raise self.end
        self.pipe.send(_frame(byte0, payload))
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
        while self.end is None:
            self._run(self.client._running.until(lambda: self.pipe.sent or not self.pipe.opened, self.client.timeout))
            message = self._frame()
            if message is not None:
                return message
        self.client.check(self.pipe)
        raise self.end

    def _frame(self):
        """The message of the next frame; None when it was a control frame or the end."""
        pipe = self.pipe
        if len(pipe.sent) < 2:
            self.end = WebSocketDisconnect(1006)
            return None
        byte0, n = pipe.take(2)
        if n > 125:
            n = int.from_bytes(pipe.take(2 if n == 126 else 8), "big")
        payload = pipe.take(n)
        while len(payload) < n and pipe.opened:
            # More than fits in the pipe at once.
            self._run(self.client._running.until(lambda: pipe.sent or not pipe.opened, self.client.timeout))
            payload += pipe.take(n - len(payload))
        if byte0 == 0x81:
            return str(payload, "utf-8")
        if byte0 == 0x82:
            return payload
        if byte0 == 0x89:
            pipe.send(_frame(0x8A, payload))
        elif byte0 == 0x88:
            if not self._closing:
                pipe.send(_frame(0x88, payload[:2]))
            code, reason = parse_close(payload)
            self.end = WebSocketDisconnect(code, reason)
        return None
