"""ASGI applications below a path of a ViperHTTP application, on its own server."""

import asyncio

from ..app.asking import current_request
from ..app.routes import WEBSOCKET
from ..app.routing import METHODS, http_endpoint, ws_endpoint
from ..config import const
from ..exceptions import WebSocketDisconnect
from ..log import report
from ..protocol.url import unquote

_CONNECTING = const(0)  # connection.phases.CONNECTING

_LOOK = 0.1  # seconds between two looks whether a client is still there, while the application waits for its end
_OURS = ("connection", "transfer-encoding", "content-length", "keep-alive", "date")
_DOCS = {"include_in_schema": False}


def mount(app, prefix: str, application) -> None:
    """Route everything below `prefix` to an ASGI 3 callable: app.mount("/sio", asgi_app).

    Its scope has root_path `prefix` and, as the specification says, the whole path. Routes registered before come
    first. It gets no lifespan events. WebSockets pass this application's Origin rule: see allowed_origins.
    """
    prefix = prefix.rstrip("/")

    async def http():
        return _Answer(application, prefix, current_request())

    async def websocket(ws):
        await _Session(application, prefix, ws).run()

    for path in ([prefix] if prefix else []) + [prefix + "/{path:path}"]:
        for method in METHODS:
            app.add(path, method, http_endpoint(path, http, None, None, dict(_DOCS, stream_body=True)))
        app.add(path, WEBSOCKET, ws_endpoint(path, websocket, None, None, dict(_DOCS)))


def _scope(kind: str, prefix: str, request) -> dict:
    head = request.head
    raw = head.path.encode("latin-1")
    host, _, port = (head.get("host") or "").partition(":")
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1" if head.version else "1.0",
        "scheme": request.scheme,
        "path": unquote(head.path),
        "raw_path": raw,
        "query_string": head.query.encode("latin-1"),
        "root_path": prefix,
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()],
        "client": request.client,
        "server": (host, int(port) if port.isdigit() else 80),
    }


class _Answer:
    """What the application answers to one request, in place of a Response."""

    status_code = 200
    background = None

    def __init__(self, application, prefix: str, request):
        self.application = application
        self.request = request
        self.scope = _scope("http", prefix, request)
        self.scope["method"] = request.method
        self.fields: list = []
        self.connection = None
        self.start: dict = {}  # the http.response.start event
        self.begun = self.ended = False
        self.read = False  # the request is at its end

    async def send_to(self, connection) -> None:
        """Run the application on an HttpConnection."""
        self.connection = connection
        try:
            await self.application(self.scope, self._receive, self._send)
        except Exception as error:
            if not self.ended:
                raise
            # Starlette answers 500 first, and then lets the error through.
            report("%s %s" % (self.request.method, self.scope["path"]), error, self.request.app.debug)
        if not self.ended:
            raise RuntimeError("the ASGI application below %s has not answered" % (self.scope["root_path"] or "/"))

    async def _receive(self) -> dict:
        connection = self.connection
        if not self.read and connection.sock is not None and not self.ended:
            data = await self.request.read()
            body = connection.body
            self.read = body is None or (body.done and not connection.data)
            return {"type": "http.request", "body": data, "more_body": not self.read}
        while connection.sock is not None and not self.ended:
            await asyncio.sleep(_LOOK)
        return {"type": "http.disconnect"}

    async def _send(self, event: dict) -> None:
        kind = event["type"]
        if kind == "http.response.start":
            self.start = event
        elif kind == "http.response.body":
            await self._body(event.get("body", b""), event.get("more_body", False))

    async def _body(self, body: bytes, more: bool) -> None:
        if not self.start or self.ended:
            raise RuntimeError("http.response.body %s" % ("after the end" if self.ended else "before the start"))
        status, fields, length = self._head()
        if not self.begun and not more:
            self.ended = True
            return self.connection.respond(status, fields + self.fields, bytes(body))
        if not self.begun:
            self.begun = True
            self.connection.begin(status, fields + self.fields, length)
        await self.connection.send_body(bytes(body))
        if not more:
            self.ended = True
            self.connection.end()

    def _head(self) -> tuple:
        fields, length = [], None
        for name, value in self.start.get("headers", ()):
            name, value = bytes(name).decode("latin-1"), bytes(value).decode("latin-1")
            if name.lower() == "content-length":
                length = int(value)
            if name.lower() not in _OURS:
                fields.append((name, value))
        return self.start["status"], fields, length


class _Session:
    """One WebSocket of the application."""

    def __init__(self, application, prefix: str, ws):
        self.application = application
        self.ws = ws
        self.scope = _scope("websocket", prefix, ws)
        self.scope["subprotocols"] = ws.requested_subprotocols
        self.scope["extensions"] = {"websocket.http.response": {}}
        self.told = False  # websocket.connect
        self.refusal: dict = {}
        self.body = b""

    async def run(self) -> None:
        """Run the application until it or the client ends."""
        await self.application(self.scope, self._receive, self._send)

    async def _receive(self) -> dict:
        if not self.told:
            self.told = True
            return {"type": "websocket.connect"}
        ws = self.ws
        while ws.phase == _CONNECTING:
            await asyncio.sleep(_LOOK)  # the application waits for the client before it has accepted
        try:
            return await ws.receive_event()
        except WebSocketDisconnect as end:
            return {"type": "websocket.disconnect", "code": end.code, "reason": end.reason}

    async def _send(self, event: dict) -> None:
        kind = event["type"]
        if kind == "websocket.accept":
            await self.ws.accept(event.get("subprotocol"), _pairs(event))
        elif kind == "websocket.http.response.start":
            self.refusal = event
        elif kind == "websocket.http.response.body":
            self.body += event.get("body", b"")
            if not event.get("more_body", False):
                fields = [pair for pair in _pairs(self.refusal) if pair[0].lower() not in _OURS]
                await self.ws.reject(self.refusal["status"], self.body, fields)
        else:
            await self.ws.send_event(event)


def _pairs(event: dict) -> list:
    headers = event.get("headers") or ()
    return [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in headers]
