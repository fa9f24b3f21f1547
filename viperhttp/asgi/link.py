"""A connection in memory between an ASGI or RSGI server and this one, which reads and writes it as if it were TCP."""

import asyncio

from ..protocol.body import BodyReader
from ..testing_parts import ResponseHead
from ..transport.memory import Pipe

_NO_LIMIT = 0x3FFFFFFF
# Fields of one hop (RFC 9110 section 7.6.1), which the two servers say each for its own, and the handshake's.
OF_ONE_HOP = (
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
    b"expect",
)
_HANDSHAKE = (
    b"sec-websocket-key",
    b"sec-websocket-version",
    b"sec-websocket-protocol",
    b"sec-websocket-extensions",
    b"sec-websocket-accept",
    b"content-length",
)
_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # nobody sees it: the handshake with the client is the outer server's


class Link(Pipe):
    """A Pipe whose user waits for events instead of turning the loop."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.news = asyncio.Event()  # something was sent, or the server has closed
        self.room = asyncio.Event()  # all that the client has sent is read

    def pump(self) -> None:
        """Let the server read and write what it can. Never inside a task: it resumes handlers on the spot."""
        super().pump()
        if not self.waiting or not self.opened:
            self.room.set()

    def write(self, data) -> None:
        """The server sends."""
        super().write(data)
        self.news.set()

    def resume_reading(self) -> None:
        """The server reads again."""
        super().resume_reading()
        self.loop.call_soon(self.pump)

    def close(self) -> None:
        """The server closes its end."""
        super().close()
        self.news.set()
        self.room.set()

    abort = close


class Connection:
    """The client's end: sends a request, reads the answer, and frames after a handshake."""

    def __init__(self, server, peer):
        self.link = Link()
        self.rest = b""  # what stands behind the head
        self.by_client = False  # the client has closed its WebSocket
        server.listener.accepted(self.link, peer)

    async def send(self, data: bytes) -> None:
        """Send; returns when the server has read it."""
        link = self.link
        link.send(data)
        link.room.clear()
        link.loop.call_soon(link.pump)
        await link.room.wait()

    async def read(self) -> bytes:
        """What the server has sent, b"" at the end."""
        link = self.link
        if self.rest:
            data = self.rest
            self.rest = b""
            return data
        while not link.sent:
            if not link.opened:
                return b""
            link.news.clear()
            await link.news.wait()
        data = bytes(link.sent)
        link.sent.clear()
        if link.blocked:
            link.loop.call_soon(link.pump)
        return data

    def leave(self) -> None:
        """The client is gone."""
        self.link.leave()
        self.link.loop.call_soon(self.link.pump)

    # ---- HTTP ------------------------------------------------------------

    async def head(self):
        """The head of the answer, None when there is none."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = await self.read()
            if not piece:
                return None
            data += piece
        at = data.find(b"\r\n\r\n") + 4
        self.rest = data[at:]
        return ResponseHead(data[:at])

    async def body(self, method: str, head):
        """The pieces of the answer's body. EOFError when it is cut off."""
        if method == "HEAD" or head.status in (204, 304):
            return
        chunked = head.has("transfer-encoding", "chunked")
        length = head.get("content-length")
        reader = None  # to the end of the connection
        if chunked or length is not None:
            reader = BodyReader(-1 if chunked else int(length), _NO_LIMIT)
            if not chunked and length == "0":
                return
        while reader is None or not reader.done:
            data = bytearray(await self.read())
            if not data:
                if reader is not None:
                    raise EOFError("the application broke its answer off")
                return
            if reader is None:
                yield bytes(data)
                continue
            sink = bytearray()
            reader.feed(data, 0, len(data), sink)
            if sink:
                yield bytes(sink)

    # ---- WebSocket -------------------------------------------------------

    async def frames(self):
        """(opcode, payload) of each frame that the server sends; it sends every message in one."""
        data = b""
        while True:
            n = _frame_size(data)
            if n and len(data) >= n:
                size = data[1]
                at = 2 if size < 126 else 4 if size == 126 else 10
                yield data[0] & 15, data[at:n]
                data = data[n:]
                continue
            piece = await self.read()
            if not piece:
                return
            data += piece


def _frame_size(data: bytes) -> int:
    # Bytes of the frame that starts here, 0 while its length is not all there.
    if len(data) < 2:
        return 0
    size = data[1]
    if size < 126:
        return size + 2
    extra = 2 if size == 126 else 8
    if len(data) < 2 + extra:
        return 0
    return int.from_bytes(data[2 : 2 + extra], "big") + 2 + extra


def request(method: str, target: bytes, headers, extra) -> bytes:
    """The bytes of a request's head. ValueError when a line break is in it."""
    lines = [method.encode("latin-1") + b" " + target + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in headers if name not in OF_ONE_HOP]
    lines += extra
    for line in lines:
        if b"\r" in line or b"\n" in line:
            raise ValueError("a line break in the request")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def upgrade(target: bytes, headers, subprotocols) -> bytes:
    """The bytes of a WebSocket handshake."""
    extra = [
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: " + _KEY,
    ]
    if subprotocols:
        extra.append(b"Sec-WebSocket-Protocol: " + ", ".join(subprotocols).encode("latin-1"))
    return request("GET", target, [pair for pair in headers if pair[0] not in _HANDSHAKE], extra)


def fields(head) -> list:
    """(name, value) bytes of an answer, without what concerns only this connection."""
    pairs = []
    for line in head.block.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name and name not in OF_ONE_HOP:
            pairs.append((name, value))
    return pairs


def handshake_fields(head) -> list:
    """fields() without those of the handshake."""
    return [pair for pair in fields(head) if pair[0] not in _HANDSHAKE]
