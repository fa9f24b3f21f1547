"""app.stream(): rooms at one path, over WebSocket and server-sent events alike, with messages in both directions."""

from ..cold import FROM_SOURCE
from ..config import MICROPYTHON, const
from ..exceptions import WebSocketDisconnect
from ..transport import Channel
from .group import SSE_VIPER, VIPER
from .history import catch_up
from .manager import PROTOCOL, ConnectionManager, kind_of
from .message import notice

_LENGTHS = {"leave": 2, "msg": 3, "join": 4}  # of the arrays that clients send
_OPEN = const(1)  # connection.phases.OPEN
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
        if FROM_SOURCE:
            from . import eventstream  # noqa: F401  compiled while there is room, see cold.py
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
        rooms = self.wanted(ws, room)
        if not await self.may(ws, rooms, "join"):
            return await ws.reject(403)
        await ws.accept()
        if not self.open:
            return await ws.close(1000)
        try:
            self.begin(ws, rooms, ws.query_params.get("last"))
            while True:
                # receive_any() without what else receives: 2 kB.
                while ws.pending is None:
                    if ws.phase != _OPEN:
                        ws.need_open()
                    await ws.park()
                await self.incoming(ws, ws.take(), rooms)
        except WebSocketDisconnect:
            pass
        finally:
            self.end(ws)

    # ---- server-sent events: what most pages never ask for, and loads when one does ----

    async def _events(self, room=None):
        request = Channel.current().request  # type: ignore[attr-defined]
        from .eventstream import begin

        return await begin(self, request, room)

    async def _post(self, room=None):
        request = Channel.current().request  # type: ignore[attr-defined]
        from .eventstream import take

        await take(self, request)

    # ---- both, for eventstream.py, too -----------------------------------

    def wanted(self, member, room) -> list:
        """Names of the rooms that a client asks for."""
        names = [room] if room is not None else None
        asked = member.query_params.get("rooms")
        if asked is not None and names is None:
            names = asked.split(",")
        if names is None:
            return [room.name for room in self.rooms]
        return names

    async def may(self, member, rooms, action: str) -> bool:
        """Whether it may "join" or "publish" there. Without authorize() the rooms of the stream are open, no others."""
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

    def end(self, member) -> None:
        """The client has gone."""
        self.members.discard(member)
        self.manager.disconnect(member)

    def begin(self, member, names, last) -> None:
        """Let a client in that had all messages up to `last`."""
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

    async def incoming(self, member, message, rooms) -> bool:
        """What a client has sent; False when it is no message of the protocol."""
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
        elif await self.may(member, [room], "join"):
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
