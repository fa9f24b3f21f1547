# viperhttp: a room. What one member says goes to all, through the ConnectionManager.
#   viper_room.py PORT [room] [unswept]
# unswept: nobody looks at the connections' deadlines. That is done twice a second, so that under callgrind, where a
# second is fifty times as long, it would count fifty times.
# Runs on MicroPython and on CPython. Ends when its last WebSocket has closed.
import asyncio
import sys

from tally import Tally

from viperhttp import ConnectionManager, ViperHTTP

app = ViperHTTP(config={"max_clients": 1024, "max_message": 1 << 20})
manager = ConnectionManager()
tally = Tally(sys.argv[3:])
if "unswept" in sys.argv:
    from viperhttp.connection.server import Server

    Server.sweep = lambda self, now: None


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
