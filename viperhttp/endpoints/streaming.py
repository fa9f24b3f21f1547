"""Responses whose body is made piece by piece: generators, and event streams for EventSource."""

import json

from ..config import MICROPYTHON
from ..protocol import sse
from .responses import Response


class StreamingResponse(Response):
    """Sends each item of an iterable as it comes.

    body        (content is the same) async generator, generator, or any iterable. On MicroPython, which has no async
                generators, an `async def` with `yield` works the same: an item may be anything but None.
    media_type  with text/event-stream each item is an event (see protocol.sse.event): a dict with comment, event,
                id, retry, data, or the data itself. Otherwise items are str or bytes. content_type is the same
    total_len   bytes of the whole body when that is known: it is told as Content-Length, and the stream must keep it
    chunk_size, chunked   are taken and not needed: items go out as they come, framed as the client's HTTP has it

    When the client goes, the generator is closed: its `finally` runs.
    """

    def __init__(
        self,
        body=None,
        media_type=None,
        content_type=None,
        status_code: int = 200,
        headers=None,
        chunk_size=None,
        total_len: "int | None" = None,
        chunked=None,
        content=None,
    ):
        media_type = media_type or content_type or "application/octet-stream"
        self.events = media_type.startswith("text/event-stream")
        Response.__init__(self, b"", status_code, headers, sse.CONTENT_TYPE if self.events else media_type)
        if self.events:
            for name, value in (("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no")):
                if not self.has(name.lower()):
                    self.fields.append((name, value))
        self.stream = content if body is None else body
        self.total_len = total_len

    def opening(self):
        """Bytes that are sent before the first item, or None."""
        return None

    async def send_to(self, connection) -> None:
        """Send it as the answer on an HttpConnection."""
        if self.events and connection.request:
            _list(connection.request)
        connection.begin(self.status_code, self.fields, self.total_len)
        if connection.head.method != "HEAD":
            dumps = connection.request.app.json.dumps if connection.request else json.dumps
            opening = self.opening()
            try:
                if opening is not None:
                    await connection.send_body(opening)
                sink = _Sink(connection, self.events, dumps, self.total_len)
                await _each(self.stream, sink)
            except OSError:
                if connection.sock is not None:
                    raise
                return  # the client has gone, which ends the stream and nothing else
            if sink.left:
                raise ValueError("the stream is %d bytes shorter than its total_len" % sink.left)
        connection.end()


def _list(request) -> None:
    # Only now it is known that the route streams events: from here on the documents say it, and /docs offers it.
    methods, _ = request.app.find_route(request.head.path)
    endpoint = request.app.dispatcher.find_endpoint(request.method, methods)
    docs = endpoint.docs if endpoint is not None and endpoint.docs else {}
    if endpoint is not None and "responses" not in docs:
        endpoint.docs = dict(docs)
        endpoint.docs["responses"] = {200: "text/event-stream"}


class _Sink:
    def __init__(self, connection, events: bool, dumps, left):
        self.connection = connection
        self.events = events
        self.dumps = dumps
        self.left = left  # bytes that Content-Length has promised, or None

    async def put(self, item) -> None:
        if self.events:
            item = sse.event(item, self.dumps)
        elif isinstance(item, str):
            item = item.encode()
        if self.left is not None:
            self.left -= len(item)
            if self.left < 0:
                raise ValueError("the stream is longer than its total_len")
        await self.connection.send_body(item)


if MICROPYTHON:

    def _each(stream, sink):
        # A generator that MicroPython can await. In an `async def` with `yield`, send() gives back None when
        # asyncio wants to wait, and the item when the user's code yields one.
        if not hasattr(stream, "send"):
            stream = (item for item in stream)
        error = None
        while True:
            try:
                item = stream.send(None) if error is None else stream.throw(error)
            except StopIteration:
                return
            error = None
            try:
                if item is None:
                    yield
                else:
                    yield from sink.put(item)
            except BaseException as thrown:
                # The user's code may have to see it: asyncio wakes a wait_for() with a CancelledError. At an item it
                # is told of the end as a generator is, and may await in its `finally`.
                if item is not None:
                    return (yield from _close(stream, thrown))
                error = thrown

    def _close(stream, error):
        # What close() does, for a generator that awaits on its way out.
        try:
            item = stream.throw(GeneratorExit())
            while item is None:
                yield
                item = stream.send(None)
        except (StopIteration, GeneratorExit):
            raise error
        raise RuntimeError("a stream's generator yields although its client has gone")

else:

    async def _each(stream, sink):
        if hasattr(stream, "__aiter__"):
            try:
                async for item in stream:
                    await sink.put(item)
            finally:
                if hasattr(stream, "aclose"):
                    await stream.aclose()
            return
        try:
            for item in stream:
                await sink.put(item)
        finally:
            if hasattr(stream, "close"):
                stream.close()
