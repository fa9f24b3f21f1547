# viperhttp: a WebSocket echo without a waiting handler, every protection at its default.
#   viper_direct.py PORT relay|each|view|stay [heap]
# relay: ws.relay(), messages go back as they are; each: a callback gets str or bytes and sends them; view: a callback
# gets a memoryview; stay: as each, and the handler returns. Runs on MicroPython and on CPython. Ends when its last
# WebSocket has closed (but for stay).
import asyncio
import sys

from tally import Tally

from viperhttp import ViperHTTP

app = ViperHTTP(config={"max_clients": 1024, "max_message": 1 << 20})
mode = sys.argv[2]
tally = Tally(sys.argv[3:])


async def stay(ws):
    await ws.accept()
    tally.opened()
    return ws.each(ws.try_send)


async def echo(ws):
    await ws.accept()
    tally.opened()
    try:
        if mode == "relay":
            await ws.relay()
        else:
            await ws.each(ws.try_send, view=mode == "view")
    finally:
        if tally.closed():
            asyncio.create_task(app.shutdown())


app.websocket("/echo")(stay if mode == "stay" else echo)
app.run(host="127.0.0.1", port=int(sys.argv[1]))
