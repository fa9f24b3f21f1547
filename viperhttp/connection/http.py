"""One HTTP/1.1 connection: requests in, one at a time, responses out, with a deadline for each wait."""

import asyncio

from ..exceptions import HTTPException, ProtocolError
from ..protocol import response
from ..protocol.http1 import BodyReader, HeadReader
from ..transport import LOST, Channel, ticks, ticks_add

# What the connection waits for.
FIRST_BYTE, HEAD, HANDLER, STREAM, SKIP, FLUSH, LINGER = range(7)

_LINGER = 500  # ms in which a refused client may read the answer before the socket is closed under it
_BURST = 16384  # bytes of one body that go out before other connections have their turn
_SKIP_LIMIT = 16384  # an unread body up to this size is read away to keep the connection

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpConnection(Channel):
    """Reads requests for `server.handle(connection, head)` and sends what it answers.

    Every request ends with one call of respond(), or of begin() and end(), or with upgrade().
    """

    phase = FIRST_BYTE
    reader = None
    head = None
    body = None  # BodyReader of the request
    data = None  # decoded body that the handler has not taken
    left = None  # what the client sent ahead of its turn
    error = None  # why the body cannot be read
    keep = True
    burst = 0  # bytes of the body sent without a pause
    chunked = False  # the answer is
    endless = False  # the answer's length is not known
    mute = False  # the answer has no body, whatever the handler makes
    busy = False  # inside _consume()
    expecting = False  # the handler waits for more of the body
    whole = False  # the request was sound, as far as it was read
    half = False  # the client sends no more, but may still read
    request = None  # the application's object for the request
    counted = False  # holds one of the server's slots
    kind = "http"

    def open(self) -> None:
        """The connection is new."""
        self._wait(FIRST_BYTE, self.server.config.first_byte_timeout)

    def _wait(self, phase: int, seconds: "float | None") -> None:
        self.phase = phase
        self.due = None if seconds is None else ticks_add(ticks(), int(seconds * 1000))

    # ---- reading ---------------------------------------------------------

    def feed(self, buf, off: int, end: int) -> None:
        """Bytes arrived."""
        self.fresh = True
        if self.phase == LINGER:
            return
        if self.left is not None:
            return self._set_aside(memoryview(buf)[off:end])
        self._consume(buf, off, end)

    def _set_aside(self, data) -> None:
        # The next request waits for its turn, and its sender in the network; but in a stream without an end, to read
        # is the only way to hear that the client has left.
        self.left = (self.left or b"") + bytes(data)
        if self.phase != STREAM or not self.endless:
            self.pause()
        elif len(self.left) > self.server.config.max_head:
            self.left = b""
            self.keep = False

    def _consume(self, buf, off: int, end: int) -> None:
        self.busy = True
        try:
            while off < end and self.sock is not None:
                if self.phase <= HEAD:
                    off = self._read_head(buf, off, end)
                elif self.phase != FLUSH and self.body is not None and not self.body.done and self.error is None:
                    off = self._read_body(buf, off, end)
                else:
                    return self._set_aside(memoryview(buf)[off:end])
        except ProtocolError as error:
            self._broken(error)
        finally:
            self.busy = False

    def _read_head(self, buf, off: int, end: int) -> int:
        if self.phase == FIRST_BYTE:
            self._wait(HEAD, self.server.config.head_timeout)
        if self.reader is None:
            self.reader = HeadReader(self.server.config)
        off = self.reader.feed(buf, off, end)
        if off < 0:
            return end
        head = self.head = self.reader.head
        self.reader = None
        self.keep = head.keep_alive() and not self.server.stopping
        self.whole = True
        self.error = None
        self.body = BodyReader(head.length, self.server.config.max_body) if head.length else None
        self._wait(HANDLER, self.server.config.response_timeout)
        expect = head.get("expect")
        if expect and expect.lower() != "100-continue":
            raise ProtocolError(417, "unknown expectation")
        successor = self.server.handle(self, head)
        if successor is not None:
            # Upgraded: what is glued to the handshake belongs to the new protocol.
            if off < end:
                successor.feed(buf, off, end)
            return end
        return off

    def _read_body(self, buf, off: int, end: int) -> int:
        if self.data is None:
            self.data = bytearray()
        if self.phase == SKIP:
            self.data = bytearray()
        elif len(self.data) >= self.server.config.rx_buffer:
            self.left = bytes(memoryview(buf)[off:end])
            self.pause()
            return end
        off = self.body.feed(buf, off, end, self.data)
        if self.phase == SKIP:
            if self.body.done:
                self._next_request()
        else:
            self.wake()
        return off

    def eof(self) -> None:
        """The client sends no more, but may still read. In a stream without a known end it is taken to have left:
        that is all that is ever heard of an EventSource that was closed."""
        self.half = True
        if self.phase in (FIRST_BYTE, HEAD, SKIP, LINGER) or (self.phase == STREAM and self.endless):
            return self.drop()
        if self.body is not None and not self.body.done:
            self.error = HTTPException(400, "the client left in the middle of its body")
            self.wake()
        self.keep = False
        self.pause()

    def _broken(self, error: ProtocolError) -> None:
        self.keep = self.whole = False
        if self.phase == HANDLER and self.task is not None:
            # The handler that reads the body is told, and may answer.
            self.error = HTTPException(error.code, error.reason)
            self.pause()
            self.wake_later()
        elif self.phase == STREAM or self.phase == SKIP:
            self.drop()
        else:
            self.refuse(error.code, error.reason)

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
            self._unread()
            if not self.data and not self.body.done and self.error is None:
                await self._more()
        data = bytes(self.data)
        self.data = None
        self._unread()
        return data

    async def _more(self) -> None:
        # Only while the handler waits is it the client who is late.
        reading = self.phase == HANDLER
        if reading:
            self._wait(HANDLER, self.server.config.body_timeout)
            self.expecting = True
        try:
            await self.park()
        finally:
            self.expecting = False
            if reading and self.phase == HANDLER:
                self._wait(HANDLER, self.server.config.response_timeout)

    def _continue(self) -> None:
        head = self.head
        if head is not None and head.version and head.get("expect") and not self.body.total:
            self.head.block = head.block.replace(b"\r\nexpect:", b"\r\nx-expected:")
            self.write(CONTINUE, len(CONTINUE))

    def _unread(self) -> None:
        # Go on with what was read too early.
        left = self.left
        if left is not None and not self.busy:
            self.left = None
            self._consume(bytearray(left), 0, len(left))
        if self.left is None and not self.half:
            self.resume()

    # ---- writing ---------------------------------------------------------

    def respond(self, status: int, headers, body: bytes) -> None:
        """Send a whole response. ValueError when a header is not allowed."""
        keep = self._keeps(headers)
        data = response.head(status, headers, len(body), keep, self.head.version if self.head else 1)
        if self._bodiless(status):
            body = b""
        if len(body) <= 1024:
            # Header and body in one segment: two writes wait for each other's acknowledgement.
            data += body
            body = b""
        self.write(data, len(data))
        if body:
            self.write(body, len(body))
        self._done()

    def begin(self, status: int, headers, length: "int | None") -> None:
        """Send the head of a response whose body comes by send_body(); length None is "not known"."""
        minor = self.head.version
        # Whoever has no body gets no last chunk either: it would be read as the next answer.
        self.mute = self._bodiless(status)
        self.chunked = length is None and minor > 0 and not self.mute
        if length is None and not minor:
            self.keep = False  # HTTP/1.0 has no chunks: the body ends with the connection
            length = -1
        data = response.head(status, headers, length, self._keeps(headers), minor)
        self.endless = length is None or length < 0
        if self.endless and not self.half:
            self.resume()
        self._wait(STREAM, None)
        self.write(data, len(data))

    async def send_body(self, data) -> None:
        """Send a piece of the body; waits while the client is slow. Raises OSError when it has gone."""
        if not len(data) or self.mute:
            return
        if self.chunked:
            data = response.chunk(data)
        if self.write(data, len(data)) == LOST:
            raise OSError("the client has gone")
        self.burst += len(data)
        while self.backlog() > self.server.config.send_queue:
            self.burst = 0
            await self.park()
        if self.burst > _BURST:
            # A handler that never waits, and a client as fast: the others, and news of the client's end, come now.
            self.burst = 0
            await asyncio.sleep(0)
        if self.sock is None:
            raise OSError("the client has gone")

    def _bodiless(self, status: int) -> bool:
        # RFC 9110 section 6.4.1
        return self.head is not None and self.head.method == "HEAD" or status in (204, 304) or status < 200

    def end(self) -> None:
        """The body that begin() started is complete."""
        if self.chunked and self.sock is not None:
            self.chunked = False
            self.write(response.LAST_CHUNK, len(response.LAST_CHUNK))
        self._done()

    def _keeps(self, headers) -> bool:
        if self.server.stopping or self.half:
            self.keep = False
        for name, value in headers:
            if name.lower() == "connection" and value == "close":
                self.keep = False  # the application's wish
        if self.body is not None and not self.body.done:
            left = self.body.left if not self.body.chunked else _SKIP_LIMIT + 1
            if left > _SKIP_LIMIT or self.error is not None or self.head.get("expect"):
                self.keep = False
        return self.keep

    def _done(self) -> None:
        if self.sock is None:
            return
        self.request = self.head = None
        self._wait(FLUSH, None)
        if not self.backlog():
            self.drained()

    def drained(self) -> None:
        """All is sent."""
        if self.phase == STREAM:
            return self.wake_later()
        if self.phase != FLUSH:
            return
        if not self.keep:
            return self._linger()
        if self.task is not None:
            return  # the answer is out, its handler has yet to return: ended() goes on
        if self.body is not None and not self.body.done:
            self._wait(SKIP, self.server.config.body_timeout)
        else:
            self._next_request()
        self._unread()

    def _next_request(self) -> None:
        self.body = self.data = None
        self.whole = False
        self._wait(FIRST_BYTE, self.server.config.keep_alive_timeout)

    def refuse(self, status: int, reason: str, headers=()) -> None:
        """Answer with an error as text, then close."""
        self.keep = False
        text = (reason + "\n").encode()
        self.respond(status, [("Content-Type", "text/plain; charset=utf-8")] + list(headers), text)

    def _linger(self) -> None:
        # Closing with unread data sends a reset, which may destroy the answer on its way. Behind a request that
        # was read to its end nothing comes, and a client may be waiting for the end of the connection.
        whole = self.whole and self.left is None and (self.body is None or self.body.done)
        if whole or self.half or self.server.stopping:
            return self.close_when_sent()
        self.left = self.data = self.body = None
        self.phase = LINGER
        self.due = ticks_add(ticks(), _LINGER)
        self.resume()
        self.server.release(self)

    # ---- deadlines and the end -------------------------------------------

    def check(self, now: int) -> None:
        """Called every now and then."""
        self.server.check_channel(self, now)

    def overdue(self) -> None:
        """The client, or the handler, took too long."""
        self.due = None
        phase = self.phase
        if phase == FIRST_BYTE or phase == LINGER or phase == SKIP:
            self.drop()
        elif phase == HEAD:
            self.refuse(408, "the request did not arrive in time")
        elif phase == HANDLER and self.expecting:
            self.error = HTTPException(408, "the body did not arrive in time")
            self.keep = False
            self.wake_later()
        elif phase == HANDLER:
            self.server.timed_out(self)

    def ended(self, value, error) -> None:
        """The handler has finished."""
        self.server.finished(self, value, error)
        if self.phase == FLUSH and self.task is None and self.sock is not None and not self.backlog():
            self.drained()

    def lost(self) -> None:
        """The socket is closed."""
        self.server.release(self)
        self.due = None
        self.left = self.data = None
        self.wake_later()
        # Nobody listens to a stream any more: its generator is closed at the next look at the deadlines.
        self.server.gone(self, self.phase == STREAM)

    def phase_streaming(self) -> bool:
        """Whether a body is half out."""
        return self.phase == STREAM

    def stop(self) -> bool:
        """The server stops. True when an answer is under way that deserves to be finished."""
        self.keep = False
        if self.phase == STREAM:
            self.cancel()
            return False
        # Ctrl-C may have come between a handler's end and its answer's: such a request waits for nothing.
        return self.task is not None if self.phase == HANDLER else self.phase == FLUSH and self.backlog() > 0
