"""Document 001 of ViperHTTP's guide, its code unchanged; around it only what its fragments need to run.

Arguments: PORT, config as JSON.
"""
# ruff: noqa: F841, I001

# ---- the document, word for word -------------------------------------------

import viperhttp
import json

app = viperhttp.ViperHTTP(title="Real-Time API", include_websocket_docs=True)
ws_manager = viperhttp.ConnectionManager()

@app.websocket("/ws/echo")
async def ws_echo(ws):
    await ws.accept()
    while True:
        msg = await ws.receive()
        if msg.get("type") == "close":
            break
        await ws.send_text("echo:" + msg.get("text", ""))

@app.websocket("/ws/chat")
async def chat(ws):
    await ws_manager.connect(ws, room="general")
    try:
        while True:
            msg = await ws.receive()
            if msg.get("type") == "close":
                break
            await ws_manager.broadcast_json(
                {"user": "anon", "text": msg.get("text", "")},
                room="general",
            )
    finally:
        ws_manager.disconnect(ws)

async def rooms(ws, sensor_reading):
    ws_manager.join_room(ws, "notifications")
    ws_manager.leave_room(ws, "notifications")
    await ws_manager.broadcast_text("Hello everyone!")
    await ws_manager.broadcast_text("Room update", room="general")
    await ws_manager.broadcast_json({"type": "update", "data": sensor_reading})
    await ws_manager.broadcast_json({"alert": True}, room="alerts")
    stats = ws_manager.stats()   # {"connections": 5, "rooms": {"general": 3, "alerts": 2}}
    await ws.send_text(json.dumps({"key": "value"}))
    ws_manager.disconnect(ws)

@app.websocket("/ws/mqtt", protocols=["mqtt", "mqttv5"])
async def ws_mqtt(ws):
    await ws.accept()            # picks the client's first offer that is listed

@app.websocket("/ws/safe")
async def safe_ws(ws):
    await ws_manager.connect(ws)
    try:
        while True:
            msg = await ws.receive()
            if msg.get("type") == "close":
                break
    except Exception:
        pass
    finally:
        ws_manager.disconnect(ws)

@app.get("/events")
async def events():
    async def event_stream():
        while True:
            data = await get_sensor_data()
            yield {"event": "sensor", "data": json.dumps(data)}
    return viperhttp.StreamingResponse(event_stream(), media_type="text/event-stream")

# ---- what the fragments need --------------------------------------------------

import asyncio  # noqa: E402
import sys  # noqa: E402

reading = 20


async def get_sensor_data():
    global reading
    reading += 1
    await asyncio.sleep(0.01)
    return {"celsius": reading}


@app.websocket("/test/rooms")
async def run_rooms(ws):
    await ws_manager.connect(ws, room="alerts")
    await ws.receive()
    await rooms(ws, 42)


@app.websocket("/test/watch")
async def watch(ws):
    # What the manager sends to everybody arrives here; each message asks for stats().
    await ws_manager.connect(ws)
    try:
        while True:
            msg = await ws.receive()
            if msg.get("type") == "close":
                break
            if msg.get("text") == "alerts":
                ws_manager.join_room(ws, "alerts")
            await ws.send_text(json.dumps(ws_manager.stats()))
    finally:
        ws_manager.disconnect(ws)


@app.websocket("/test/formats")
async def formats(ws):
    await ws.accept()
    while True:
        msg = await ws.receive()
        print("message:", sorted(msg.items()))
        if msg["type"] == "close":
            break
        await ws.send_text("seen")


app.config.update(json.loads(sys.argv[2]))
app.run(int(sys.argv[1]), host="127.0.0.1")
