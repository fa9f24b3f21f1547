"""Event streams of every kind, and a WebSocket beside them. Arguments: PORT, config as JSON."""

import asyncio
import json
import sys

import viperhttp

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))
EVENTS = "text/event-stream"


@app.get("/kinds")
async def kinds():
    async def events():
        yield {"event": "tick", "data": {"i": 0}}
        yield {"id": 0, "data": "zero"}
        yield {"comment": "only a comment"}
        yield {"data": "one\ntwo\r\nthree\rfour"}
        yield {"retry": 1500, "data": ""}
        await asyncio.sleep(0)
        yield "plain"
        yield ["a", 1]
        yield {"event": "all", "id": "x7", "retry": 2, "comment": "c", "data": "d"}

    return viperhttp.StreamingResponse(events(), media_type=EVENTS)


@app.get("/sync")
def from_a_list():
    return viperhttp.StreamingResponse([{"data": "a"}, {"data": "b"}], media_type=EVENTS)


@app.get("/inject/{field}")
async def inject(field):
    async def events():
        try:
            yield {"data": "before"}
            yield {field: "x\ndata: forged", "data": "after"}
        finally:
            print("inject: finally")

    return viperhttp.StreamingResponse(events(), media_type=EVENTS)


@app.get("/sleep")
async def sleep():
    async def events():
        try:
            yield {"data": "first"}
            await asyncio.sleep(1000)
            yield {"data": "never"}
        finally:
            print("sleep: finally")
            await asyncio.sleep(0)
            print("sleep: after an await in finally")

    return viperhttp.StreamingResponse(events(), media_type=EVENTS)


@app.get("/push")
async def push():
    async def events():
        try:
            i = 0
            while True:
                yield {"data": i}
                i += 1
                await asyncio.sleep(0.01)
        finally:
            print("push: finally")
            await asyncio.sleep(0)
            print("push: after an await in finally")

    return viperhttp.StreamingResponse(events(), media_type=EVENTS)


@app.get("/timeouts")
async def timeouts():
    # Everything of asyncio that a generator may wait for between two events.
    event = asyncio.Event()
    lock = asyncio.Lock()

    async def nap(value):
        await asyncio.sleep(0.01)
        return value

    async def events():
        yield await asyncio.wait_for(nap("in time"), 5)
        try:
            await asyncio.wait_for(event.wait(), 0.02)
        except asyncio.TimeoutError:
            yield "timed out"
        yield await asyncio.gather(nap(1), nap(2))
        async with lock:
            yield "locked"
        yield "unlocked" if not lock.locked() else "still locked"
        task = asyncio.create_task(nap("a task"))
        yield await task

    return viperhttp.StreamingResponse(events(), media_type=EVENTS)


@app.get("/cancelled")
async def cancelled():
    async def events():
        yield "first"
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            print("cancelled: CancelledError")
            raise
        finally:
            print("cancelled: finally")

    return viperhttp.StreamingResponse(events(), media_type=EVENTS)


@app.get("/breaks")
async def breaks():
    async def events():
        yield "first"
        raise RuntimeError("broke in the middle")

    return viperhttp.StreamingResponse(events(), media_type=EVENTS)


@app.get("/headers")
async def own_headers():
    return viperhttp.StreamingResponse([], media_type=EVENTS, headers={"Cache-Control": "no-store", "X-A": "1"})


@app.get("/hello")
async def hello():
    return "hello"


@app.websocket("/echo")
async def echo(ws):
    await ws.accept()
    while True:
        await ws.send_text(await ws.receive_text())


app.run(int(sys.argv[1]), host="127.0.0.1")
