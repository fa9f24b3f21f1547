# viperhttp: a room. What one member says goes to all, through the ConnectionManager.
#   viper_room.py PORT
# Runs on MicroPython and on CPython. Ends when its last WebSocket has closed.
import asyncio
import sys

from tally import Tally

from viperhttp import ConnectionManager, ViperHTTP

app = ViperHTTP(config={"max_clients": 1024, "max_message": 1 << 20})
manager = ConnectionManager()
tally = Tally(sys.argv[3:])


@app.websocket("/room")
async def room(ws):
    await manager.connect(ws)
    tally.opened()
    try:
        while True:
            await manager.broadcast_text(await ws.receive_text())
    finally:
        manager.disconnect(ws)
        if tally.closed():
            asyncio.create_task(app.shutdown())


app.run(host="127.0.0.1", port=int(sys.argv[1]))
