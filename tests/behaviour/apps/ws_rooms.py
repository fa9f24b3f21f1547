"""Rooms with a ConnectionManager. Arguments: PORT, config as JSON."""

import asyncio
import json
import sys

import viperhttp
from viperhttp import ConnectionManager, WebSocketDisconnect

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))
manager = ConnectionManager()


@app.get("/stats")
async def stats():
    return manager.stats()


@app.get("/say/{room}/{text}")
async def say(room, text):
    return {"reached": await manager.broadcast_text(text, room=None if room == "all" else room)}


@app.get("/burst/{count:int}/{size:int}")
async def burst(count, size):
    for n in range(count):
        await manager.broadcast_text("%06d" % n + "." * size)
        await asyncio.sleep(0)
    return "done"


@app.get("/tight/{count:int}/{size:int}")
async def tight(count, size):
    least = 1000
    for n in range(count):
        least = min(least, await manager.broadcast_bytes(b"%06d" % n + bytes(size)))
    return {"least": least}


@app.get("/close-all")
async def close_all():
    await manager.close_all(1012)
    return "closed"


@app.websocket("/join/{rooms}")
async def join(ws, rooms):
    await manager.connect(ws)
    for room in rooms.split("+"):
        manager.join_room(ws, room)
    await ws.send_text("joined")
    try:
        while True:
            text = await ws.receive_text()
            if text.startswith("leave "):
                manager.leave_room(ws, text[6:])
                await ws.send_text("left")
            else:
                await manager.broadcast_json({"said": text}, room=rooms.split("+")[0])
    except WebSocketDisconnect as end:
        print("join: ended", end.code, end.reason)
    finally:
        manager.disconnect(ws)


@app.websocket("/forgetful/{room}")
async def forgetful(ws, room):
    # Never tells the manager that it has gone.
    await manager.connect(ws, room=room)
    manager.join_room(ws, "other")
    await ws.send_text("joined")
    try:
        await ws.receive_text()
    except WebSocketDisconnect:
        print("forgetful: gone")


app.run(int(sys.argv[1]))
