"""ConnectionManager: which clients are connected, which rooms they are in, and messages to all of a room."""

import json
import os
from binascii import hexlify

from ..config import MICROPYTHON
from ..transport import ticks, ticks_diff
from .group import PLAIN, VIPER, Group, Json

PROTOCOL = "viper.v1"


class ConnectionManager:
    """Tracks WebSockets and named rooms, and sends to many at once.

    A broadcast makes its frame once, never waits, and is not stopped by a member that is gone or slow: what a slow
    member gets is its room's policy (see room()), and one that is gone leaves all rooms.

    adapter  an Adapter that connects the rooms with those of other managers; default None
    """

    loop = None  # CPython: the event loop of the members

    def __init__(self, adapter=None):
        self.everybody = Group(self, "")
        self.rooms = {}
        self.seq = 1  # of the last message, in whichever room; 0 means none in the protocol
        self.epoch = str(hexlify(os.urandom(4)), "ascii")  # new at each start
        self.dumps = json.dumps
        self.loads = json.loads
        self.told = ticks()
        self.time = 0
        self.adapter = adapter
        if adapter is not None:
            adapter.manager = self

    def clock(self) -> int:
        """Milliseconds since the start. Unlike ticks they do not wrap."""
        now = ticks()
        past = ticks_diff(now, self.told)
        self.told = now
        if past > 0:
            self.time += past
        return self.time

    # ---- members ---------------------------------------------------------

    async def connect(self, ws, room: "str | None" = None):
        """Accept `ws`, register it, and join `room` when given. Returns ws."""
        await ws.accept()
        self.register(ws, kind_of(ws))
        self.join_room(ws, room)
        return ws

    def register(self, member, kind: int) -> None:
        """Count a member as connected; `kind` as in message.py."""
        if not MICROPYTHON:
            from asyncio import get_running_loop

            self.loop = get_running_loop()
        app = member.server.app  # a WebSocket's `app` is the same, and loads a kilobyte
        self.dumps = app.json.dumps
        self.loads = app.json.loads
        if kind and type(self.everybody) is Group:
            self.everybody = self._full(self.everybody)
        self.everybody.add(member, kind)

    def room(self, name: str, policy: "str | None" = None, history: "int | None" = None, **limits):
        """The Room of this name, made if there is none; it stays when its last member leaves.

        policy, history and `limits` are those of Room; they are set where given.
        """
        room = self.rooms.get(name)
        if room is None or type(room) is Group:
            room = self.rooms[name] = self._full(room or Group(self, name))
        room.explicit = True
        if policy is not None or history is not None or limits:
            room.configure(policy, history, **limits)
        return room

    def _full(self, group: Group):
        from .room import Room

        return Room.of_group(group)

    def join_room(self, ws, room: "str | None") -> None:
        """Put `ws` into `room`; None does nothing. A room that keeps values sends them to its new member."""
        if room is None:
            return
        kind = kind_of(ws)
        joined = self.enter(ws, getattr(room, "name", room), kind)
        if joined is not None and joined.values:
            from .history import catch_up

            catch_up(ws, kind, [joined], None, None)

    def enter(self, member, name: str, kind: int):
        """Put a member into a room, and say nothing to it. The room; None when it is there already."""
        room = self.rooms.get(name)
        if room is None:
            room = self.rooms[name] = Group(self, name)
        if kind and type(room) is Group:
            room = self.rooms[name] = self._full(room)
        if not room.add(member, kind):
            return None
        if self.adapter is not None and len(room) == 1:
            self.adapter.joined(room.name)
        return room

    def leave_room(self, ws, room: "str | None") -> None:
        """Take `ws` out of `room`; a room without members vanishes."""
        left = self.rooms.get(getattr(room, "name", room))
        if left is not None and left.remove(ws) and not len(left):
            if not left.explicit:
                del self.rooms[left.name]
            if self.adapter is not None:
                self.adapter.left(left.name)

    def disconnect(self, ws, room: "str | None" = None) -> None:
        """Forget `ws`: in all rooms, or with `room` only in that one. Its socket stays as it is."""
        self.everybody.remove(ws)
        for name in [room] if room is not None else list(self.rooms):
            self.leave_room(ws, name)

    def members(self, room: "str | None" = None) -> list:
        """The members of a room, or all that are connected."""
        found = self.everybody if room is None else self.rooms.get(room)
        return found.everyone() if found is not None else []

    # ---- messages --------------------------------------------------------

    async def broadcast_text(self, text: str, room: "str | None" = None, exclude=None) -> int:
        """Send text to everybody, or to `room`, the sender included but `exclude`; return how many were reached."""
        return self.publish(text, room, exclude)

    async def broadcast_bytes(self, data, room: "str | None" = None, exclude=None) -> int:
        """Send a binary message; see broadcast_text."""
        return self.publish(data, room, exclude)

    async def broadcast_json(self, data, room: "str | None" = None, exclude=None) -> int:
        """Send `data` as JSON text, encoded once by the application's json adapter; see broadcast_text."""
        return self.publish(data, room, exclude, True)

    def publish(self, data, room: "str | None" = None, exclude=None, encode: bool = False) -> int:
        """Room.publish() by the room's name; None is everybody.

        exclude  a member that does not get it. encode=True: `data` becomes JSON once somebody is there to get it
        """
        found = self.everybody if room is None else self.rooms.get(room)
        if found is None:
            return 0
        return found.publish(Json(data) if encode and isinstance(data, str) else data, exclude=exclude)

    def deliver(self, room: str, data, key=None, event=None) -> int:
        """For adapters: a message from elsewhere, for the members here; room "" is everybody."""
        found = self.rooms.get(room) if room else self.everybody
        return found.deliver(data, key, event) if found is not None else 0

    async def close_all(self, code: int = 1001) -> None:
        """Close every registered member with `code` (default 1001, going away)."""
        for ws in self.members():
            await ws.ensure_closed(code)

    def stats(self, detail: bool = False) -> dict:
        """{"connections": number, "rooms": {name: members}}; with `detail` a room is what Room.stats() tells."""
        rooms = {}
        for name, room in self.rooms.items():
            if detail:
                rooms[name] = room.stats() if type(room) is not Group else {"members": len(room)}
            elif len(room):
                rooms[name] = len(room)
        return {"connections": len(self.everybody), "rooms": rooms}


def kind_of(member) -> int:
    """PLAIN, VIPER, SSE or SSE_VIPER."""
    kind = getattr(member, "kind_of_member", None)
    if kind is not None:
        return kind
    return VIPER if member.subprotocol == PROTOCOL else PLAIN
