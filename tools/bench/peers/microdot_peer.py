# Microdot: a WebSocket echo (/echo), a room as its users write one (/room), a small GET (/get).
#   microdot_peer.py PORT [echo|room|get] [garbage=N] [heap]
# Runs on MicroPython and on CPython. Ends when its last WebSocket has closed.
import sys

from microdot import Microdot, Request
from microdot.websocket import with_websocket
from tally import Tally

Request.max_body_length = 1 << 20  # also Microdot's limit for a WebSocket message
app = Microdot()
members = []
tally = Tally(sys.argv[3:])


def leave():
    if tally.closed():
        sys.exit()


@app.route("/echo")
@with_websocket
async def echo(request, ws):
    tally.opened()
    counting = tally.garbage
    try:
        while True:
            message = await ws.receive()
            if counting:
                tally.message()
            await ws.send(message)
    finally:
        leave()


@app.route("/room")
@with_websocket
async def room(request, ws):
    tally.opened()
    members.append(ws)
    try:
        while True:
            message = await ws.receive()
            for member in members:
                await member.send(message)
    finally:
        members.remove(ws)
        leave()


@app.get("/get")
async def get(request):
    return {"ok": True, "value": 42}


app.run(host="127.0.0.1", port=int(sys.argv[1]))
