"""EventSourceResponse: server-sent events with a reconnection time and heartbeats."""

import asyncio

from ..protocol import sse
from ..protocol.response import chunk
from .streaming import StreamingResponse


class EventSourceResponse(StreamingResponse):
    """Events for the browser's EventSource.

    stream     generator, async or not, or any iterable of events; see StreamingResponse
    headers    dict or pairs
    retry      milliseconds after which a browser reconnects; None leaves it to the browser
    chunk_size is taken and not needed
    heartbeat  seconds between comments that keep proxies from closing a silent stream, and that let the server
               notice a client that has gone; None (default) sends none
    """

    def __init__(
        self,
        stream=None,
        headers=None,
        retry: "int | None" = None,
        chunk_size=None,
        heartbeat: "float | None" = None,
    ):
        StreamingResponse.__init__(self, stream, "text/event-stream", headers=headers)
        self.retry = retry
        self.heartbeat = heartbeat

    def opening(self):
        """What is sent before the first event."""
        return sse.event({"retry": self.retry}) if self.retry is not None else None

    async def send_to(self, connection) -> None:
        """Send it as the answer on an HttpConnection."""
        if self.heartbeat is None or connection.head.method == "HEAD":
            return await StreamingResponse.send_to(self, connection)
        beat = asyncio.create_task(_beat(connection, self.heartbeat))
        try:
            await StreamingResponse.send_to(self, connection)
        finally:
            beat.cancel()


async def _beat(connection, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        if connection.sock is None:
            return
        if connection.phase_streaming() and not connection.backlog():
            data = chunk(sse.HEARTBEAT) if connection.chunked else sse.HEARTBEAT
            connection.write(data, len(data))
