"""Document 003 (Veloce) in viperhttp: its code, word for word but for the lines marked `# changed`.

Arguments: PORT, config as JSON.
"""
# ruff: noqa

from viperhttp import ViperHTTP                                     # changed
from viperhttp.middleware import WebSocketOriginMiddleware          # changed: path

app = ViperHTTP()                                                   # changed

app.add_middleware(
    WebSocketOriginMiddleware(
        allowed_origins=["https://app.example.com"],
        allow_missing=True,
    )
)

@app.websocket("/ws")
async def echo(ws):
    await ws.accept()
    message = await ws.receive_text()
    await ws.send_text(f"echo: {message}")
    await ws.close()

@app.websocket("/chat")
async def chat(ws):
    await ws.accept()
    async for message in ws.iter_text():
        await ws.send_text(f"you said: {message}")

@app.websocket("/negotiate")
async def negotiated(ws):
    chosen = ws.negotiate_subprotocol(["chat-v2", "chat-v1"])
    await ws.accept(subprotocol=chosen)
    await ws.send_text(chosen or "none")
    await ws.close()

@app.websocket("/guarded")
async def guarded(ws):
    if not ws.check_origin("https://app.example.com"):
        await ws.close(code=1008)
        return
    await ws.accept()
    async for msg in ws.iter_text():
        await ws.send_text(msg)

def current_user():
    return "alice"

from viperhttp import Depends

@app.websocket("/private", deps={"user": Depends(current_user)})    # changed (MP); user=Depends(current_user) on CPython
async def private(ws, user=None):
    await ws.accept()
    await ws.send_text(user)

def test_echo():
    client = app.test_client()
    with client.websocket_connect("/ws") as ws:
        ws.send_text("hello")
        assert ws.receive_text() == "echo: hello"


# ---- what the test needs -----------------------------------------------------

import json  # noqa: E402
import sys  # noqa: E402

settings = json.loads(sys.argv[2])
if settings.pop("in_memory", False):
    test_echo()
    print("in memory: passed")
else:
    app.config.update(settings)
    app.run(port=int(sys.argv[1]), host="127.0.0.1")
