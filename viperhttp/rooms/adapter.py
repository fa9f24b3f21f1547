"""The seam between the rooms of several boards or processes: what an adapter is told, and what it may call."""


class Adapter:
    """What carries messages between managers: an MQTT link, say. Give it to ConnectionManager(adapter=...).

    It is told of what happens here, and calls self.manager.deliver(...) with what happened elsewhere. None of its
    methods may wait: one that needs the network puts its work into a task.
    """

    manager = None  # set by the ConnectionManager

    def publish(self, room: str, data, key, event) -> None:
        """A message was published here; room "" is everybody."""

    def joined(self, room: str) -> None:
        """The room has its first member here: its messages are wanted."""

    def left(self, room: str) -> None:
        """The room's last member here has left."""


class MemoryAdapter(Adapter):
    """Connects managers of one process: each gets what another publishes.

    others  a list that all of them are made with
    """

    def __init__(self, others: list):
        self.others = others
        others.append(self)
        self.wanted = set()

    def publish(self, room: str, data, key, event) -> None:
        """Hand it to those whose members want it."""
        for other in self.others:
            if other is not self and (not room or room in other.wanted):
                other.manager.deliver(room, data, key, event)

    def joined(self, room: str) -> None:
        """From now on."""
        self.wanted.add(room)

    def left(self, room: str) -> None:
        """No more."""
        self.wanted.discard(room)
