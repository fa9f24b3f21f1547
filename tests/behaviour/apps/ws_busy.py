"""A handler that takes nothing until the test says so, or its peer has gone. Arguments: PORT, config as JSON."""

import asyncio
import json
import sys

import viperhttp

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))
free = False


@app.get("/free")
async def set_free():
    global free
    free = True
    return {"clients": app.server.count}


@app.websocket("/busy")
async def busy(ws):
    await ws.accept()
    while not free and not ws.closed:
        await asyncio.sleep(0.02)
    print("closed" if ws.closed else "open", "when it is free")
    taken = []
    try:
        while True:
            taken.append(await ws.receive_text())
    except viperhttp.WebSocketDisconnect as end:
        in_order = taken == ["%04d" % n for n in range(len(taken))]
        print("ended with", end.code, "in order:", in_order, "taken", len(taken))


app.run(int(sys.argv[1]))
