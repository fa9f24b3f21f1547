"""Requests that come in pieces, one behind the other, or with a body."""

from ..config import const
from ..exceptions import HTTPException, ProtocolError
from ..protocol.body import BodyReader
from ..protocol.pieces import HeadReader

_FIRST_BYTE = const(0)  # connection.phases.FIRST_BYTE
_FLUSH = const(5)  # connection.phases.FLUSH
_HANDLER = const(2)  # connection.phases.HANDLER
_HEAD = const(1)  # connection.phases.HEAD
_LINGER = const(6)  # connection.phases.LINGER
_SKIP = const(4)  # connection.phases.SKIP
_STREAM = const(3)  # connection.phases.STREAM

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Bodies:
    """Mixin of HttpConnection."""

    reader = None  # HeadReader, while a head comes in pieces
    busy = False  # inside _consume()
    expecting = False  # the handler waits for more of the body
    continued = False  # the client knows that its body is welcome

    def feed_pieces(self, buf, off: int, end: int) -> None:
        """Bytes arrived that are not just one request's head."""
        if self.phase == _LINGER:
            return
        if self.left is not None:
            return self._set_aside(memoryview(buf)[off:end])
        self._consume(buf, off, end)

    def _set_aside(self, data) -> None:
        # The next request waits for its turn, and its sender in the network; but in a stream without an end, to read
        # is the only way to hear that the client has left.
        self.left = (self.left or b"") + bytes(data)
        if self.phase != _STREAM or not self.endless:
            self.pause()
        elif len(self.left) > self.server.config.max_head:
            self.left = b""
            self.keep = False

    def _consume(self, buf, off: int, end: int) -> None:
        self.busy = True
        try:
            while off < end and self.sock is not None:
                if self.phase <= _HEAD:
                    off = self._read_head(buf, off, end)
                elif self.phase != _FLUSH and self.body is not None and not self.body.done and self.error is None:
                    off = self._read_body(buf, off, end)
                else:
                    return self._set_aside(memoryview(buf)[off:end])
        except ProtocolError as error:
            self.fail(error)
        finally:
            self.busy = False

    def _read_head(self, buf, off: int, end: int) -> int:
        if self.phase == _FIRST_BYTE:
            self._wait(_HEAD, self.server.config.head_timeout)
        if self.reader is None:
            self.reader = HeadReader(self.server.config)
        off = self.reader.feed(buf, off, end)
        if off < 0:
            return end
        head = self.reader.head
        self.reader = None
        successor = self.begin_request(head)
        if successor is not None:
            # Upgraded: what is glued to the handshake belongs to the new protocol.
            if off < end:
                successor.feed(buf, off, end)
            return end
        return off

    def _read_body(self, buf, off: int, end: int) -> int:
        if self.data is None:
            self.data = bytearray()
        if self.phase == _SKIP:
            self.data = bytearray()
        elif len(self.data) >= self.server.config.rx_buffer:
            self.left = bytes(memoryview(buf)[off:end])
            self.pause()
            return end
        off = self.body.feed(buf, off, end, self.data)
        if self.phase == _SKIP:
            if self.body.done:
                self.next_request()
        else:
            self.wake()
        return off

    def expect_body(self) -> None:
        """The request has a body, or expects something."""
        head = self.head
        self.error = None
        if head.length:
            self.body = BodyReader(head.length, self.server.config.max_body)
        expect = head.get("expect")
        if expect and expect.lower() != "100-continue":
            raise ProtocolError(417, "unknown expectation")

    def body_lost(self) -> None:
        """The client has left in the middle of its body."""
        self.error = HTTPException(400, "the client left in the middle of its body")
        self.wake()

    async def read_some(self) -> bytes:
        """The next piece of the body, b"" behind its end. Raises HTTPException (400, 408, 413)."""
        while not self.data:
            if self.error is not None:
                raise self.error
            if self.body is None or self.body.done:
                return b""
            if self.sock is None:
                raise HTTPException(400, "the client left in the middle of its body")
            self._continue()
            self.unread()
            if not self.data and not self.body.done and self.error is None:
                await self._more()
        data = bytes(self.data)
        self.data = None
        self.unread()
        return data

    async def _more(self) -> None:
        # Only while the handler waits is it the client who is late.
        reading = self.phase == _HANDLER
        if reading:
            self._wait(_HANDLER, self.server.config.body_timeout)
            self.expecting = True
        try:
            await self.park()
        finally:
            self.expecting = False
            if reading and self.phase == _HANDLER:
                self._wait(_HANDLER, self.server.config.response_timeout)

    def _continue(self) -> None:
        head = self.head
        if head is not None and head.version and head.expects and not self.continued and not self.body.total:
            self.continued = True
            self.write(CONTINUE, len(CONTINUE))

    def unread(self) -> None:
        """Go on with what was read too early."""
        left = self.left
        if left is not None and not self.busy:
            self.left = None
            self._consume(bytearray(left), 0, len(left))
        if self.left is None and not self.half:
            self.resume()
