"""Document 002 (Bocadillo) in viperhttp: its code, word for word but for the lines marked `# changed`.

Arguments: PORT, config as JSON.
"""
# ruff: noqa

import random
from viperhttp import ViperHTTP, WebSocket, Depends, FileResponse, Query, status   # changed

app = ViperHTTP()                                                                  # changed

@app.websocket_route("/echo")
async def echo(ws):
    message = await ws.receive()
    await ws.send(f"You said: {message}")

# verbatim on CPython: @app.websocket_route("/chat/{channel}", value_type="json")
#                      async def chat(ws, channel: str, anonymous: bool = False)
@app.websocket_route("/chat/{channel}", value_type="json",
                     query={"anonymous": Query(False, bool)})                      # changed (MP)
async def chat(ws, channel: str, anonymous: bool = False):
    user = "Anonymous" if anonymous else ws.headers["user"]
    async for message in ws:
        channel_message = {"user": user, "message": message}
        await ws.send(channel_message)

@app.websocket_route("/echo-iter")
async def echo_iter(ws: WebSocket):
    async for message in ws:
        await ws.send(message)

@app.websocket_route("/echo-events")
async def echo_events(ws):
    event = await ws.receive_event()
    message = event["text"]
    await ws.send_event(
        {"type": "websocket.send", "text": f"You said: {message}"}
    )

@app.websocket_route("/hello", auto_accept=False)
async def hello(ws):
    print("Going to accept connection…")
    await ws.accept()
    await ws.close()
    print("Connection closed!")

@app.websocket_route("/hello-with", auto_accept=False)
async def hello_with(ws):
    async with ws:
        pass
    print("Connection closed normally!")

@app.websocket_route("/hello-key")
async def hello_key(ws):
    if ws.headers.get("api-key") != "s3kr3t":
        await ws.reject()
    async with ws:
        await ws.send("authorized")

BOOM = 4003

@app.websocket_route("/dangerous")
async def dangerous(ws):
    for _ in range(100):
        message = await ws.message()
        if random.random() < 0.1:
            await ws.close(BOOM)
            return
        await ws.send("OK")
    await ws.close(status.WS_1000_NORMAL_CLOSURE)

@app.websocket_route("/chat-1006", caught_close_codes=(1000, 1001, 1006))
async def chat_1006(ws):
    async for message in ws:
        await ws.send(message)

@app.websocket_route("/chat-all", caught_close_codes=all)
async def chat_all(ws):
    async for message in ws:
        await ws.send(message)

# The chat room (script missing from 002; the real one is in Bocadillo's repo). Providers become app-scoped deps.
def history():
    return []

def clients():
    return set()

@app.websocket_route("/chat", value_type="json",
                     deps={"history": Depends(history, scope="app"),
                           "clients": Depends(clients, scope="app")})              # changed
async def chat_room(ws, history, clients):
    clients.add(ws)
    for message in history:
        await ws.send(message)
    try:
        async for message in ws:
            history.append(message)
            if message["type"] == "message":
                for client in list(clients):                                       # changed: list()
                    if not client.closed:
                        await client.send(message)
    finally:
        clients.remove(ws)

@app.get("/")
async def index():
    return FileResponse("templates/index.html")                                    # changed


# ---- what the test needs -----------------------------------------------------

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402

settings = json.loads(sys.argv[2])
os.chdir(settings.pop("folder"))


@app.websocket_route("/caught", caught_close_codes=())
async def caught(ws):
    async for _ in ws:
        pass


app.config.update(settings)
app.run(port=int(sys.argv[1]), host="127.0.0.1")
