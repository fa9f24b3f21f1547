"""ConnectionManager: which clients are connected, which rooms they are in, and messages to all of a room."""

from ..config import MICROPYTHON
from ..connection.sender import DROPPED
from ..protocol.codes import TRY_AGAIN_LATER
from ..protocol.frames import frame


class ConnectionManager:
    """Tracks WebSockets and named rooms, and sends to many at once.

    A broadcast makes its frame once, never waits, and is not stopped by a member that is gone or slow: a member
    whose send queue is full is closed with 1013, one that is gone leaves all rooms.
    """

    def __init__(self):
        self._all = []
        self._rooms = {}

    async def connect(self, ws, room: "str | None" = None):
        """Accept `ws`, register it, and join `room` when given. Returns ws."""
        await ws.accept()
        if ws not in self._all:
            self._all.append(ws)
        self.join_room(ws, room)
        return ws

    def join_room(self, ws, room: "str | None") -> None:
        """Put `ws` into `room`; None does nothing."""
        if room is None:
            return
        members = self._rooms.get(room)
        if members is None:
            members = self._rooms[room] = []
        if ws not in members:
            members.append(ws)

    def leave_room(self, ws, room: "str | None") -> None:
        """Take `ws` out of `room`; a room without members vanishes."""
        members = self._rooms.get(room)
        if members is not None and ws in members:
            members.remove(ws)
            if not members:
                del self._rooms[room]

    def disconnect(self, ws, room: "str | None" = None) -> None:
        """Forget `ws`: in all rooms, or with `room` only in that one. Its socket stays as it is."""
        if ws in self._all:
            self._all.remove(ws)
        for name in [room] if room is not None else list(self._rooms):
            self.leave_room(ws, name)

    async def broadcast_text(self, text: str, room: "str | None" = None) -> int:
        """Send text to everybody, or to `room`, the sender included; return how many were reached."""
        return self._publish(frame(0x81, text.encode()), room)

    async def broadcast_bytes(self, data, room: "str | None" = None) -> int:
        """Send a binary message; see broadcast_text."""
        return self._publish(frame(0x82, data), room)

    async def broadcast_json(self, data, room: "str | None" = None) -> int:
        """Send `data` as JSON text, encoded once by the application's json adapter; see broadcast_text."""
        members = self._all if room is None else self._rooms.get(room)
        if not members:
            return 0
        text = members[0].app.json.dumps(data)
        return self._publish(frame(0x81, text if isinstance(text, bytes) else text.encode()), room)

    def _publish(self, data: bytes, room: "str | None") -> int:
        members = self._all if room is None else self._rooms.get(room)
        if not members:
            return 0
        reached, failed = send_all(members, data)
        for ws, result in failed or ():
            self._fail(ws, result)
        return reached

    def _fail(self, ws, result: int) -> None:
        self.disconnect(ws)
        if result == DROPPED:
            ws.fail(TRY_AGAIN_LATER, "too slow for this room")

    async def close_all(self, code: int = 1001) -> None:
        """Close every registered WebSocket."""
        for ws in list(self._all):
            await ws.ensure_closed(code)

    def stats(self) -> dict:
        """{"connections": number, "rooms": {name: members}}"""
        rooms = {}
        for name, members in self._rooms.items():
            rooms[name] = len(members)
        return {"connections": len(self._all), "rooms": rooms}


if MICROPYTHON:
    from .fast import send_all
else:

    def send_all(members, data: bytes) -> tuple:
        """(how many members the frame `data` reached, [(member, result)] of the others or None)."""
        reached = 0
        failed = None
        for ws in members:
            result = ws.push(data)
            if result >= 0:
                reached += 1
            else:
                failed = failed or []
                failed.append((ws, result))
        return reached, failed
