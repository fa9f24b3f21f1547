"""A WebSocket's messages of all kinds: what receive() and send() take, JSON, bytes, iterating."""

import asyncio

from ..config import MICROPYTHON, const
from ..exceptions import WebSocketDisconnect, WebSocketException
from .websocket import Messages

_UNSUPPORTED_DATA = const(1003)  # codes.UNSUPPORTED_DATA

_OPEN = const(1)  # connection.ws.OPEN
_TEXT = const(0x81)  # first byte of a whole text message
_BINARY = const(0x82)


class Kinds:
    """Mixin of WebSocket."""

    # ---- receiving -------------------------------------------------------

    if not MICROPYTHON:  # which has that of fast.py

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
                raise WebSocketException(_UNSUPPORTED_DATA, "expected text")
            return message

    async def receive_bytes(self, timeout: "float | None" = None) -> bytes:
        """The next binary message; see receive_text."""
        message = await self.receive_any(timeout)
        if type(message) is str:
            raise WebSocketException(_UNSUPPORTED_DATA, "expected bytes")
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
            if self.pending is None and self.phase == _OPEN:
                await self.park()

        await asyncio.wait_for(nap(), timeout)

    def iter_bytes(self):
        """`async for` over binary messages; ends at the close."""
        return Messages(self.receive_bytes)

    def iter_json(self):
        """`async for` over JSON messages; ends at the close."""
        return Messages(self.receive_json)

    # ---- sending ---------------------------------------------------------

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


def _is_bytes(data) -> bool:
    return isinstance(data, (bytes, bytearray, memoryview))
