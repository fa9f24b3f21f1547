"""MicroPython: the answers to the messages that came by one read, gathered so that they go out by one write."""

from . import buffers
from .clock import ticks


class Cork:
    """Stands where a Channel has its Outbox, while the messages of one read are handed to its handler.

    Only one channel at a time has it, and no task of asyncio's runs meanwhile. The answers are gathered in the receive
    buffer, over the messages that are done: it takes no memory, and an echo always fits.

    size  bytes that wait
    room  bytes of the receive buffer that are not needed any more
    """

    items = ()

    def __init__(self):
        self.channel = None
        self.size = 0
        self.room = 0
        self.since = 0

    def put_in(self, channel) -> None:
        """Begin to gather."""
        self.channel = channel
        self.size = 0
        self.since = ticks()
        channel.out = self

    def add(self, data) -> None:
        """Gather behind what there is; what does not fit goes out at once."""
        n = len(data)
        if self.size + n <= self.room:
            buffers.RX[self.size : self.size + n] = data
            self.size += n
            return
        channel = self.channel
        self.pull_out(channel)
        channel.write(data, n)

    add_urgent = add
    set_pong = add

    def drop_data(self) -> int:
        """What is gathered is as good as sent."""
        return 0

    def pull_out(self, channel) -> None:
        """One write for everything; gather no more."""
        if channel.out is not self:
            self.channel = None
            return  # lost, or too much for the socket
        n = self.size
        self.channel = channel.out = None
        self.size = 0
        if n:
            channel.write(buffers.RX, n)
        if channel.out is None and channel.sock is not None:
            if channel.closing:
                channel.drop()
            else:
                channel.drained()


CORK = Cork()
