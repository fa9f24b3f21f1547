"""Answers of an HTTP connection but the ordinary 200, and what becomes of a request that is late or unsound."""

from ..config import const
from ..exceptions import HTTPException, ProtocolError
from ..protocol import response

_HEAD = const(1)  # connection.phases.HEAD
_HANDLER = const(2)  # connection.phases.HANDLER
_STREAM = const(3)  # connection.phases.STREAM
_SKIP = const(4)  # connection.phases.SKIP
_FLUSH = const(5)  # connection.phases.FLUSH
_SKIP_LIMIT = const(16384)  # an unread body up to this size is read away to keep the connection
_ONE_SEGMENT = const(1024)  # a body up to this size goes out together with its head


class Replies:
    """Mixin of HttpConnection."""

    expecting = False  # the handler waits for more of the body: see Bodies

    def _get_request(self):
        """The application's object for the request."""
        if self.made is None and self.head is not None:
            self.made = self.server.dispatcher.make_request(self)
        return self.made

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

    def refuse(self, status: int, reason: str, headers=()) -> None:
        """Answer with an error as text, then close."""
        self.keep = False
        text = (reason + "\n").encode()
        self.respond(status, [("Content-Type", "text/plain; charset=utf-8")] + list(headers), text)

    def fail(self, error: ProtocolError) -> None:
        """The request is none."""
        self.keep = False
        self.broken = True
        if self.phase == _HANDLER and self.task is not None:
            # The handler that reads the body is told, and may answer.
            self.error = HTTPException(error.code, error.reason)
            self.pause()
            self.wake_later()
        elif self.phase == _STREAM or self.phase == _SKIP:
            self.drop()
        else:
            self.refuse(error.code, error.reason)

    def late(self) -> None:
        """The client, or the handler, took too long."""
        phase = self.phase
        if phase == _HEAD:
            self.refuse(408, "the request did not arrive in time")
        elif phase == _HANDLER and self.expecting:
            self.error = HTTPException(408, "the body did not arrive in time")
            self.keep = False
            self.wake_later()
        elif phase == _HANDLER:
            self.server.dispatcher.timed_out(self)

    def phase_streaming(self) -> bool:
        """Whether a body is half out."""
        return self.phase == _STREAM

    def stop(self) -> bool:
        """The server stops. True when an answer is under way that deserves to be finished."""
        self.keep = False
        if self.phase == _STREAM:
            self.cancel()
            return False
        # Ctrl-C may have come between a handler's end and its answer's: such a request waits for nothing.
        return self.task is not None if self.phase == _HANDLER else self.phase == _FLUSH and self.backlog() > 0
