"""Echo and one room with commands, as ViperHTTP's own WebSocket test expects them. Arguments: PORT, config as JSON."""

import json
import sys

import viperhttp

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))
manager = viperhttp.ConnectionManager()


@app.websocket("/ws/echo")
async def echo(ws):
    await ws.accept()
    while True:
        msg = await ws.receive()
        if msg["type"] == "close":
            break
        await ws.send_text("echo:" + msg["text"])


@app.websocket("/ws/room")
async def room(ws):
    await manager.connect(ws)
    joined = None
    try:
        await ws.send_json({"event": "connected"})
        while True:
            msg = await ws.receive()
            if msg["type"] == "close":
                break
            command, _, rest = msg["text"].partition(":")
            if command == "join":
                joined = rest
                manager.join_room(ws, joined)
                await ws.send_json({"event": "joined", "room": joined})
            elif command == "say":
                await manager.broadcast_json({"event": "message", "room": joined, "text": rest}, room=joined)
            elif command == "stats":
                await ws.send_json({"event": "stats", "data": manager.stats()})
    finally:
        manager.disconnect(ws)


app.run(int(sys.argv[1]), host="127.0.0.1")
