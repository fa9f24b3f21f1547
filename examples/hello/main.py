"""Hello: one HTTP route and one WebSocket echo, the smallest useful program."""

import sys

from viperhttp import ViperHTTP

app = ViperHTTP()


@app.get("/")
async def hello():
    return {"hello": "from " + sys.implementation.name}


@app.websocket("/echo")
async def echo(ws):
    await ws.accept()
    async for message in ws.iter_text():
        await ws.send_text("echo: " + message)


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
