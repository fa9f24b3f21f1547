"""WebSockets that come and go, and what of the heap is in use. Arguments: PORT, config as JSON."""

import asyncio
import gc
import json
import sys

import viperhttp

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))
live = 0


@app.get("/memory")
async def memory():
    gc.collect()
    # CPython counts objects; each stands for a hundred bytes.
    return {"live": live, "used": gc.mem_alloc() if hasattr(gc, "mem_alloc") else 100 * len(gc.get_objects())}


@app.websocket("/echo")
async def echo(ws):
    global live
    await ws.accept()
    live += 1
    try:
        while True:
            # By way of asyncio's queue, which leaves links in the task.
            await asyncio.sleep(0)
            await ws.send_text(await ws.receive_text())
    finally:
        live -= 1


app.run(int(sys.argv[1]))
