"""A room whose members may be slow or dead. Arguments: PORT, config as JSON."""

import json
import sys

import viperhttp

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))
manager = viperhttp.ConnectionManager()


@app.websocket("/room")
async def room(ws):
    await manager.connect(ws, room="all")
    manager.join_room(ws, "other")
    try:
        async for message in ws:
            if message["type"] == "text":
                reached = await manager.broadcast_bytes(bytes(int(message["text"])), room="all")
                await ws.send_json({"reached": reached, "stats": manager.stats()})
    finally:
        manager.disconnect(ws)
        print("left:", ws.close_code)


app.run(int(sys.argv[1]), host="127.0.0.1")
