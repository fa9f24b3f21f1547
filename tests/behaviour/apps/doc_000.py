"""Document 000 (VelociPy) in viperhttp: its code, word for word but for the lines marked `# changed`.

Arguments: PORT, config as JSON.
"""
# ruff: noqa

from viperhttp import ViperHTTP, WebSocket, WebSocketException     # changed: import

app = ViperHTTP()                                                  # changed: class name

@app.websocket("/ws")
async def echo(ws: WebSocket) -> None:
    await ws.accept()
    try:
        while True:
            message = await ws.receive_text()
            await ws.send_text(f"echo: {message}")
    except Exception:
        await ws.close()

@app.websocket("/rooms/{room_id}")
async def room(ws: WebSocket) -> None:
    await ws.accept()
    room_id = ws.path_params["room_id"]
    client_name = ws.header("x-client-name", default="stranger")
    await ws.send_text(f"joined room {room_id} as {client_name}")
    while True:
        text = await ws.receive_text()
        await ws.send_text(f"[{room_id}] {text}")

@app.websocket("/game")                 # changed: the unused msgspec.Struct is dropped
async def game(ws: WebSocket) -> None:
    await ws.accept()
    try:
        while True:
            move = await ws.receive_json()
            await ws.send_json({"ack": move, "tick": 42})
    except Exception:
        await ws.close()

@app.websocket("/chat")
async def chat(ws: WebSocket) -> None:
    await ws.accept(subprotocol="chat.v1")
    await ws.send_text("protocol accepted")

@app.websocket("/guard")
async def guard(ws: WebSocket) -> None:
    await ws.accept()
    try:
        while True:
            text = await ws.receive_text()
            if text == "quit":
                await ws.close(code=1000, reason="client requested exit")
                return
            await ws.send_text(f"ok: {text}")
    except WebSocketException as exc:
        await ws.close(code=exc.code, reason=exc.reason)

connections: set[WebSocket] = set()

@app.websocket("/broadcast")
async def broadcast(ws: WebSocket) -> None:
    await ws.accept()
    connections.add(ws)
    try:
        while True:
            message = await ws.receive_text()
            for conn in list(connections):
                if conn is not ws and not conn.closed:
                    await conn.send_text(message)
    finally:
        connections.discard(ws)
        if not ws.closed:
            await ws.close()


# ---- what the test needs -----------------------------------------------------

import json  # noqa: E402
import sys  # noqa: E402

app.config.update(json.loads(sys.argv[2]))
app.run(port=int(sys.argv[1]), host="127.0.0.1")     # changed: "run it under Uvicorn or Granian"
