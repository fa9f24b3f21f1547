"""RSGI (granian's own interface): HTTP, and WebSocket as far as it goes there.

RSGI 1.x has no subprotocols, no close codes, no body of a refused handshake, and paths only percent-decoded: a handler
sees no offers, a client that closed shows as 1005, and the client gets an empty CLOSE frame. `granian --interface
asgi` has all of them.
"""

from ..protocol.codes import BINARY, CLOSE, NO_STATUS, PING, TEXT
from ..testing_parts import client_frame
from . import link
from .adapter import beside, closed, done, target

_WHOLE = 65536  # bytes of an answer up to which it is given to the server in one piece


def peer(scope) -> "tuple | None":
    """(host, port) of the client."""
    host, _, port = (scope.client or "").rpartition(":")
    return (host.strip("[]"), int(port)) if port.isdigit() else None


def _target(scope) -> bytes:
    return target({"path": scope.path, "query_string": (scope.query_string or "").encode("latin-1")})


def _headers(scope) -> list:
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in scope.headers.items()]
    if scope.authority and not any(name == b"host" for name, _ in pairs):
        pairs.append((b"host", scope.authority.encode("latin-1")))  # HTTP/2
    return pairs


def _text(pairs) -> list:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]


async def http(connection, scope, proto) -> None:
    """One request."""
    headers = _headers(scope)
    names = [name for name, _ in headers]
    chunked = b"content-length" not in names and scope.method not in ("GET", "HEAD")
    extra = [b"Connection: close"] + ([b"Transfer-Encoding: chunked"] if chunked else [])
    try:
        data = link.request(scope.method, _target(scope), headers, extra)
    except ValueError as error:
        return proto.response_str(400, [("content-type", "text/plain")], str(error) + "\n")
    upload = beside(connection, _upload(connection, data, chunked, proto))
    try:
        head = await connection.head()
        if head is None:
            return proto.response_str(500, [("content-type", "text/plain")], "Internal Server Error\n")
        await _respond(connection, scope.method, head, proto)
    finally:
        await done(upload)


async def _respond(connection, method: str, head, proto) -> None:
    headers = _text(link.fields(head))
    length = head.get("content-length")
    pieces = connection.body(method, head)
    if length is None or int(length) > _WHOLE:
        if method == "HEAD":
            return proto.response_empty(head.status, headers)
        stream = proto.response_stream(head.status, headers)
        async for piece in pieces:
            await stream.send_bytes(piece)
        return
    body = b"".join([piece async for piece in pieces])
    if body:
        proto.response_bytes(head.status, headers, body)
    else:
        proto.response_empty(head.status, headers)


async def _upload(connection, data: bytes, chunked: bool, proto) -> None:
    await connection.send(data)
    async for piece in proto:
        await connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else bytes(piece))
    if chunked:
        await connection.send(b"0\r\n\r\n")
    await proto.client_disconnect()
    connection.leave()


async def websocket(connection, scope, proto) -> None:
    """One WebSocket."""
    try:
        data = link.upgrade(_target(scope), _headers(scope), None)
    except ValueError:
        return proto.close(400)
    await connection.send(data)
    head = await connection.head()
    if head is None or head.status != 101:
        # Before accept() RSGI's close() takes an HTTP status: a close code would be none, and ends granian.
        return proto.close(head.status if head is not None else 500)
    transport = await proto.accept()
    inbound = beside(connection, _inbound(connection, transport))
    try:
        await _outbound(connection, transport)
    except RuntimeError as error:
        _only_closed(error)
    finally:
        await done(inbound)
        proto.close(None)


async def _inbound(connection, transport) -> None:
    while True:
        try:
            message = await transport.receive()
        except RuntimeError as error:
            _only_closed(error)
            return connection.leave()
        if message.kind == 0:
            return await closed(connection, NO_STATUS, "")
        data = message.data
        if message.kind == 2:
            await connection.send(client_frame(0x81, data.encode()))
        else:
            await connection.send(client_frame(0x82, bytes(data)))


async def _outbound(connection, transport) -> None:
    async for opcode, payload in connection.frames():
        if opcode == TEXT:
            await transport.send_str(payload.decode())
        elif opcode == BINARY:
            await transport.send_bytes(payload)
        elif opcode == PING:
            await connection.send(client_frame(0x8A, payload))
        elif opcode == CLOSE:
            return await connection.send(client_frame(0x88, payload[:2]))


def _only_closed(error) -> None:
    # By its name: granian need not be there.
    if type(error).__name__ != "RSGIProtocolClosed":
        raise error
