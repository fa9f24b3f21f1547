"""TestClient: talks to an application in memory, HTTP, WebSocket and event streams, without a port or a thread."""

from .app.inmemory import Running, in_loop
from .testing_parts import EventStream, ResponseHead, TestResponse, WebSocketSession

_BOUNDARY = "----viperhttp-test-client"
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="


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

    __test__ = False  # pytest takes it for a test by its name

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
        # CPython only: a client that nobody closed. At the end of the program its loop may have gone before it.
        if self._running is not None and not in_loop() and not self._running.loop.is_closed():
            self.close()

    def _start(self) -> Running:
        if self._running is None:
            self._running = Running.enter(self.app)
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
        """Send a request and return the whole TestResponse; `method` is "GET", "POST" ...

        headers  dict
        json     an object, sent as JSON
        data     dict, sent as an urlencoded form, or with `files` as fields of a multipart one
        files    {field: (filename, bytes[, content type])}, sent as multipart/form-data
        content  str or bytes, sent as it is
        """
        with self.stream(method, path, **options) as response:
            response.read()
        return response

    def stream(self, method: str, path: str, headers=None, json=None, data=None, content=b"", files=None):
        """`with client.stream("GET", path) as response:` reads the TestResponse as it is sent; see request."""
        body = content.encode() if isinstance(content, str) else bytes(content)
        kind = None
        if json is not None:
            body = self.app.json.dumps(json)
            body = body.encode() if isinstance(body, str) else body
            kind = "application/json"
        elif files is not None:
            body = _multipart(data or {}, files)
            kind = "multipart/form-data; boundary=" + _BOUNDARY
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
        """`with client.sse(path) as events: for event in events:` gives dicts of event, data, id, retry, comment.

        headers  dict, sent with the request
        """
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

    async def _answer(self, pipe) -> ResponseHead:
        """The head of the response; a 100 Continue is passed over."""
        while True:
            await self._running.until(lambda: b"\r\n\r\n" in bytes(pipe.sent) or not pipe.opened, self.timeout)
            self.check(pipe)
            sent = bytes(pipe.sent)
            at = sent.find(b"\r\n\r\n")
            if at < 0:
                raise RuntimeError("the server closed the connection without an answer: %r" % sent)
            head = ResponseHead(pipe.take(at + 4))
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
        headers       dict, sent with the handshake
        Entering raises WebSocketDisconnect when the handshake is refused: `status` is the HTTP status, `code` the
        application's close code (403 after reject(), 404 for an unknown path).
        """
        lines = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")]
        lines.append(("Sec-WebSocket-Key", _KEY))
        if subprotocols:
            lines.append(("Sec-WebSocket-Protocol", ", ".join(subprotocols)))
        return WebSocketSession(self, _request("GET", path, self._head(headers, lines)))


def _request(method: str, path: str, lines: list) -> bytes:
    text = ["%s %s HTTP/1.1" % (method, path)] + ["%s: %s" % line for line in lines]
    return ("\r\n".join(text) + "\r\n\r\n").encode()


def _multipart(fields: dict, files: dict) -> bytes:
    out = []
    start = '--%s\r\nContent-Disposition: form-data; name="%s"'
    for name, value in fields.items():
        out.append((start % (_BOUNDARY, name) + "\r\n\r\n%s\r\n" % value).encode())
    for name, file in files.items():
        kind = file[2] if len(file) > 2 else "application/octet-stream"
        head = start % (_BOUNDARY, name) + '; filename="%s"\r\nContent-Type: %s\r\n\r\n' % (file[0], kind)
        out.append(head.encode() + bytes(file[1]) + b"\r\n")
    out.append(("--%s--\r\n" % _BOUNDARY).encode())
    return b"".join(out)


def _quote(value) -> str:
    out = []
    for byte in str(value).encode():
        char = chr(byte)
        plain = char in "-._~" or (byte < 128 and (char.isalpha() or char.isdigit()))
        out.append(char if plain else "%%%02X" % byte)
    return "".join(out)
