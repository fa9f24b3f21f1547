"""Measured by boards.py on the unix port: bytes in use with idle WebSockets, and in a room. Argument: PORT."""

import gc
import sys

from viperhttp import ConnectionManager, ViperHTTP

app = ViperHTTP(config={"max_clients": 64})
manager = ConnectionManager()
sockets = []


def used():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


@app.get("/memory")
async def memory():
    return {"live": len(sockets), "used": used()}


@app.get("/members/{policy}")
async def members(policy):
    warm = manager.room("warm", policy=policy).name
    manager.join_room(sockets[0], warm)
    manager.leave_room(sockets[0], warm)
    room = manager.room(policy, policy=policy).name
    manager.join_room(sockets[0], room)
    before = used()
    for ws in sockets[1:]:
        manager.join_room(ws, room)
    return {"each": (used() - before) / (len(sockets) - 1)}


@app.websocket("/idle")
async def idle(ws):
    await ws.accept()
    sockets.append(ws)
    while True:
        await ws.receive_text()


app.run(int(sys.argv[1]))
