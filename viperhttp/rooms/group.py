"""Group: some WebSockets that get the same messages. What a room is as long as nothing special is asked of it."""

from ..config import MICROPYTHON, const
from ..connection.sender import DROPPED
from ..protocol.frames import frame
from .outside import outside

if MICROPYTHON:
    from ..endpoints.fan import Part, send_frame, send_text
else:
    from ..endpoints._cpython import Part, send_frame, send_text

_TRY_AGAIN_LATER = const(1013)  # codes.TRY_AGAIN_LATER

# The kinds of members. A Room has a list for each; a Group has only PLAIN ones.
PLAIN, VIPER, SSE, SSE_VIPER = range(4)


class Json:
    """A str that is published as JSON, in quotes."""

    def __init__(self, text: str):
        self.text = text


class Group(Part):
    """WebSockets that get plain payloads. A member whose connection has no room for more is closed with 1013."""

    explicit = False
    values: "dict | None" = None

    def __init__(self, manager, name: str):
        Part.__init__(self, [])
        self.manager = manager
        self.name = name

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
        self.version = self.rest = None
        return True

    def remove(self, member) -> bool:
        """Let a member go; False when it is none."""
        if member not in self.members:
            return False
        # A new list: a broadcast may be on its way through the old one.
        self.members = [other for other in self.members if other is not member]
        self.version = self.rest = None
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
        # Names are few here and in deliver(): with one more, MicroPython would put the frame on the heap at each call.
        if outside(self.manager):
            return self._put_off(data, key, event, exclude)
        if self.manager.adapter is not None:
            self.manager.adapter.publish(self.name, data, key, event)
        return self.deliver(data, key, event, exclude)

    def _put_off(self, data, key, event, exclude) -> int:
        from .later import publish_later

        return publish_later(self, data, key, event, exclude)

    def deliver(self, data, key=None, event=None, exclude=None) -> int:
        """publish() to the members that are connected here."""
        self.manager.seq += 1
        if not self.members:
            return 0
        if type(data) is str:
            rest = send_text(self, data, exclude)
        else:
            rest = send_frame(self, plain_frame(data, self.manager.dumps), exclude)
        if rest or exclude is not None:
            return self._reached(rest or (), data, exclude)
        return len(self.members)

    def _reached(self, rest, data, exclude) -> int:
        # `rest`: members that have something to take first, or are gone.
        reached = len(self.members) - (exclude in self.members)
        form = plain_frame(data, self.manager.dumps) if rest else b""
        for member in rest:
            result = member.push(form)
            if result < 0:
                reached -= 1
                self.evict(member, result)
        return reached

    def evict(self, member, result: int) -> None:
        """A member is gone (LOST), or has no room for more (DROPPED)."""
        self.manager.disconnect(member)
        if result == DROPPED:
            member.fail(_TRY_AGAIN_LATER, "too slow for this room")

    def pass_frame(self, data) -> bool:
        """Send a frame (bytes, or a view) to all members; False when it cannot go to all of them just as it is."""
        if self.manager.adapter is not None:
            return False
        self.manager.seq += 1
        self._pass_to(self, data)
        return True

    def _pass_to(self, part, data) -> None:
        for member in send_frame(part, data, None) or ():
            result = member.push(bytes(data))
            if result < 0:
                self.evict(member, result)


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
