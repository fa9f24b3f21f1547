"""Puts broken sockets under the server. Arguments: PORT, config as JSON.

For MicroPython: CPython's sockets belong to asyncio.
"""

import asyncio
import errno
import json
import sys

import viperhttp
from viperhttp import WebSocketDisconnect

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))
sockets = {}


class Broken:
    """A socket that fails in one way. The poller is given the real one."""

    def __init__(self, sock, name, error):
        self.sock = sock
        self.name = name
        self.error = error

    def _do(self, name, *arguments):
        if name == self.name:
            self.count = getattr(self, "count", 0) + 1
            raise self.error
        return getattr(self.sock, name)(*arguments)

    def write(self, *arguments):
        return self._do("write", *arguments)

    def readinto(self, buf):
        return self._do("readinto", buf)

    def accept(self):
        return self._do("accept")

    def close(self):
        return self.sock.close()


@app.get("/alive")
async def alive():
    return "yes"


@app.websocket("/write/{number:int}")
async def write(ws, number):
    await ws.accept()
    await ws.send_text("before")
    ws.sock = Broken(ws.sock, "write", OSError(number))
    try:
        await ws.send_text("never")
        print("write: sent")
    except WebSocketDisconnect as end:
        print("write: ended", end.code, ws.sock)


@app.websocket("/memory")
async def memory(ws):
    # No memory for what the socket did not take.
    await ws.accept()
    await ws.send_text("before")

    class Half(Broken):
        def write(self, data, *arguments):
            return 1

    ws.sock = Half(ws.sock, None, None)
    from viperhttp.transport import channel

    keep = channel.Outbox

    def no_memory(now):
        raise MemoryError

    channel.Outbox = no_memory
    try:
        await ws.send_text("never")
        print("memory: sent")
    except WebSocketDisconnect as end:
        print("memory: ended", end.code, ws.sock)
    finally:
        channel.Outbox = keep


class NoAccept(Broken):
    pass


@app.get("/accept/{number:int}/{seconds:float}")
async def accept(number, seconds):
    # For a while nothing can be accepted, as when the system is out of sockets.
    listener = app.server.listener
    real = listener.sock
    error = OSError(number) if number else MemoryError()
    broken = NoAccept(real, "accept", error)
    broken.count = 0
    listener.sock = broken
    from viperhttp.transport.hub import hub

    keep = hub.watch
    hub.watch = lambda sock, events: keep(real if sock is broken else sock, events)

    async def mend():
        await asyncio.sleep(seconds)
        print("accept: failed", broken.count, "times")
        listener.sock = real
        hub.watch = keep

    asyncio.create_task(mend())
    return "broken"


@app.websocket("/eat")
async def eat(ws):
    # Takes messages and forgets them, and memory on request.
    await ws.accept()
    kept = []
    while True:
        message = await ws.receive()
        if message["type"] == "close":
            print("eat: closed", message["code"])
            break
        if message.get("text") == "hog":
            try:
                while True:
                    kept.append(bytes(1000))
            except MemoryError:
                kept = []
                await ws.send_text("full")
        elif message.get("text") == "die":
            while True:
                kept.append(bytes(1000))
        else:
            await ws.send_text(str(len(message.get("text") or message["bytes"])))


@app.websocket("/echo")
async def echo(ws):
    await ws.accept()
    while True:
        await ws.send_text(await ws.receive_text())


# errno's numbers, for the test
print("errno", errno.EIO, errno.ENOMEM)
app.run(int(sys.argv[1]))
