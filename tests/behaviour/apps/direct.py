"""WebSockets without a waiting handler, for the behaviour tests. Arguments: PORT, config as JSON.

Each prints what it has seen as one line "NAME: ...", for the test to wait for.
"""

import asyncio
import gc
import json
import sys

import viperhttp
from viperhttp import ConnectionManager, WebSocketDisconnect

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))
rooms = ConnectionManager()
held = []
targets = {}


@app.get("/memory")
async def memory():
    # Nothing is collected from the first call on: what is in use then only grows, by what messages take.
    if hasattr(gc, "mem_alloc"):
        if gc.isenabled():
            gc.collect()
            gc.disable()
        return {"used": gc.mem_alloc()}
    return {"used": 0}


@app.get("/state")
async def state():
    gc.collect()
    used = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
    return {"clients": app.server.count, "used": used}


@app.websocket("/relay")
async def relay(ws):
    await ws.accept()
    await ws.relay()
    print("relay: ended", ws.close_code, ws.close_reason)


@app.websocket("/each")
async def each(ws):
    await ws.accept()
    await ws.each(ws.try_send)
    print("each: ended", ws.close_code, ws.close_reason)


@app.websocket("/view")
async def view(ws):
    await ws.accept()
    await ws.each(ws.try_send, view=True)
    print("view: ended", ws.close_code, ws.close_reason)


@app.websocket("/no-task/{how}")
async def no_task(ws, how):
    await ws.accept()
    if how == "relay":
        return ws.relay()
    return ws.each(ws.try_send, view=how == "view")


@app.websocket("/kinds")
async def kinds(ws):
    await ws.accept()

    def seen(message):
        ws.try_send("%s %r" % (type(message).__name__, message))

    await ws.each(seen)


@app.websocket("/view-kinds")
async def view_kinds(ws):
    await ws.accept()

    def seen(view, is_text):
        ws.try_send("%s %s %r" % (type(view).__name__, is_text, bytes(view)))

    await ws.each(seen, view=True)


@app.websocket("/raises")
async def raises(ws):
    await ws.accept()
    await ws.each(fail)


@app.websocket("/raises-no-task")
async def raises_no_task(ws):
    await ws.accept()
    return ws.each(fail)


@app.websocket("/raises-view")
async def raises_view(ws):
    await ws.accept()
    await ws.each(fail, view=True)


def fail(*message):
    raise OSError(19)  # as a sensor's driver does when nothing answers on its bus


@app.websocket("/until-stop")
async def until_stop(ws):
    # An exception of the callback ends each(); what follows goes to receive().
    await ws.accept()

    def one(message):
        if message == "stop":
            raise ValueError("stop")
        ws.try_send("each " + message)

    while True:
        try:
            return await ws.each(one)
        except ValueError as error:
            await ws.send_text("raised " + str(error))
        await ws.send_text("received " + await ws.receive_text())


@app.websocket("/for-a-time")
async def for_a_time(ws):
    await ws.accept()
    try:
        await asyncio.wait_for(ws.each(lambda message: ws.try_send("each " + message)), 0.3)
    except asyncio.TimeoutError:
        await ws.send_text("time is up")
    while True:
        await ws.send_text("received " + await ws.receive_text())


@app.websocket("/late/{how}")
async def late(ws, how):
    # Messages that came before go the same way, first.
    await ws.accept()
    await asyncio.sleep(0.3)
    print("late: begins")
    await (ws.relay() if how == "relay" else ws.each(ws.try_send, view=how == "view"))


@app.websocket("/first-by-hand")
async def first_by_hand(ws):
    await ws.accept()
    await ws.send_text("first " + await ws.receive_text())
    await ws.each(lambda message: ws.try_send("each " + message))


@app.websocket("/twice")
async def twice(ws):
    await ws.accept()
    ws.relay()
    try:
        ws.each(print)
    except RuntimeError as error:
        await ws.send_text(str(error))
    try:
        ws.each(3)
    except TypeError as error:
        await ws.send_text(str(error))
    try:
        ws.relay(3)
    except TypeError as error:
        await ws.send_text(str(error))


@app.websocket("/not-accepted")
async def not_accepted(ws):
    try:
        ws.relay()
    except RuntimeError as error:
        print("not-accepted:", error)


@app.websocket("/after-the-end")
async def after_the_end(ws):
    await ws.accept()
    await ws.close(4000)
    print("after-the-end:", await ws.relay(), await ws.each(print), ws.close_code)


@app.websocket("/close-in-callback")
async def close_in_callback(ws):
    await ws.accept()

    def done(message):
        asyncio.create_task(ws.close(4001, message))

    await ws.each(done)
    print("close-in-callback: ended", ws.close_code)


@app.websocket("/count/{how}")
async def count(ws, how):
    await ws.accept()
    seen = [0]

    def one(*message):
        seen[0] += 1

    await ws.each(one, view=how == "view")
    print("count:", seen[0])


@app.websocket("/small/{how}", max_message=100)
async def small(ws, how):
    await ws.accept()
    await (ws.relay() if how == "relay" else ws.each(ws.try_send, view=how == "view"))


@app.websocket("/idle", idle_timeout=0.5)
async def idle(ws):
    await ws.accept()
    await ws.relay()


@app.websocket("/target/{name}")
async def target(ws, name):
    await ws.accept()
    targets[name] = ws
    print("target:", name, "is there")
    try:
        while True:
            await ws.receive()
            if ws.closed:
                return
    finally:
        print("target:", name, "has gone")


@app.websocket("/to/{name}")
async def to_another(ws, name):
    await ws.accept()
    try:
        await ws.relay(targets[name])
        print("to: ended")
    except WebSocketDisconnect as end:
        print("to: disconnected", end.code)
        await ws.close(4002)


@app.websocket("/bridge/{name}")
async def bridge(ws, name):
    await ws.accept()
    other = targets[name]
    await asyncio.gather(ws.relay(other), other.relay(ws))


@app.websocket("/hub/{name}")
async def waits(ws, name):
    await ws.accept()
    targets[name] = ws
    print("hub:", name, "is there")
    while not ws.closed:
        await asyncio.sleep(0.02)


@app.websocket("/room/{name}")
async def room(ws, name):
    await rooms.connect(ws, name)
    try:
        await ws.relay(rooms.room(name))
    finally:
        rooms.disconnect(ws)
        print("room: left")


@app.websocket("/room-keeps/{name}")
async def room_keeps(ws, name):
    kept = rooms.room(name, history=4)
    await rooms.connect(ws, name)
    try:
        await ws.relay(kept)
    finally:
        rooms.disconnect(ws)
        print("room-keeps:", kept.stats()["published"])


app.run(int(sys.argv[1]))
