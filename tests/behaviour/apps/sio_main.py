"""Socket.IO: every kind of event, rooms, acknowledgements, refusals. Arguments: PORT, config as JSON."""

import asyncio
import json
import sys

from viperhttp import ViperHTTP
from viperhttp.socketio import SocketIO

settings = json.loads(sys.argv[2])
app = ViperHTTP(config=settings.pop("config", None))
sio = SocketIO(app, **settings)
log: list = []


@app.get("/log")
async def seen():
    return log


@sio.on("connect")
async def connect(sid, ws, auth):
    log.append(["connect", ws.query_params["EIO"], auth])
    if auth == {"token": "wrong"}:
        return False
    if auth == {"token": "raises"}:
        raise RuntimeError("no such user")


@sio.on("disconnect")
def disconnect(sid, reason):
    log.append(["disconnect", reason])


@sio.on("echo")
async def echo(sid, *data):
    await asyncio.sleep(0)
    return data


@sio.on("nothing")
def nothing(sid):
    log.append(["nothing"])


@sio.on("shout")
async def shout(sid, text):
    return await sio.emit("shouted", text.upper())


@sio.on("others")
async def others(sid, text):
    return await sio.emit("shouted", text, skip_sid=sid)


@sio.on("join")
async def join(sid, room):
    sio.enter_room(sid, room)
    return sio.rooms(sid)


@sio.on("leave")
async def leave(sid, room):
    sio.leave_room(sid, room)
    return sio.rooms(sid)


@sio.on("say")
async def say(sid, room, text):
    return await sio.emit("said", (room, text), room=room)


@sio.on("stats")
async def stats(sid):
    return sio.manager.stats()


@sio.on("ask-me")
async def ask_me(sid):
    await sio.emit("question", "6 * 7", to=sid, callback=lambda *answer: log.append(["answer", list(answer)]))


@sio.on("call-me")
async def call_me(sid):
    async def later():
        answer = await sio.call("question", "6 * 7", to=sid, timeout=30)
        await sio.emit("thanks", answer, to=sid)

    log.append(["task", str(type(asyncio.create_task(later())))[:1]])
    try:
        await sio.call("question", to=sid)
    except RuntimeError as error:
        return str(error)


@sio.on("fails")
async def fails(sid):
    raise KeyError("as intended")


@sio.on("kick-me")
async def kick_me(sid):
    await sio.disconnect(sid)


app.run(port=int(sys.argv[1]), host="127.0.0.1")
