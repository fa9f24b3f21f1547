"""Group: some WebSockets that get the same messages. What a room is as long as nothing special is asked of it."""

from ..config import MICROPYTHON
from ..connection.sender import DROPPED
from ..protocol.codes import TRY_AGAIN_LATER
from ..protocol.frames import frame
from .outside import outside

# The kinds of members. A Room has a list for each; a Group has only PLAIN ones.
PLAIN, VIPER, SSE, SSE_VIPER = range(4)


class Json:
    """A str that is published as JSON, in quotes."""

    def __init__(self, text: str):
        self.text = text


class Group:
    """WebSockets that get plain payloads. A member whose connection has no room for more is closed with 1013."""

    explicit = False
    values: "dict | None" = None

    def __init__(self, manager, name: str):
        self.manager = manager
        self.name = name
        self.members: list = []

    def __len__(self):
        return len(self.members)

    def __contains__(self, member):
        return member in self.members

    def everyone(self) -> list:
        """The members."""
        return list(self.members)

    def add(self, member, kind: int) -> bool:
        """Take a member in; False when it is one already."""
        if member in self.members:
            return False
        self.members.append(member)
        return True

    def remove(self, member) -> bool:
        """Let a member go; False when it is none."""
        if member not in self.members:
            return False
        # A new list: a broadcast may be on its way through the old one.
        self.members = [other for other in self.members if other is not member]
        return True

    def publish(self, data, key=None, event=None, exclude=None) -> int:
        """Send a message to all members; return how many it reached, or will reach when they can take it.

        data     str; bytes-like for a binary message; anything else becomes JSON, once
        key      what it is a value of: with policy "latest" a newer one replaces it
        event    its name, for viper.v1 and SSE; ValueError when it has a line break
        exclude  a member that does not get it
        It waits for nobody, and no member makes it raise. In a soft interrupt (a timer's callback) or another thread it
        is put off until the event loop's next turn, and returns 0; for a hard interrupt see Room.irq_ring.
        """
        if event is not None and ("\n" in event or "\r" in event):
            raise ValueError("event must be one line: %r" % (event,))
        manager = self.manager
        if outside(manager):
            from .later import publish_later

            return publish_later(self, data, key, event, exclude)
        if manager.adapter is not None:
            manager.adapter.publish(self.name, data, key, event)
        return self.deliver(data, key, event, exclude)

    def deliver(self, data, key=None, event=None, exclude=None) -> int:
        """publish() to the members that are connected here."""
        manager = self.manager
        manager.seq += 1
        members = self.members
        if exclude is not None:
            members = [member for member in members if member is not exclude]
        if not members:
            return 0
        form = plain_frame(data, manager.dumps)
        reached, rest = send_all(members, form)
        for member in rest or ():
            result = member.push(form)
            if result >= 0:
                reached += 1
            else:
                manager.disconnect(member)
                if result == DROPPED:
                    member.fail(TRY_AGAIN_LATER, "too slow for this room")
        return reached


def payload(data, dumps):
    """What plain members get: str, or bytes of a binary message."""
    if isinstance(data, (str, bytes)):
        return data
    if isinstance(data, (bytearray, memoryview)) or hasattr(data, "itemsize"):  # an array
        return bytes(memoryview(data))
    text = dumps(data.text if isinstance(data, Json) else data)
    return text if isinstance(text, str) else str(text, "utf-8")  # an application's adapter may give bytes


def plain_frame(data, dumps) -> bytes:
    """The frame of a message for plain members."""
    raw = payload(data, dumps)
    return frame(0x82, raw) if isinstance(raw, bytes) else frame(0x81, raw.encode())


if MICROPYTHON:
    from ..endpoints.fast import send_all
else:
    from ..endpoints._cpython import send_all
