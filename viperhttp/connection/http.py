"""One HTTP/1.1 connection: requests in, one at a time, responses out, with a deadline for each wait.

What an ordinary request needs, which comes in one piece and has no body, is here; the rest loads when it is needed.
"""

from ..cold import Cold, complete
from ..config import MICROPYTHON, const
from ..exceptions import ProtocolError
from ..protocol.http1 import similar_head, whole_head
from ..protocol.setting import KERNELS
from ..transport import Channel, ticks_add

_FIRST_BYTE = const(0)  # connection.phases.FIRST_BYTE
_FLUSH = const(5)  # connection.phases.FLUSH
_HANDLER = const(2)  # connection.phases.HANDLER
_HEAD = const(1)  # connection.phases.HEAD
_LINGER = const(6)  # connection.phases.LINGER
_SKIP = const(4)  # connection.phases.SKIP
_STREAM = const(3)  # connection.phases.STREAM

_LINGER_TIME = 0.5  # seconds in which a refused client may read the answer before the socket is closed under it
_ONE_SEGMENT = const(1024)  # a body up to this size goes out together with its head
_REMEMBERED = const(512)  # bytes: a longer head is parsed again when it comes again

_REFUSED = (
    "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s"
)

if KERNELS == "pure":  # asked for: not where there is no emitter

    def whole_head(data, config):  # type: ignore[misc]
        """Without it HeadReader reads every head; tests run both."""


class HttpConnection(Channel, Cold):
    """Reads requests for `server.handle(connection, head)` and sends what it answers.

    Every request ends with one call of respond() or answer(), or of begin() and end(), or with upgrade().
    """

    _cold = (
        "viperhttp.connection.replies.Replies respond refuse fail late stop phase_streaming _get_request _keeps"
        " _bodiless ",
        "viperhttp.connection.bodies.Bodies feed_pieces expect_body body_lost read_some unread ",
        "viperhttp.connection.streams.Streams begin send_body end ",
    )
    phase = _FIRST_BYTE
    limit: "float | None" = None  # seconds that it may take, from the next look at the deadlines on
    head = None
    params: "dict | None" = None  # of the route
    body = None  # BodyReader of the request
    data = None  # decoded body that the handler has not taken
    left = None  # what the client sent ahead of its turn
    error = None  # why the body cannot be read
    keep = True
    endless = False  # the answer's length is not known
    broken = False  # the request is not sound
    whole = False  # what was answered was a sound request
    half = False  # the client sends no more, but may still read
    made = None  # the application's object for the request, once somebody has asked for it
    counted = False  # holds one of the server's slots
    fresh = False  # bytes came since the last check()
    kind = "http"

    def _wait(self, phase: int, seconds: "float | None") -> None:
        self.phase = phase
        self.limit = seconds
        self.due = None

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
        self._wait(_HANDLER, server.config.response_timeout)
        if head.length or head.expects:
            self.expect_body()
        return server.handle(self, head)

    def eof(self) -> None:
        """The client sends no more, but may still read. In a stream without a known end it is taken to have left:
        that is all that is ever heard of an EventSource that was closed."""
        self.half = True
        if self.phase in (_FIRST_BYTE, _HEAD, _SKIP, _LINGER) or (self.phase == _STREAM and self.endless):
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
            self._wait(_FIRST_BYTE, self.server.config.keep_alive_timeout)
        else:
            self._done()

    def is_plain(self):
        """Whether answer() may answer: nothing about the request or the connection is special."""
        head = self.head
        if self.body is not None or self.left is not None or not self.keep or self.half:
            return False
        return head.version and head.method != "HEAD" and not self.server.stopping

    def _done(self) -> None:
        if self.sock is None:
            return
        self.whole = self.head is not None and not self.broken
        self.made = self.head = None
        self._wait(_FLUSH, None)
        if not self.backlog():
            self.drained()

    def drained(self) -> None:
        """All is sent."""
        if self.phase == _STREAM:
            return self.wake_later()
        if self.phase != _FLUSH:
            return
        if not self.keep:
            return self._linger()
        if self.task is not None:
            return  # the answer is out, its handler has yet to return: ended() goes on
        if self.body is not None and not self.body.done:
            self._wait(_SKIP, self.server.config.body_timeout)
        else:
            self.next_request()
        if self.left is not None or self.paused:
            self.unread()

    def next_request(self) -> None:
        """The answer is out, and the connection stays."""
        if self.body is not None:
            self.body = self.data = None
            self.continued = False
        self._wait(_FIRST_BYTE, self.server.config.keep_alive_timeout)

    def turn_away(self, status: str, text: str, header: str = "") -> None:
        """refuse() for want of memory or room: nothing is loaded for it. `status` has its phrase, `header` its CRLF."""
        self.keep = False
        data = (_REFUSED % (status, header, len(text), text)).encode()
        self.write(data, len(data))
        self._done()

    def _linger(self) -> None:
        # Closing with unread data sends a reset, which may destroy the answer on its way. Behind a request that
        # was read to its end nothing comes, and a client may be waiting for the end of the connection.
        whole = self.whole and self.left is None and (self.body is None or self.body.done)
        if whole or self.half or self.server.stopping:
            return self.close_when_sent()
        self.left = self.data = self.body = None
        self._wait(_LINGER, _LINGER_TIME)
        self.resume()
        self.server.release(self)

    # ---- deadlines and the end -------------------------------------------

    def check(self, now: int) -> None:
        """Called every now and then."""
        self.fresh = False
        if self.due is None and self.limit is not None:
            self.due = ticks_add(now, int(self.limit * 1000))
        self.server.check_channel(self, now)

    def ended(self, value, error) -> None:
        """The handler has finished."""
        self.server.finished(self, value, error)
        if self.phase == _FLUSH and self.task is None and self.sock is not None and not self.backlog():
            self.drained()

    def lost(self) -> None:
        """The socket is closed."""
        self.server.release(self)
        self.due = None
        self.left = self.data = None
        self.wake_later()
        # Nobody listens to a stream any more: its generator is closed at the next look at the deadlines.
        self.server.gone(self, self.phase == _STREAM)

    def overdue(self) -> None:
        """The client, or the handler, took too long."""
        self.due = self.limit = None
        phase = self.phase
        if phase == _FIRST_BYTE or phase == _LINGER or phase == _SKIP:
            self.drop()
        elif phase != _FLUSH:
            self.late()


if not MICROPYTHON:
    complete(HttpConnection)
