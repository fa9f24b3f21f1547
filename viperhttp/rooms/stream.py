"""app.stream(): rooms at one path, over WebSocket and server-sent events alike, with messages in both directions."""

import asyncio
import os
from binascii import hexlify

from ..config import MICROPYTHON
from ..endpoints.responses import Response
from ..endpoints.websocket import origin_ok
from ..exceptions import HTTPException, WebSocketDisconnect
from ..log import report
from ..protocol import sse
from ..transport import Channel
from ..transport.fresh import give_up
from .group import SSE_VIPER, VIPER
from .history import catch_up
from .manager import PROTOCOL, ConnectionManager, kind_of
from .message import notice
from .ssemember import SseMember

_LENGTHS = {"leave": 2, "msg": 3, "join": 4}  # of the arrays that clients send
_MAX_ROOMS = 16  # rooms that one member may be in


class Stream:
    """What app.stream() registers: see there."""

    def __init__(self, app, path: str, room, on_message, authorize, manager, heartbeat, retry, origins):
        self.rooms = room if isinstance(room, (list, tuple)) else [] if room is None else [room]
        if manager is None:
            manager = self.rooms[0].manager if self.rooms else ConnectionManager()
        self.manager = manager
        self.on_message = on_message
        self.authorize = authorize
        self.heartbeat = heartbeat
        self.retry = retry
        self.origins = origins
        self.streams: dict = {}  # {id: SseMember}
        self.members: set = set()
        self.task = None  # the heartbeat's
        self.server = None  # whose task that is
        self.open = True
        app.websocket(path, protocols=[PROTOCOL], allowed_origins=origins)(self._websocket)
        app.get(path, responses={200: "text/event-stream"})(self._events)
        app.post(path)(self._post)

    async def stop(self) -> None:
        """Let no client in any more, and tell those that are there not to come back."""
        self.open = False
        for member in list(self.members):
            await member.ensure_closed(1000)

    # ---- WebSocket -------------------------------------------------------

    async def _websocket(self, ws, room=None):
        rooms = self._wanted(ws, room)
        if not await self._may(ws, rooms, "join"):
            return await ws.reject(403)
        await ws.accept()
        if not self.open:
            return await ws.close(1000)
        try:
            self._begin(ws, rooms, ws.query_params.get("last"))
            while True:
                await self._incoming(ws, await ws.receive_any(), rooms)
        except WebSocketDisconnect:
            pass
        finally:
            self._end(ws)

    # ---- server-sent events ----------------------------------------------

    async def _events(self, room=None):
        request = Channel.current().request  # type: ignore[attr-defined]
        if not self.open:
            return None  # 204: an EventSource does not come back
        self._check_origin(request)
        rooms = self._wanted(request, room)
        viper = request.query_params.get("viper") == "1"
        member = SseMember(request, viper, str(hexlify(os.urandom(16)), "ascii"))
        member.asked = rooms
        if not await self._may(member, rooms, "join"):
            raise HTTPException(403)
        return _Live(self, member, rooms)

    async def _post(self, room=None):
        request = Channel.current().request  # type: ignore[attr-defined]
        self._check_origin(request)
        ident = request.header("x-viper-stream") or request.query_params.get("stream")
        member = self.streams.get(ident)
        if member is None:
            raise HTTPException(404, "no such stream")
        if (request.header("content-type") or "").startswith("application/octet-stream"):
            message = await request.body()
        else:
            message = await request.text()
        if not await self._incoming(member, message, member.asked):
            raise HTTPException(400, "not a message of viper.v1")

    def _check_origin(self, request) -> None:
        if not origin_ok(request.head, request.app, self.origins):
            raise HTTPException(403, "pages of this origin may not connect")

    def add(self, member) -> None:
        """An event stream begins; the first one starts the heartbeat."""
        server = member.connection.server
        # A client that is gone without a word shows only by not acknowledging what is sent, heartbeats at least.
        if server.config.write_timeout:
            give_up(member.connection, server.config.write_timeout)
        # One task, which outlives a moment without streams: one for each client that comes back soon would wait beside
        # the others. That of an earlier run() may be neither done nor alive, after a Ctrl-C.
        if self.heartbeat and (self.task is None or self.task.done() or self.server is not server):
            self.server = server
            self.task = asyncio.create_task(self._beat(server))
        self.streams[member.id] = member

    def remove(self, member) -> None:
        """An event stream has ended."""
        self.streams.pop(member.id, None)
        self._end(member)

    async def _beat(self, server) -> None:
        await asyncio.sleep(self.heartbeat)
        while self.streams and self.server is server:
            try:
                for member in list(self.streams.values()):
                    self._beat_once(member)
            except MemoryError as error:
                report("heartbeat left out", error)
            await asyncio.sleep(self.heartbeat)

    def _beat_once(self, member) -> None:
        if not member.backlog():
            form = sse.HEARTBEAT
            if member.kind_of_member == SSE_VIPER:
                form = notice(self.manager, SSE_VIPER, 0, "", "beat", None)
            member.push(form)

    # ---- both ------------------------------------------------------------

    def _wanted(self, member, room) -> list:
        names = [room] if room is not None else None
        asked = member.query_params.get("rooms")
        if asked is not None and names is None:
            names = asked.split(",")
        if names is None:
            return [room.name for room in self.rooms]
        return names

    async def _may(self, member, rooms, action: str) -> bool:
        # Without authorize() the rooms of the stream are open, and no others.
        if action == "join" and self._count(member) + len(rooms) > max(_MAX_ROOMS, len(self.rooms)):
            return False
        own = [room.name for room in self.rooms]
        for name in rooms:
            if self.authorize is None:
                if name not in own and self.rooms:
                    return False
            elif not await _value(self.authorize(member, name, action)):
                return False
        return True

    def _count(self, member) -> int:
        n = 0
        for room in self.manager.rooms.values():
            n += member in room
        return n

    def _end(self, member) -> None:
        self.members.discard(member)
        self.manager.disconnect(member)

    def _begin(self, member, names, last) -> None:
        manager = self.manager
        kind = kind_of(member)
        self.members.add(member)
        manager.register(member, kind)
        hello = {"epoch": manager.epoch, "heartbeat": self.heartbeat, "rooms": names}
        if kind == SSE_VIPER:
            hello["stream"] = member.id
        self._tell(member, 0, "", "hello", hello)
        rooms = [manager.enter(member, name, kind) for name in names]
        epoch, seq = _point(last)
        catch_up(member, kind, [room for room in rooms if room is not None], epoch, seq)
        self._in_sync(member, "", "sync")

    def _in_sync(self, member, room: str, event: str) -> None:
        # What waits for the member comes before the seq that says it has everything.
        self._tell(member, self.manager.seq if member.behind is None else 0, room, event, None)

    def _tell(self, member, seq: int, room: str, event: str, data) -> None:
        form = notice(self.manager, kind_of(member), seq, room, event, data)
        if form is not None:
            member.push(form)

    async def _incoming(self, member, message, rooms) -> bool:
        # False when it is no message of the protocol.
        kind = kind_of(member)
        if isinstance(message, bytes) or kind not in (VIPER, SSE_VIPER):
            # It names no room: the one of its path, or the first that it asked for.
            await self._message(member, rooms[0] if rooms else "", message)
            return True
        request = self._parse(message)
        if request is None:
            self._tell(member, 0, "", "error", {"detail": "not a message of viper.v1"})
            return False
        what, room = request[:2]
        if what == "ping":
            self._tell(member, 0, "", "pong", room)
        elif what == "msg":
            await self._message(member, room, request[2])
        elif what == "leave":
            self.manager.leave_room(member, room)
            self._tell(member, 0, room, "left", None)
        elif await self._may(member, [room], "join"):
            joined = self.manager.enter(member, room, kind)
            if joined is not None:
                catch_up(member, kind, [joined], request[2], request[3])
            self._in_sync(member, room, "joined")
        else:
            self._tell(member, 0, room, "error", {"detail": "you may not join"})
        return True

    def _parse(self, message: str) -> "list | None":
        try:
            request = self.manager.loads(message)
        except ValueError:
            return None
        if not isinstance(request, list) or len(request) < 2:
            return None
        if request[0] == "ping":
            return request
        if not isinstance(request[1], str) or len(request) < _LENGTHS.get(request[0], 5):
            return None
        return request

    async def _message(self, member, room, data) -> None:
        if self.authorize is not None and not await _value(self.authorize(member, room, "publish")):
            return self._tell(member, 0, room, "error", {"detail": "you may not publish"})
        if self.on_message is not None:
            return await _value(self.on_message(member, room, data))
        if self.authorize is None:
            return self._tell(member, 0, room, "error", {"detail": "this stream takes no messages"})
        self.manager.publish(data, room)


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
            stream.add(member)
            head = connection.head
            stream._begin(member, self.rooms, head.get("last-event-id") or member.query_params.get("last"))
            while connection.sock is not None:
                await connection.park()
                if member.behind is not None and not connection.backlog():
                    member.behind.pull(member)
        finally:
            stream.remove(member)


async def _value(result):
    if hasattr(result, "__await__") or (MICROPYTHON and hasattr(result, "send")):
        return await result
    return result


def _point(last) -> tuple:
    # (epoch, seq) of "epoch-seq"; (None, None) when it is not that.
    epoch, _, seq = (last or "").rpartition("-")
    if not epoch or not seq.isdigit():
        return None, None
    return epoch, int(seq)
