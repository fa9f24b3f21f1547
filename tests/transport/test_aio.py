"""CPython's Channel over asyncio's transports, on a real pair of sockets."""

import asyncio
import socket

from viperhttp.transport import aio

PATIENCE = 10  # seconds
MUCH = bytes(4 << 20)  # more than a socket takes at once


class Server:
    def __init__(self):
        self.channels = set()


class Ended(aio.Channel):
    """Counts how often it is told that the connection is over."""

    ends = 0
    before_flush = None

    def feed(self, buf, off, end):
        pass

    def lost(self):
        self.ends += 1

    def flush(self):
        if self.before_flush:
            self.before_flush()
        super().flush()


async def connected(channel):
    """The channel over one end of a pair of sockets; returns the other end."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    channel.attach(transport, None, Server())
    return theirs


async def until(condition):
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to that"
        await asyncio.sleep(0.001)


async def read(sock, n):
    loop = asyncio.get_running_loop()
    while n:
        got = len(await loop.sock_recv(sock, n))
        if not got:
            return
        n -= got


def test_a_peer_that_goes_while_what_waited_is_written_ends_the_connection_once_and_quietly():
    async def main():
        said = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: said.append(context))
        channel = Ended()
        theirs = await connected(channel)
        channel.write(MUCH, len(MUCH))
        assert channel.write(b"waits", 5) == aio.QUEUED
        channel.before_flush = lambda: theirs.shutdown(socket.SHUT_RD)
        await asyncio.wait_for(read(theirs, len(MUCH)), PATIENCE)
        await until(lambda: channel.ends)
        await asyncio.sleep(0)  # what else asyncio has to tell comes in its next turns
        await asyncio.sleep(0)
        assert channel.ends == 1 and said == []
        theirs.close()

    asyncio.run(main())


def test_what_waited_goes_out_in_order_when_another_takes_over_in_between():
    async def main():
        first, second = Ended(), Ended()
        theirs = await connected(first)
        first.write(MUCH, len(MUCH))
        first.write(b"one", 3)
        flushed = []
        # The transport has told `first`, which has not come to it yet.
        first.resume_writing = lambda: flushed.append(second.take_over(first))
        await asyncio.wait_for(read(theirs, len(MUCH)), PATIENCE)
        await until(lambda: flushed)
        second.write(b"two", 3)
        got = b""
        while len(got) < 6:
            got += await asyncio.wait_for(asyncio.get_running_loop().sock_recv(theirs, 6), PATIENCE)
        assert got == b"onetwo"
        second.drop()
        theirs.close()

    asyncio.run(main())
