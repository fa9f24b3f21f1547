"""Room: its members, its delivery policy, and publish(), which waits for nobody."""

from ..config import (
    ROOM_HISTORY_BYTES,
    ROOM_KEYS,
    ROOM_QUEUE,
    ROOM_QUEUE_AGE,
    ROOM_QUEUE_MESSAGES,
    const,
)
from ..connection.sender import DROPPED
from ..transport import LOST, QUEUED
from ..transport.fresh import keep_fresh
from .group import PLAIN, SSE, Group, Part, send_frame
from .message import KINDS, Message

_OPEN = const(1)  # connection.phases.OPEN
_TRY_AGAIN_LATER = const(1013)  # codes.TRY_AGAIN_LATER

POLICIES = ("close", "latest", "drop_oldest", "drop_newest")
_CLOSE, _LATEST, _DROP_OLDEST, _DROP_NEWEST = range(4)


class Membership:
    """One member in one room: what it has missed, and what waits for it while it is slower than the room."""

    queue = None  # Messages, while the member's connection takes no more
    size = 0  # their bytes
    since = 0  # the manager's clock when the member last took one
    conflated = 0
    dropped = 0
    high_water = 0  # most messages that have waited

    def __init__(self, room, kind: int):
        self.room = room
        self.kind = kind
        self.joined = room.published


class Room(Group):
    """Who gets a message, and what happens to a member that is slower than the room.

    policy         "close" (default): a member whose connection has no room for more is closed with 1013.
                   "latest": it gets the newest value of each key, as often as it can take them.
                   "drop_oldest", "drop_newest": what waits for it is bounded, and it misses the others
    queue          messages that wait for a member at most, default 16; for "latest" that many keys
    queue_bytes    and their bytes, default 4096. What waits is shared by all members that wait for it
    queue_age      seconds without taking anything of what waits after which a member is closed with 1013, default 10
    history        messages kept for members that come back; default 0
    history_bytes  and their bytes, default 4096
    keys           values kept for new members: the newest of so many keys; default 32 for "latest", else 0

    Memory: a member that keeps pace holds nothing but its place here. One that is slower holds, with "close", up to
    config send_queue bytes; with the others `queue_bytes` of payload, 64 bytes for each of `queue` messages and the
    rest of one frame, and what several members wait for is there once. The room itself holds `history_bytes`, and
    `keys` messages.
    """

    def __init__(self, manager, name: str):
        Group.__init__(self, manager, name)
        self.kinds: list = [Part([]), None, None, None]  # a Part for each kind of members
        self.of = {}  # {member: Membership}
        self.policy = _CLOSE
        self.queue = ROOM_QUEUE_MESSAGES
        self.queue_bytes = ROOM_QUEUE
        self.queue_age = ROOM_QUEUE_AGE
        self.ring = None  # History
        self.values = None  # {key: newest Message}
        self.keys = 0
        self.published = 0
        self.sent = self.conflated = self.dropped = self.evicted = self.high_water = 0
        self.last = manager.seq  # seq of the last message

    @staticmethod
    def of_group(group: Group) -> "Room":
        """A Room in place of a Group, with its members."""
        room = Room(group.manager, group.name)
        for member in group.members:
            room.add(member, PLAIN)
        return room

    def configure(
        self,
        policy=None,
        history=None,
        history_bytes=ROOM_HISTORY_BYTES,
        queue=None,
        queue_bytes=None,
        queue_age=None,
        keys=None,
    ) -> None:
        """Set what is given; see the class."""
        if policy is not None:
            if policy not in POLICIES:
                raise ValueError("policy %r is not one of %s" % (policy, ", ".join(POLICIES)))
            self.policy = POLICIES.index(policy)
            if keys is None and self.policy == _LATEST:
                keys = self.keys or ROOM_KEYS
        self.queue = queue or self.queue
        self.queue_bytes = queue_bytes or self.queue_bytes
        self.queue_age = queue_age or self.queue_age
        if history is not None:
            from .history import History

            self.ring = History(history, history_bytes, self.last) if history else None
        if keys is not None:
            self.keys = keys
            self.values = {} if keys else None

    # ---- members ---------------------------------------------------------

    def __len__(self):
        return len(self.of)

    def everyone(self) -> list:
        """The members."""
        return list(self.of)

    def __contains__(self, member):
        return member in self.of

    def add(self, member, kind: int) -> bool:
        """Take a member in; False when it is one already."""
        if member in self.of:
            return False
        self.of[member] = Membership(self, kind)
        part = self.kinds[kind]
        if part is None:
            part = self.kinds[kind] = Part([])
        part.members.append(member)
        part.version = part.rest = None
        if self.policy != _CLOSE:
            keep_fresh(member.connection if kind >= SSE else member)
        return True

    def remove(self, member) -> bool:
        """Let a member go; False when it is none."""
        record = self.of.pop(member, None)
        if record is None:
            return False
        # A new list: a broadcast may be on its way through the old one.
        part = self.kinds[record.kind]
        part.members = [other for other in part.members if other is not member]
        part.version = part.rest = None
        record.queue = None
        return True

    # ---- publishing ------------------------------------------------------

    def deliver(self, data, key=None, event=None, exclude=None) -> int:
        """publish() to the members that are connected here."""
        manager = self.manager
        manager.seq = self.last = seq = manager.seq + 1
        self.published += 1
        message = Message(self, seq, data, key, event, manager.clock())
        if self.ring is not None:
            self.ring.add(message)
        if self.values is not None:
            self._keep(key, message)
        if exclude in self.of:
            self.of[exclude].joined += 1
        reached = 0
        for kind in range(KINDS):
            if self.kinds[kind]:
                reached += self._send(kind, message.form(kind), message, exclude)
        message.forms = None
        return reached

    def _send(self, kind: int, form: bytes, message, exclude) -> int:
        part = self.kinds[kind]
        rest = (send_frame if kind < SSE else send_events)(part, form, exclude) or ()
        reached = len(part.members) - (exclude in part.members) - len(rest)
        self.sent += reached
        for member in rest:
            result = self._cannot_now(member, form, message)
            if result >= 0:
                reached += 1
                self.sent += self.policy == _CLOSE  # the others count when they are handed over
            elif result != DROPPED or self.policy == _CLOSE:
                self.evict(member, result)
        return reached

    def pass_frame(self, data) -> bool:
        """See Group.pass_frame."""
        if self.policy != _CLOSE or self.ring is not None or self.values is not None:
            return False
        plain = self.kinds[PLAIN]
        if self.manager.adapter is not None or plain is None or len(plain.members) != len(self.of):
            return False
        self.manager.seq = self.last = self.manager.seq + 1
        self.published += 1
        self.sent += len(plain.members)
        self._pass_to(plain, data)
        return True

    def _cannot_now(self, member, form: bytes, message) -> int:
        # The member's connection is busy, or gone.
        if self.policy == _CLOSE:
            return member.push(form)
        if member.phase != _OPEN:
            return LOST
        record = self.of[member]
        if record.queue is None:
            from .behind import Behind

            record.queue = []
            record.since = message.t
            Behind.of(member).records.append(record)
        elif message.t - record.since >= self.queue_age * 1000:
            self.evicted += 1
            member.fail(_TRY_AGAIN_LATER, "too slow for this room")
            return LOST
        return self._hold(record, message)

    def _hold(self, record, message) -> int:
        queue = record.queue
        n = len(message.raw)
        if self.policy == _LATEST:
            for i in range(len(queue)):
                if queue[i].key == message.key:
                    # In its old place: a key that changes often does not push the others back.
                    record.size += n - len(queue[i].raw)
                    queue[i] = message
                    record.conflated += 1
                    self.conflated += 1
                    return QUEUED
        while queue and (len(queue) >= self.queue or record.size + n > self.queue_bytes):
            record.dropped += 1
            self.dropped += 1
            if self.policy == _DROP_NEWEST:
                return DROPPED
            record.size -= len(queue.pop(0).raw)
        queue.append(message)
        record.size += n
        if len(queue) > record.high_water:
            record.high_water = len(queue)
            self.high_water = max(self.high_water, len(queue))
        return QUEUED

    def evict(self, member, result: int) -> None:
        """See Group.evict."""
        self.evicted += result == DROPPED
        Group.evict(self, member, result)

    def _keep(self, key, message) -> None:
        values = self.values
        if key not in values and len(values) >= self.keys:
            oldest = min(values, key=lambda known: values[known].seq)
            del values[oldest]
        values[key] = message

    # ---- telling ---------------------------------------------------------

    def stats(self) -> dict:
        """What has happened in this room; "each" has a dict for each member."""
        each = []
        for record in self.of.values():
            waiting = len(record.queue) if record.queue is not None else 0
            missed = record.conflated + record.dropped + waiting
            each.append(
                {
                    "sent": self.published - record.joined - missed,
                    "waiting": waiting,
                    "conflated": record.conflated,
                    "dropped": record.dropped,
                    "high_water": record.high_water,
                }
            )
        return {
            "members": len(self.of),
            "policy": POLICIES[self.policy],
            "published": self.published,
            "sent": self.sent,
            "conflated": self.conflated,
            "dropped": self.dropped,
            "evicted": self.evicted,
            "high_water": self.high_water,
            "each": each,
        }

    def irq_ring(self, size: int = 32, key=None):
        """An IrqRing: its put(number) may be called in a hard interrupt, and publishes the number here soon."""
        from .later import IrqRing

        return IrqRing(self, size, key)


def send_events(part, form: bytes, exclude):
    """Send to the event streams but `exclude`; return a list of those that cannot take it now."""
    rest = None
    for member in part.members:
        if member is not exclude and not member.take(form):
            rest = rest or []
            rest.append(member)
    return rest
