# viperhttp: a WebSocket echo with the ordinary handler, every protection at its default.
#   viper_echo.py PORT [echo] [garbage=N] [heap]
# Runs on MicroPython and on CPython. Ends when its last WebSocket has closed.
import asyncio
import sys

from tally import Tally

from viperhttp import ViperHTTP

app = ViperHTTP(config={"max_clients": 1024, "max_message": 1 << 20})
tally = Tally(sys.argv[3:])


async def echo(ws):
    await ws.accept()
    tally.opened()
    try:
        while True:
            await ws.send_text(await ws.receive_text())
    finally:
        leave()


async def counted_echo(ws):
    await ws.accept()
    tally.opened()
    try:
        while True:
            text = await ws.receive_text()
            tally.message()
            await ws.send_text(text)
    finally:
        leave()


def leave():
    if tally.closed():
        asyncio.create_task(app.shutdown())


app.websocket("/echo")(counted_echo if tally.garbage else echo)
app.run(host="127.0.0.1", port=int(sys.argv[1]))
