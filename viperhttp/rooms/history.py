"""The ring of a room's last messages, for members that come back; and what such a member is sent."""

from .behind import Behind
from .group import SSE, VIPER
from .message import notice

_OVERHEAD = 64  # bytes of a Message besides its payload


class History:
    """A room's last messages, at most `limit` of them and `limit_bytes` of payload and objects.

    gone  seq of the newest message that is not kept any more
    """

    def __init__(self, limit: int, limit_bytes: int, gone: int):
        self.limit = limit
        self.limit_bytes = limit_bytes
        self.gone = gone
        self.items = []
        self.size = 0

    def add(self, message) -> None:
        """Keep a message; the oldest go."""
        self.items.append(message)
        self.size += len(message.raw) + _OVERHEAD
        while self.items and (len(self.items) > self.limit or self.size > self.limit_bytes):
            old = self.items.pop(0)
            self.size -= len(old.raw) + _OVERHEAD
            self.gone = old.seq


def catch_up(member, kind: int, rooms, epoch, seq) -> None:
    """Bring a member of `rooms` up to date that was last told `seq` in `epoch` (None: it is new).

    Messages that are still kept are sent again, those of all rooms in their order; a room with a gap is `reset`.
    """
    again = []
    gaps = []
    for room in rooms:
        if epoch != room.manager.epoch:
            # New, and there may be nothing to tell; or from before a restart.
            if room.values or epoch is not None:
                gaps.append(room)
        elif not _missed(room, seq, again):
            gaps.append(room)
    again.sort(key=lambda message: message.seq)
    for message in again:
        _send(member, kind, message.room, message)
    for room in gaps:
        reset(member, kind, room)


def _missed(room, seq: int, again: list) -> bool:
    # False when messages behind `seq` are kept no more.
    if room.ring is None:
        return room.last <= seq
    if room.ring.gone > seq:
        return False
    for message in room.ring.items:
        if message.seq > seq:
            again.append(message)
    return True


def reset(member, kind: int, room) -> None:
    """Send a room's present values: what the member knew of it is void."""
    manager = room.manager
    values = sorted(room.values.values(), key=lambda message: message.seq) if room.values else []
    if kind == VIPER or kind > SSE:
        texts = [m for m in values if not isinstance(m.raw, bytes)]
        found = [[m.key, manager.loads(m.raw) if m.json else m.raw, m.t] for m in texts]
        form = notice(manager, kind, manager.seq, room.name, "reset", {"epoch": manager.epoch, "values": found})
        member.push(form)
        values = [m for m in values if isinstance(m.raw, bytes)]
    for message in values:
        _send(member, kind, room, message)


def _send(member, kind: int, room, message) -> None:
    # At once, or in its place behind what waits already.
    record = room.of.get(member)
    if record is None:
        return
    if member.behind is None and not member.backlog():
        form = message.form(kind)
        message.forms = None
        if member.push(form) >= 0:
            return
    behind = Behind.of(member)
    if record.queue is None:
        record.queue = []
        record.since = room.manager.clock()
        behind.records.append(record)
    record.queue.append(message)
    record.size += len(message.raw)
