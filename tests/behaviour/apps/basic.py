"""An application with one of everything, for the behaviour tests. Arguments: PORT, config as JSON."""

import asyncio
import json
import sys

import viperhttp

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))


@app.get("/")
async def index():
    return {"hello": "world"}


@app.websocket("/echo")
async def echo(ws):
    await ws.accept()
    while True:
        message = await ws.receive()
        if message["type"] == "close":
            print("closed", message["code"], message.get("reason", ""))
            break
        if message["type"] == "text":
            await ws.send_text(message["text"])
        else:
            await ws.send_bytes(message["bytes"])


@app.websocket("/busy")
async def busy(ws):
    # Takes no message until told so by time: the connection has to look after itself.
    await ws.accept()
    await asyncio.sleep(1.5)
    while True:
        await ws.send_text(await ws.receive_text())


app.run(int(sys.argv[1]))
