"""The server-sent events of app.stream(): loaded when the first client asks for them."""

import asyncio
import os
from binascii import hexlify

from ..endpoints.responses import Response
from ..endpoints.websocket import origin_ok
from ..exceptions import HTTPException
from ..log import report
from ..protocol import sse
from ..transport.fresh import give_up
from .group import SSE_VIPER
from .message import notice
from .ssemember import SseMember


async def begin(stream, request, room):
    """The answer to a client that asks for events."""
    if not stream.open:
        return None  # 204: an EventSource does not come back
    _check_origin(stream, request)
    rooms = stream.wanted(request, room)
    viper = request.query_params.get("viper") == "1"
    member = SseMember(request, viper, str(hexlify(os.urandom(16)), "ascii"))
    member.asked = rooms
    if not await stream.may(member, rooms, "join"):
        raise HTTPException(403)
    return _Live(stream, member, rooms)


async def take(stream, request) -> None:
    """A message that such a client has posted."""
    _check_origin(stream, request)
    ident = request.header("x-viper-stream") or request.query_params.get("stream")
    member = stream.streams.get(ident)
    if member is None:
        raise HTTPException(404, "no such stream")
    if (request.header("content-type") or "").startswith("application/octet-stream"):
        message = await request.body()
    else:
        message = await request.text()
    if not await stream.incoming(member, message, member.asked):
        raise HTTPException(400, "not a message of viper.v1")


def _check_origin(stream, request) -> None:
    if not origin_ok(request.head, request.app, stream.origins):
        raise HTTPException(403, "pages of this origin may not connect")


def _add(stream, member) -> None:
    # An event stream begins; the first one starts the heartbeat.
    server = member.connection.server
    # A client that is gone without a word shows only by not acknowledging what is sent, heartbeats at least.
    if server.config.write_timeout:
        give_up(member.connection, server.config.write_timeout)
    # One task, which outlives a moment without streams: one for each client that comes back soon would wait beside
    # the others. That of an earlier run() may be neither done nor alive, after a Ctrl-C.
    if stream.heartbeat and (stream.task is None or stream.task.done() or stream.server is not server):
        stream.server = server
        stream.task = asyncio.create_task(_beat(stream, server))
    stream.streams[member.id] = member


async def _beat(stream, server) -> None:
    await asyncio.sleep(stream.heartbeat)
    while stream.streams and stream.server is server:
        try:
            for member in list(stream.streams.values()):
                _beat_once(stream, member)
        except MemoryError as error:
            report("heartbeat left out", error)
        await asyncio.sleep(stream.heartbeat)


def _beat_once(stream, member) -> None:
    if not member.backlog():
        form = sse.HEARTBEAT
        if member.kind_of_member == SSE_VIPER:
            form = notice(stream.manager, SSE_VIPER, 0, "", "beat", None)
        member.push(form)


class _Live(Response):
    """The answer that is the stream itself."""

    def __init__(self, stream, member, rooms):
        headers = [("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no")]
        Response.__init__(self, b"", 200, headers, sse.CONTENT_TYPE)
        self.stream = stream
        self.member = member
        self.rooms = rooms

    async def send_to(self, connection) -> None:
        """Serve the stream until the client goes."""
        # Not chunked: a room's frame is then the same for every stream, behind an HTTP/1.0 proxy too.
        connection.keep = False
        connection.begin(200, self.fields, -1)
        if connection.head.method == "HEAD":
            return connection.end()
        stream = self.stream
        member = self.member
        if stream.retry is not None:
            opening = sse.event({"retry": stream.retry})
            connection.write(opening, len(opening))
        try:
            _add(stream, member)
            head = connection.head
            stream.begin(member, self.rooms, head.get("last-event-id") or member.query_params.get("last"))
            while connection.sock is not None:
                await connection.park()
                if member.behind is not None and not connection.backlog():
                    member.behind.pull(member)
        finally:
            stream.streams.pop(member.id, None)
            stream.end(member)
