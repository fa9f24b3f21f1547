"""Responses whose body comes piece by piece."""

import asyncio

from ..config import const
from ..protocol import response
from ..transport import LOST

_STREAM = const(3)  # connection.phases.STREAM

_BURST = 16384  # bytes of one body that go out before other connections have their turn


class Streams:
    """Mixin of HttpConnection."""

    burst = 0  # bytes of the body sent without a pause
    chunked = False  # the answer is
    mute = False  # the answer has no body, whatever the handler makes

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
        self._wait(_STREAM, None)
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

    def end(self) -> None:
        """The body that begin() started is complete."""
        if self.chunked and self.sock is not None:
            self.chunked = False
            self.write(response.LAST_CHUNK, len(response.LAST_CHUNK))
        self._done()
