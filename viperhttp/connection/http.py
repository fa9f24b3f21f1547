"""One HTTP/1.1 connection: requests in, one at a time, responses out, with a deadline for each wait.

What an ordinary request needs, which comes in one piece and has no body, is here; the rest loads when it is needed.
"""

from ..cold import Cold, complete
from ..config import MICROPYTHON, const
from ..exceptions import HTTPException, ProtocolError
from ..protocol import response
from ..protocol.http1 import similar_head, whole_head
from ..protocol.kernels import NAME
from ..transport import Channel, ticks_add
from .phases import FIRST_BYTE, FLUSH, HANDLER, HEAD, LINGER, SKIP, STREAM

_FIRST_BYTE = const(0)
_LINGER = 0.5  # seconds in which a refused client may read the answer before the socket is closed under it
_SKIP_LIMIT = const(16384)  # an unread body up to this size is read away to keep the connection
_ONE_SEGMENT = const(1024)  # a body up to this size goes out together with its head
_REMEMBERED = const(512)  # bytes: a longer head is parsed again when it comes again

if NAME == "pure":

    def whole_head(data, config):  # type: ignore[misc]
        """Without it HeadReader reads every head; tests run both."""


class HttpConnection(Channel, Cold):
    """Reads requests for `server.handle(connection, head)` and sends what it answers.

    Every request ends with one call of respond() or answer(), or of begin() and end(), or with upgrade().
    """

    _cold = (
        "viperhttp.connection.bodies.Bodies",
        "viperhttp.connection.streams.Streams",
    )
    phase = FIRST_BYTE
    limit: "float | None" = None  # seconds that it may take, from the next look at the deadlines on
    reader = None  # HeadReader, while a head comes in pieces
    head = None
    params: "dict | None" = None  # of the route
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
    continued = False  # the client knows that its body is welcome
    broken = False  # the request is not sound
    whole = False  # what was answered was a sound request
    half = False  # the client sends no more, but may still read
    made = None  # the application's object for the request, once somebody has asked for it
    counted = False  # holds one of the server's slots
    fresh = False  # bytes came since the last check()
    kind = "http"

    def open(self) -> None:
        """The connection is new."""
        self._wait(FIRST_BYTE, self.server.config.first_byte_timeout)

    def _wait(self, phase: int, seconds: "float | None") -> None:
        self.phase = phase
        self.limit = seconds
        self.due = None

    def _get_request(self):
        """The application's object for the request."""
        if self.made is None and self.head is not None:
            self.made = self.server.dispatcher.make_request(self)
        return self.made

    # ---- reading ---------------------------------------------------------

    def feed(self, buf, off: int, end: int) -> None:
        """Bytes arrived."""
        self.fresh = True
        if self.phase == _FIRST_BYTE and self.left is None:
            data = bytes(buf[off:end])
            try:
                head = self.server.last
                if head is None or head.data != data:
                    head = self._head_of(data, head)
                if head is not None:
                    self.begin_request(head)
                    return
            except ProtocolError as error:
                return self.fail(error)
        self.feed_pieces(buf, off, end)

    feed_first = feed

    def _head_of(self, data: bytes, last):
        # A page that asks again and again sends the same head each time, or the same but for its target.
        head = None
        if last is not None:
            head = similar_head(data, last, self.server.config)
        if head is None:
            head = whole_head(data, self.server.config)
            if head is not None and not head.length and not head.upgrade and len(data) <= _REMEMBERED:
                head.data = data
                self.server.last = head
        return head

    def begin_request(self, head):
        """A head is complete. Returns the WebSocket that takes over, if it is one."""
        server = self.server
        self.head = head
        self.keep = head.keep_alive() and not server.stopping
        self._wait(HANDLER, server.config.response_timeout)
        if head.length or head.expects:
            self.expect_body()
        return server.handle(self, head)

    def eof(self) -> None:
        """The client sends no more, but may still read. In a stream without a known end it is taken to have left:
        that is all that is ever heard of an EventSource that was closed."""
        self.half = True
        if self.phase in (FIRST_BYTE, HEAD, SKIP, LINGER) or (self.phase == STREAM and self.endless):
            return self.drop()
        if self.body is not None and not self.body.done:
            self.body_lost()
        self.keep = False
        self.pause()

    # ---- writing ---------------------------------------------------------

    def answer(self, start: bytes, body: bytes) -> None:
        """Send a whole response of which `start` is the head, but for its length: the ordinary case of respond()."""
        n = len(body)
        data = b"".join((start, b"Content-Length: %d\r\n\r\n" % n, body if n <= _ONE_SEGMENT else b""))
        self.write(data, len(data))
        if n > _ONE_SEGMENT:
            self.write(body, n)
        if self.out is None and self.sock is not None and not self.blocked and self.task is None:
            self.head = self.made = None
            self._wait(FIRST_BYTE, self.server.config.keep_alive_timeout)
        else:
            self._done()

    def is_plain(self):
        """Whether answer() may answer: nothing about the request or the connection is special."""
        head = self.head
        if self.body is not None or self.left is not None or not self.keep or self.half:
            return False
        return head.version and head.method != "HEAD" and not self.server.stopping

    def respond(self, status: int, headers, body: bytes) -> None:
        """Send a whole response. ValueError when a header is not allowed."""
        keep = self._keeps(headers)
        data = response.head(status, headers, len(body), keep, self.head.version if self.head else 1)
        if self._bodiless(status):
            body = b""
        if len(body) <= _ONE_SEGMENT:
            # Header and body in one segment: two writes wait for each other's acknowledgement.
            data += body
            body = b""
        self.write(data, len(data))
        if body:
            self.write(body, len(body))
        self._done()

    def _bodiless(self, status: int) -> bool:
        # RFC 9110 section 6.4.1
        return self.head is not None and self.head.method == "HEAD" or status in (204, 304) or status < 200

    def _keeps(self, headers) -> bool:
        if self.server.stopping or self.half:
            self.keep = False
        for name, value in headers:
            if name.lower() == "connection" and value == "close":
                self.keep = False  # the application's wish
        if self.body is not None and not self.body.done:
            left = self.body.left if not self.body.chunked else _SKIP_LIMIT + 1
            if left > _SKIP_LIMIT or self.error is not None or self.head.expects and not self.continued:
                self.keep = False
        return self.keep

    def _done(self) -> None:
        if self.sock is None:
            return
        self.whole = self.head is not None and not self.broken
        self.made = self.head = None
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
            self.next_request()
        if self.left is not None or self.paused:
            self.unread()

    def next_request(self) -> None:
        """The answer is out, and the connection stays."""
        self.body = self.data = None
        self.continued = False
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
        self._wait(LINGER, _LINGER)
        self.resume()
        self.server.release(self)

    # ---- deadlines and the end -------------------------------------------

    def heard(self) -> bool:
        """Whether bytes came since the last check()."""
        return self.fresh

    def check(self, now: int) -> None:
        """Called every now and then."""
        self.fresh = False
        if self.due is None and self.limit is not None:
            self.due = ticks_add(now, int(self.limit * 1000))
        self.server.check_channel(self, now)

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

    def fail(self, error: ProtocolError) -> None:
        """The request is none."""
        self.keep = False
        self.broken = True
        if self.phase == HANDLER and self.task is not None:
            # The handler that reads the body is told, and may answer.
            self.error = HTTPException(error.code, error.reason)
            self.pause()
            self.wake_later()
        elif self.phase == STREAM or self.phase == SKIP:
            self.drop()
        else:
            self.refuse(error.code, error.reason)

    def overdue(self) -> None:
        """The client, or the handler, took too long."""
        self.due = self.limit = None
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
            self.server.dispatcher.timed_out(self)

    def stop(self) -> bool:
        """The server stops. True when an answer is under way that deserves to be finished."""
        self.keep = False
        if self.phase == STREAM:
            self.cancel()
            return False
        # Ctrl-C may have come between a handler's end and its answer's: such a request waits for nothing.
        return self.task is not None if self.phase == HANDLER else self.phase == FLUSH and self.backlog() > 0


if not MICROPYTHON:
    complete(HttpConnection)
