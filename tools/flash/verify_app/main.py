"""What `make verify` runs on a board: an echo at /, and the heap at /free."""

import gc

from viperhttp import ViperHTTP

app = ViperHTTP(docs=False)


@app.websocket("/")
async def echo(ws):
    await ws.accept()
    while True:
        message = await ws.receive()
        if message["type"] == "text":
            await ws.send_text(message["text"])
        elif message["type"] == "bytes":
            await ws.send_bytes(message["bytes"])
        else:
            break


@app.get("/free")
async def free():
    gc.collect()
    return {"free": gc.mem_free(), "used": gc.mem_alloc(), "clients": app.config.max_clients}
