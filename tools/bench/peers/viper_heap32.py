# viperhttp's connections in the 32-bit VM of heap32.py, which has no sockets: these take as much as real ones.
#   opened(PATH, N)     N more clients, with a desktop browser's headers
#   messages(PATH, N)   N texts of 16 bytes from one of them
# /echo is the ordinary handler; /each and /relay return what each() and relay() give: no task is left.
import sys

from viperhttp import ViperHTTP

HEAD = (
    b"GET %s HTTP/1.1\r\nHost: 192.168.4.1\r\nConnection: Upgrade\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
    b"Safari/537.36\r\nUpgrade: websocket\r\nOrigin: http://192.168.4.1\r\nSec-WebSocket-Version: 13\r\n"
    b"Accept-Encoding: gzip, deflate\r\nAccept-Language: en-US,en;q=0.9\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
FRAME = b"\x81\x90\0\0\0\0sixteen bytes ok"


class Sha1:
    # This VM's hashlib has none; nobody looks at the answer.
    def __init__(self, data=b""):
        pass

    def update(self, data):
        pass

    def digest(self):
        return bytes(20)


class Hashlib:
    sha1 = Sha1


class Socket:
    # 16 bytes, as the unix port's on 32 bits by its source; ESP32's takes 32.
    sent = 0

    def write(self, data, n, length=None):
        Socket.sent += 1
        return n if length is None else length


class Poller:
    # For each socket one place in a table, and 16 bytes, as select.poll() has it.
    def __init__(self):
        self.map = {}

    def register(self, sock, events):
        self.map[sock] = (events,)

    def unregister(self, sock):
        del self.map[sock]


sys.modules["hashlib"] = Hashlib
app = ViperHTTP(config={"max_clients": 1024})


@app.websocket("/echo")
async def echo(ws):
    await ws.accept()
    while True:
        await ws.send_text(await ws.receive_text())


@app.websocket("/each")
async def each(ws):
    await ws.accept()
    return ws.each(ws.try_send)


@app.websocket("/relay")
async def relay(ws):
    await ws.accept()
    return ws.relay()


app.run  # noqa: B018  # loads it
app.prepare()

from asyncio import core  # noqa: E402

from viperhttp.connection.server import Server  # noqa: E402
from viperhttp.transport import buffers  # noqa: E402
from viperhttp.transport.hub import hub  # noqa: E402

hub.poller = Poller()
hub.spare = core.TaskQueue()  # as binding.install() makes it
hub.spare.push(core.Task(None), 1000)
buffers.set_sizes(app.config.rx_buffer, app.config.tx_buffer)
server = Server(app.config, app.dispatcher)


def arrived(sock, data):
    # As Hub.wait_io_event does it.
    channel = hub.channels[sock]
    buf = buffers.RX
    n = len(data)
    buf[:n] = data
    task = channel.feed_first(buf, 0, n)
    if task is not None:
        channel.waiter = task.data = None
        core.cur_task = task
        task.coro.send(None)


def opened(path, n):
    head = HEAD % path
    for i in range(n):
        sock = Socket()
        server._accepted(sock, ("192.168.4.2", 50000 + i))
        arrived(sock, head)
        if not hasattr(hub.channels[sock], "path_params"):
            raise RuntimeError("no WebSocket")
    return sock


def messages(path, n):
    sock = opened(path, 1)
    before = Socket.sent
    for _ in range(n):
        arrived(sock, FRAME)
    if Socket.sent - before != n:
        raise RuntimeError("%d of %d messages came back" % (Socket.sent - before, n))
