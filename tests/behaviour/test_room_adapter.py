"""The adapter seam: rooms of two managers act as one, and an adapter learns which rooms are wanted."""

import json

from viperhttp.rooms.adapter import MemoryAdapter
from viperhttp.rooms.manager import ConnectionManager


class Member:
    """The least that a room asks of a WebSocket: it takes everything."""

    subprotocol = None
    behind = gate = fd = None
    blocked = False
    phase = 1

    class app:
        import json

    def __init__(self):
        self.frames = []

    def write(self, data, n):
        self.frames.append(bytes(data[:n]))
        return 1


def pair():
    others = []
    return [ConnectionManager(MemoryAdapter(others)) for _ in range(2)]


def test_what_is_published_here_reaches_the_members_there_once():
    here, there = pair()
    one, two = Member(), Member()
    here.join_room(one, "r")
    there.join_room(two, "r")
    assert here.publish("hello", "r") == 1
    assert one.frames == two.frames == [b"\x81\x05hello"]
    there.room("r", "latest").publish({"a": 1}, key="k")
    assert one.frames[1:] == two.frames[1:] == [b'\x81\x08{"a": 1}']


def test_a_room_without_members_is_not_wanted():
    here, there = pair()
    two = Member()
    here.join_room(Member(), "r")
    there.join_room(two, "r")
    assert there.adapter.wanted == {"r"}
    there.leave_room(two, "r")
    assert there.adapter.wanted == set()
    here.publish("unheard", "r")
    assert two.frames == []


def test_a_message_is_encoded_once_for_all_members_of_a_kind():
    manager = ConnectionManager()
    members = [Member() for _ in range(64)]
    for n, member in enumerate(members):
        member.subprotocol = "viper.v1" if n % 2 else None
        manager.join_room(member, "r")
    encoded = []
    manager.dumps = lambda data: encoded.append(data) or json.dumps(data)
    assert manager.room("r").publish({"v": 1}) == 64
    assert encoded.count({"v": 1}) == 1
    assert len({member.frames[0] for member in members}) == 2
