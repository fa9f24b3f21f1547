"""The application as an ASGI 3 callable, and as an RSGI one: lifespan, HTTP and WebSocket."""

import asyncio

from ..connection.server import Server
from ..protocol.codes import BINARY, CLOSE, INTERNAL_ERROR, NO_STATUS, PING, POLICY_VIOLATION, TEXT
from ..protocol.frames import close_payload, parse_close, sendable
from ..testing_parts import client_frame
from ..transport.memory import MemoryListener
from . import link
from .link import Connection


class Adapter:
    """ASGI 3 and RSGI for one application, `app`.

    Without the lifespan protocol (`uvicorn --lifespan off`) startup handlers run at the first request.
    config max_clients counts here too: each request under way and each WebSocket takes a slot.
    """

    def __init__(self, app):
        self.app = app
        self.loop = None
        self.server = None
        self.started = False  # startup handlers have run
        self.watcher = None

    # ---- life ------------------------------------------------------------

    async def start(self) -> None:
        """Start in this event loop: checks, startup handlers, the watch over deadlines."""
        app = self.app
        if app.server is not None and app.server is not self.server:
            raise RuntimeError("this application is already running, on a port")
        app.prepare()
        self.loop = asyncio.get_running_loop()
        server = Server(app.config, app.dispatcher)
        server.listener = MemoryListener(server._accepted)
        server.stopped = asyncio.Event()
        await server.listener.open(app.config)
        app.server = self.server = server
        if not self.started:
            self.started = True
            await app.emit("startup")
        self.watcher = self.loop.create_task(server.serve())

    async def stop(self) -> None:
        """Close what is open and run the shutdown handlers."""
        server, self.server = self.server, None
        if server is None:
            return
        await server.shutdown()
        self.app.server = None
        self.started = False
        self.watcher.cancel()
        await self.app.emit("shutdown")

    async def ready(self):
        """The running server."""
        # Starlette's TestClient outside of `with` makes an event loop for each request.
        if self.server is None or self.loop is not asyncio.get_running_loop():
            await self.start()
        return self.server

    # ---- ASGI ------------------------------------------------------------

    async def __call__(self, scope, receive, send) -> None:
        """One ASGI connection."""
        kind = scope["type"]
        if kind == "lifespan":
            return await self._lifespan(receive, send)
        if kind not in ("http", "websocket"):
            raise ValueError("ASGI scope %r is not http, websocket or lifespan" % (kind,))
        server = await self.ready()
        client = scope.get("client")
        connection = Connection(server, tuple(client) if client else None)
        try:
            if kind == "http":
                await _http(connection, scope, receive, send)
            else:
                await _websocket(connection, scope, receive, send)
        finally:
            connection.leave()

    async def _lifespan(self, receive, send) -> None:
        await receive()
        try:
            await self.start()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": "%s: %s" % (type(error).__name__, error)})
            raise  # as Starlette does: its TestClient waits for it
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    # ---- RSGI ------------------------------------------------------------

    async def __rsgi__(self, scope, proto) -> None:
        """One RSGI connection."""
        from . import rsgi

        server = await self.ready()
        connection = Connection(server, rsgi.peer(scope))
        try:
            if scope.proto == "http":
                await rsgi.http(connection, scope, proto)
            else:
                await rsgi.websocket(connection, scope, proto)
        finally:
            connection.leave()

    def __rsgi_init__(self, loop) -> None:
        """The worker's loop is about to run."""
        loop.run_until_complete(self.start())

    def __rsgi_del__(self, loop) -> None:
        """The worker's loop has stopped."""
        loop.run_until_complete(self.stop())


# ---- HTTP ------------------------------------------------------------------


async def _http(connection, scope, receive, send) -> None:
    chunked = False
    extra = [b"Connection: close"]
    headers = scope["headers"]
    first = None
    if not any(name == b"content-length" for name, _ in headers):
        first = await receive()  # HTTP/2 has bodies without a length; this tells whether there is one
        chunked = bool(first.get("body")) or first.get("more_body", False)
        if chunked:
            extra.append(b"Transfer-Encoding: chunked")
    try:
        data = link.request(scope["method"], target(scope), headers, extra)
    except ValueError as error:
        return await _answer(send, 400, str(error))
    upload = beside(connection, _upload(connection, data, first, chunked, receive))
    try:
        head = await connection.head()
        if head is None:
            return await _answer(send, 500, "Internal Server Error")
        await send({"type": "http.response.start", "status": head.status, "headers": link.fields(head)})
        async for piece in connection.body(scope["method"], head):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except OSError:
        pass  # the client has gone
    finally:
        await done(upload)


async def _upload(connection, data: bytes, event, chunked: bool, receive) -> None:
    # The request goes in; then this waits for the client's end, which ends the handler's connection too.
    await connection.send(data)
    more = True
    while True:
        if event is None:
            event = await receive()
        if event["type"] == "http.disconnect":
            return connection.leave()
        body = event.get("body", b"")
        if chunked and body:
            body = b"%x\r\n%b\r\n" % (len(body), body)
        if more and not event.get("more_body", False):
            more = False
            body += b"0\r\n\r\n" if chunked else b""
        if body:
            await connection.send(body)
        event = None


async def _answer(send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode() + b"\n"})


def beside(connection, coro):
    """A helper task; when it fails the connection ends, so that nobody waits for it in vain."""

    async def run():
        try:
            await coro
        except Exception:
            connection.leave()
            raise

    return asyncio.ensure_future(run())


async def done(task) -> None:
    """Cancel a helper task, and let what it has failed of be seen."""
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass


def target(scope) -> bytes:
    """The request's target: path and query as the client sent them, below the place the application is mounted at."""
    from urllib.parse import quote

    root = scope.get("root_path", "")
    path = scope["path"]
    raw = scope.get("raw_path")
    if root and path.startswith(root):
        path = path[len(root) :] or "/"
        prefix = quote(root).encode()
        raw = (raw[len(prefix) :] or b"/") if raw is not None and raw.startswith(prefix) else None
    if raw is None:
        raw = quote(path, safe="/~!$&'()*+,;=:@").encode()
    query = scope.get("query_string", b"")
    return raw + b"?" + query if query else raw


# ---- WebSocket ---------------------------------------------------------------


async def _websocket(connection, scope, receive, send) -> None:
    await receive()  # websocket.connect
    head = None
    try:
        data = link.upgrade(target(scope), scope["headers"], scope.get("subprotocols"))
    except ValueError:
        return await send({"type": "websocket.close", "code": POLICY_VIOLATION})
    await connection.send(data)
    head = await connection.head()
    if head is None or head.status != 101:
        return await _refused(connection, head, scope, send)
    accept = {"type": "websocket.accept", "headers": link.handshake_fields(head)}
    accept["subprotocol"] = head.get("sec-websocket-protocol")
    inbound = None
    try:
        await send(accept)
        inbound = beside(connection, _inbound(connection, receive))
        await _outbound(connection, send)
    except OSError:
        pass  # the client has gone
    finally:
        if inbound is not None:
            await done(inbound)


async def _refused(connection, head, scope, send) -> None:
    # A handshake ends in an HTTP status, a WebSocket in a close code: here the one becomes the other, nowhere else.
    if head is None or "websocket.http.response" not in (scope.get("extensions") or {}):
        return await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": ""})
    kind = "websocket.http.response."
    # Short, and granian takes it in one piece only.
    body = b"".join([piece async for piece in connection.body("GET", head)])
    await send({"type": kind + "start", "status": head.status, "headers": link.fields(head)})
    await send({"type": kind + "body", "body": body, "more_body": False})


async def _inbound(connection, receive) -> None:
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            return await closed(connection, event.get("code"), event.get("reason"))
        text = event.get("text")
        frame = client_frame(0x81, text.encode()) if text is not None else client_frame(0x82, event["bytes"])
        await connection.send(frame)


async def closed(connection, code: "int | None", reason: "str | None") -> None:
    """The client has closed: the handler learns it as it would from its own socket."""
    connection.by_client = True
    if code is None:
        code = NO_STATUS
    if code == NO_STATUS or sendable(code):
        await connection.send(client_frame(0x88, b"" if code == NO_STATUS else close_payload(code, reason or "")))
    connection.leave()


async def _outbound(connection, send) -> None:
    async for opcode, payload in connection.frames():
        if opcode == TEXT:
            await send({"type": "websocket.send", "text": payload.decode()})
        elif opcode == BINARY:
            await send({"type": "websocket.send", "bytes": payload})
        elif opcode == PING:
            await connection.send(client_frame(0x8A, payload))
        elif opcode == CLOSE:
            code, reason = parse_close(payload)
            await connection.send(client_frame(0x88, payload[:2]))
            if not connection.by_client:
                await send({"type": "websocket.close", "code": code, "reason": reason})
            return
    if not connection.by_client:
        await send({"type": "websocket.close", "code": INTERNAL_ERROR, "reason": ""})
