"""Echo: sends every message back, text as text and binary as binary; in four ways, at four paths."""

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


@app.websocket("/relay")
async def relay(ws):
    await ws.accept()
    await ws.relay()  # frames go back as they came: no message is made, no task waits for one


@app.websocket("/each")
async def each(ws):
    await ws.accept()
    await ws.each(ws.try_send)  # a function is called with each message, str or bytes


@app.websocket("/view")
async def view(ws):
    await ws.accept()
    return ws.each(ws.try_send, view=True)  # with a memoryview; returned, not awaited: the connection has no task


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
