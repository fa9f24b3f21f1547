"""Runs inside MicroPython: the hub with sockets of our own, which count what is written. Prints JSON.

    hub_script.py CASE
"""

import asyncio
import gc
import json
import sys
from asyncio import core

import viperhttp
from viperhttp.connection.server import Server
from viperhttp.transport import buffers
from viperhttp.transport.channel import Channel
from viperhttp.transport.hub import hub

REQUEST = (b"GET /%s HTTP/1.1\r\nHost: b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
app = viperhttp.ViperHTTP(config={"max_clients": 50})
log = []
rooms = viperhttp.ConnectionManager()


class Sock:
    """A socket whose peer is this script."""

    def __init__(self):
        self.incoming = []
        self.writes = []
        self.room = 1 << 20  # bytes it takes before it would block
        self.open = True
        self.broken = False

    def readinto(self, buf):
        if not self.incoming:
            return None
        data = self.incoming.pop(0)
        buf[: len(data)] = data
        return len(data)

    def write(self, data, off, n=None):
        if self.broken:
            raise OSError(104)
        if self.writes is None:
            return off
        if n is None:
            off, n = 0, off
        n = min(n, self.room)
        if not n:
            return None
        self.room -= n
        self.writes.append(bytes(memoryview(data)[off : off + n]))
        return n

    def close(self):
        self.open = False


class Poller:
    """Reports a socket for each piece that is to come; then the hub is told to stop."""

    def __init__(self):
        self.events = []

    def register(self, sock, events=0):
        pass

    unregister = modify = register

    def ipoll(self, dt):
        if not self.events:
            raise StopIteration  # leaves wait_io_event(), whose loop has no other end
        return iter([self.events.pop(0)])


def deliver(*pieces):
    """Let the hub report (sock, bytes) pieces, one poll each."""
    for sock, data in pieces:
        sock.incoming.append(data)
        hub.poller.events.append((sock, 1))
    try:
        hub.wait_io_event(-1)
    except StopIteration:
        pass


def text(payload):
    return bytes((0x81, 0x80 | len(payload))) + bytes(4) + payload


def client(path):
    sock = Sock()
    server._accepted(sock, None)
    deliver((sock, REQUEST % path))
    sock.writes.clear()
    return sock


@app.websocket("/echo")
async def echo(ws):
    await ws.accept()
    while True:
        await ws.send_text(await ws.receive_text())


@app.websocket("/long")
async def long(ws):
    await ws.accept()
    while True:
        message = await ws.receive_text()
        await ws.send_text(message * 90)


@app.websocket("/mixed")
async def mixed(ws):
    await ws.accept()
    while True:
        message = await ws.receive()
        if message["type"] == "close":
            break
        await ws.send_bytes(message["text"].encode())


@app.websocket("/both")
async def both(ws):
    # What one says, the other hears.
    await ws.accept()
    log.append(ws)
    while True:
        message = await ws.receive_text()
        for member in log:
            await member.send_text(message)


@app.websocket("/later")
async def later(ws):
    await ws.accept()
    while True:
        await ws.send_text(await ws.receive_text())
        await asyncio.sleep(10)


@app.websocket("/room")
async def in_room(ws):
    # What one says, all hear; it hears of that before and after.
    await rooms.connect(ws, "r")
    log.append(ws)
    while True:
        message = await ws.receive_text()
        await ws.send_text("<")
        await rooms.broadcast_text(message, "r")
        await ws.send_text(">")


def one_write():
    sock = client(b"echo")
    deliver((sock, b"".join([text(b"message %d" % n) for n in range(16)])))
    return [w.hex() for w in sock.writes]


def single():
    sock = client(b"echo")
    deliver((sock, text(b"one")), (sock, text(b"two")))
    return [w.hex() for w in sock.writes]


def too_much():
    sock = client(b"long")
    deliver((sock, b"".join([text(b"%d" % n) for n in range(6)])))
    return [b"".join(sock.writes).hex(), len(sock.writes)]


def ping_between():
    sock = client(b"echo")
    deliver((sock, text(b"a") + b"\x89\x81" + bytes(4) + b"p" + text(b"b") + text(b"c")))
    return [w.hex() for w in sock.writes]


def close_behind():
    sock = client(b"echo")
    deliver((sock, text(b"a") + text(b"b") + b"\x88\x82" + bytes(4) + b"\x03\xe8"))
    return [b"".join(sock.writes).hex(), sock.open]


def wrong_behind():
    sock = client(b"echo")
    deliver((sock, text(b"a") + text(b"b") + text(b"\xff")))
    return b"".join(sock.writes).hex()


def full():
    sock = client(b"echo")
    sock.room = 5
    deliver((sock, b"".join([text(b"%d" % n) for n in range(8)])))
    first = b"".join(sock.writes).hex()
    sock.room = 1000
    hub.channels[sock].ready(4)
    return [first, b"".join(sock.writes).hex()]


def two_members():
    one, two = client(b"both"), client(b"both")
    deliver((one, text(b"a") + text(b"b") + text(b"c")), (two, text(b"d") + text(b"e")))
    return [[w.hex() for w in one.writes], [w.hex() for w in two.writes]]


def bytes_back():
    sock = client(b"mixed")
    deliver((sock, b"".join([text(b"%d" % n) for n in range(8)])))
    return [b"".join(sock.writes).hex(), len(sock.writes)]


def handler_waits():
    sock = client(b"later")
    deliver((sock, text(b"a") + text(b"b") + text(b"c")))
    return [w.hex() for w in sock.writes]


class Mute:
    """Where the count starts from: what the hub and this script take themselves."""

    def feed_first(self, buf, off, end):
        return None


def allocations():
    # Bytes of heap for each of 20 echoes, beside what the same 20 take that nobody looks at.
    sock = client(b"echo")
    found = []
    for channel in (hub.channels[sock], Mute()):
        hub.channels[sock] = channel
        for n in (4, 20):
            frames = [(sock, text(b"sixteen letters."))] * n
            sock.writes = None  # write() keeps nothing, and takes nothing
            gc.collect()
            gc.disable()
            before = gc.mem_alloc()
            deliver(*frames)
            taken = gc.mem_alloc() - before
            gc.enable()
        found.append(taken)
    return (found[0] - found[1]) / 20


def said(text, exclude=None, socks=()):
    # How many were reached, and what came to each.
    reached = rooms.publish(text, "r", exclude=exclude)
    return [reached, [b"".join(sock.writes).hex() for sock in socks]]


def fan_out():
    # Members that take all, nothing, a part, or are gone, the first and the last among them.
    socks = [client(b"room") for _ in range(8)]
    for i in (0, 4, 5):
        socks[i].broken = True
    socks[2].room = 0
    socks[6].room = 3
    found = [said("first message", None, socks)]
    for i in (2, 6):
        socks[i].room = 1000
        log[i].flush()
    socks[7].broken = True
    found.append(said("second", None, socks))
    found.append([sock.open for sock in socks])
    found.append(len(rooms.rooms["r"]))
    return found


def fan_out_waits():
    # One that has something to take first gets what is said meanwhile behind it; one that closes gets no more.
    socks = [client(b"room") for _ in range(3)]
    socks[1].room = 0
    found = [said("a", None, socks), said("b", None, socks)]
    log[2].start_close(1000, "")
    found.append(said("c", None, socks))
    socks[1].room = 1000
    log[1].flush()
    found.append(said("d", None, socks))
    found.append(said("e", log[0], socks))
    found.append(len(rooms.rooms["r"]))
    return found


def fan_out_batch():
    # Two messages of one read: what their handler sends before and after them keeps its place.
    socks = [client(b"room") for _ in range(2)]
    deliver((socks[0], text(b"one") + text(b"two")))
    return [b"".join(sock.writes).hex() for sock in socks]


def fan_out_heap():
    # Bytes that a message takes in rooms of 2 and of 42.
    found = []
    for n in (2, 42):
        while len(log) < n:
            client(b"room").writes = None
        for member in log:
            member.sock.writes = None
        message = "x" * 100
        rooms.publish(message, "r")
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        for _ in range(50):
            rooms.publish(message, "r")
        found.append((gc.mem_alloc() - before) // 50)
        gc.enable()
    return found


class Calm(Channel):
    def ended(self, value, error):
        pass


def ended_tasks():
    # Each of 100 tasks stood in asyncio's queue with the next one; bytes that the first keeps, when a Channel is told
    # of each end, and when not.
    found = []
    channel = Calm()
    for cut in (lambda task: channel(task, StopIteration()), lambda task: None):
        queue = core.TaskQueue()
        before = in_use()
        first = task = core.Task(echo(None))
        queue.push(task, 0)
        for n in range(1, 100):
            queue.push(core.Task(echo(None)), n)
            queue.pop()
            cut(task)
            task = queue.peek()
        queue.pop()
        task = None
        found.append(in_use() - before)
        assert first
    return found


def in_use():
    gc.collect()
    return gc.mem_alloc()


app.prepare()
server = Server(app.config, app.dispatcher)
app.server = server


async def main():
    buffers.set_sizes(app.config.rx_buffer, app.config.tx_buffer)
    hub.poller = Poller()
    hub.map = {}
    hub.spare = core.TaskQueue()
    hub.spare.push(core.Task(None), 1000)
    print(json.dumps(globals()[sys.argv[1]]()))


if __name__ == "__main__":
    asyncio.run(main())
