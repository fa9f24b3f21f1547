"""Fills the heap in every way a client can, and in some that only a handler can. Arguments: PORT, config as JSON."""

import gc
import json
import sys

import viperhttp

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))
held = [None] * 500  # of this size from the start: a list that grows needs one large block


@app.get("/alive")
async def alive():
    return "yes"


@app.get("/free")
async def free():
    gc.collect()
    return {"free": gc.mem_free(), "clients": app.server.count, "lingering": len(app.server.lingering)}


@app.get("/hold/{left:int}")
async def hold(left):
    """Take memory until no more than `left` bytes are free."""
    gc.collect()
    while gc.mem_free() > left:
        held[0] = (bytearray(100), held[0])
    return "held"


@app.get("/fragment/{size:int}")
async def fragment(size):
    """Leave half of the heap free, in holes of `size` bytes."""
    n = 0
    try:
        while True:
            held[n] = bytearray(size)
            n += 1
    except MemoryError:
        pass
    for even in range(0, n, 2):
        held[even] = None
    gc.collect()
    return "in pieces"


@app.get("/release")
async def release():
    for n in range(len(held)):
        held[n] = None
    gc.collect()
    return "released"


@app.get("/greedy")
async def greedy():
    mine = []
    while True:
        mine.append(bytearray(400))


@app.get("/plain-greedy")
def plain_greedy():
    return bytearray(1 << 24)


@app.get("/large-answer")
async def large_answer():
    return "x" * 100000 + str(bytearray(1 << 20))


@app.post("/body")
async def body():
    return {"n": len(await viperhttp.current_request().body())}


@app.websocket("/echo")
async def echo(ws):
    await ws.accept()
    async for message in ws:
        text = message.get("text")
        await ws.send(message["bytes"] if text is None else text)


@app.websocket("/hoard")
async def hoard(ws):
    """Keep every message."""
    mine = []
    await ws.accept()
    async for message in ws:
        mine.append(message["bytes"])


app.run(port=int(sys.argv[1]))
