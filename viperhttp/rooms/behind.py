"""What rooms hold back for a member that is slower than they are, and how it gets it when it can take more."""

from ..transport import SENT
from .group import PLAIN
from .message import notice


class Behind:
    """Exists while something waits for a member: its `behind`. The connection's own queue stays short meanwhile, so
    that control frames and answers do not wait, and what waits can still be replaced by something newer."""

    def __init__(self):
        self.records = []

    @staticmethod
    def of(member) -> "Behind":
        """The member's Behind, made if there is none."""
        if member.behind is None:
            member.behind = Behind()
        return member.behind

    def pull(self, member) -> None:
        """The member's connection has sent everything: hand over what waits, oldest first, until it takes no more.

        member  whose `behind` this is
        At once: were the connection free while something waits, the room's next message would overtake it.
        """
        while member.behind is self:
            record = self._next()
            if record is None:
                member.behind = None
                return self._caught_up(member)
            message = record.queue.pop(0)
            record.size -= len(message.raw)
            record.since = record.room.manager.clock()
            record.room.sent += 1
            if member.push(message.form(record.kind, True)) != SENT:
                return

    def _next(self):
        # The record whose first message is the oldest. Records with nothing left are forgotten.
        best = None
        for record in list(self.records):
            if not record.queue:
                record.queue = None
                self.done = record
                self.records.remove(record)
            elif best is None or record.queue[0].seq < best.queue[0].seq:
                best = record
        return best

    done = None

    def _caught_up(self, member) -> None:
        # What came late bore no seq; now the member has everything, whatever order it came in.
        record = self.done
        if record is not None and record.kind != PLAIN:
            manager = record.room.manager
            form = notice(manager, record.kind, manager.seq, "", "sync", None)
            if form is not None:
                member.push(form)
