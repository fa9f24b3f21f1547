"""Echo: sends every message back, text as text and binary as binary."""

import sys

from viperhttp import ViperHTTP

# A message is held whole before it goes back, so the heap sets the real limit: on a board a larger
# message than it can hold is refused, and only that client is closed.
MIB = 1024 * 1024
app = ViperHTTP(config={"max_clients": 8, "max_message": 16 * MIB})


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


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
