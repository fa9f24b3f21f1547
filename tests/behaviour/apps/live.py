"""Rooms with every policy, over app.stream. Arguments: PORT, config as JSON (key "rooms": options of each room)."""

import asyncio
import json
import sys

from viperhttp import ConnectionManager, ViperHTTP, WebSocketDisconnect

MICROPYTHON = sys.implementation.name == "micropython"
if MICROPYTHON:
    import micropython

settings = json.loads(sys.argv[2])
options = settings.pop("rooms", {"latest": {"policy": "latest", "history": 16}})
stream_options = settings.pop("stream", {})
app = ViperHTTP(config=settings)
manager = ConnectionManager()
rooms = [manager.room(name, **options[name]) for name in sorted(options)]
tasks = []


def got(member, room, data):
    print("got", room, data)
    if data == "stop":
        tasks.append(asyncio.create_task(live.stop()))
    elif data == "fail":
        raise ValueError("on_message failed")


if "on_message" not in stream_options:
    stream_options["on_message"] = got
live = app.stream("/live", room=rooms, **stream_options)


def may(member, room, action):
    print("may", room, action)
    return action == "join" if room == "readonly" else room.startswith("open")


app.stream("/guarded", manager=manager, authorize=may)
app.stream("/of/{room}", manager=manager, authorize=may)


@app.get("/stats")
async def stats():
    return manager.stats(detail=True)


@app.get("/used")
async def used():
    import gc

    gc.collect()
    return {"used": gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0, "stats": manager.stats()}


@app.get("/pub/{room}/{text}")
async def pub(room, text):
    return {"reached": manager.rooms[room].publish(text)}


@app.post("/json/{room}/{key}")
async def pub_json(room, key):
    from viperhttp import current_request

    request = current_request()
    data = await request.json()
    return {"reached": manager.rooms[room].publish(data, key=key, event=request.query_params.get("event"))}


@app.get("/binary/{room}/{size:int}")
async def pub_binary(room, size):
    return {"reached": manager.rooms[room].publish(bytes(range(256)) * (size // 256))}


async def _feed(room, count, size, keys, hertz):
    filler = "x" * size
    for n in range(count):
        room.publish({"n": n, "f": filler}, key="k%d" % (n % keys) if keys else None)
        await asyncio.sleep(1 / hertz if hertz else 0)
    print("fed", room.name, count)


@app.get("/outside/{count:int}")
async def outside(count):
    # Publishes from soft interrupts (MicroPython) or another thread (CPython), at any moment, beside a feed.
    import _thread
    import time

    room = manager.rooms["latest"]

    def publish(n):
        room.publish(n, key=str(n), event="outside")

    def many():
        for n in range(count):
            if MICROPYTHON:
                while True:
                    try:
                        micropython.schedule(publish, n)
                        break
                    except RuntimeError:
                        pass  # its queue of 8 is full
            else:
                publish(n)
            time.sleep(0.002)

    _thread.start_new_thread(many, ())
    await _feed(room, 300, 500, 1, 1000)
    return "done"


@app.get("/irq/{count:int}")
async def irq(count):
    ring = manager.rooms["latest"].irq_ring(size=8, key="irq")
    if MICROPYTHON:
        micropython.heap_lock()  # as in a hard interrupt
    for n in range(count):
        ring.put(n)
    if MICROPYTHON:
        micropython.heap_unlock()
    return {"lost": ring.lost}


@app.websocket("/churn/{count:int}")
async def churn(ws, count):
    import gc

    await manager.connect(ws)

    def used():
        gc.collect()
        return gc.mem_alloc() if MICROPYTHON else len(gc.get_objects())

    before = 0
    for n in range(count + 100):
        if n == 100:
            before = used()
        for room in ("latest", "implicit", "implicit%d" % (n % 7)):
            manager.join_room(ws, room)
            manager.leave_room(ws, room)
        if n % 100 == 0:
            await asyncio.sleep(0)
    after = used()
    print("churn:", before, after, manager.stats())
    await ws.send_json({"grown": after - before})
    manager.disconnect(ws)


@app.get("/feed/{room}/{count:int}/{size:int}/{keys:int}/{hertz:int}")
async def feed(room, count, size, keys, hertz):
    tasks.append(asyncio.create_task(_feed(manager.rooms[room], count, size, keys, hertz)))
    return "feeding"


@app.websocket("/try/{size:int}")
async def try_send(ws, size):
    # Sends until the connection takes no more, and says with which results.
    await ws.accept()
    results = {}
    text = "x" * size
    for _ in range(10000):
        result = ws.try_send(text)
        results[result] = results.get(result, 0) + 1
        if result == -2:
            break
        await asyncio.sleep(0)
    print("try:", sorted(results))
    try:
        await ws.receive()
    except WebSocketDisconnect:
        pass


app.run(int(sys.argv[1]))
