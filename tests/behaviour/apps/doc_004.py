"""Document 004 (Responder) in viperhttp: its code, word for word but for the lines marked `# changed`.

Arguments: PORT, config as JSON.
"""
# ruff: noqa

from viperhttp import ViperHTTP, WebSocketDisconnect                # changed: imports

api = ViperHTTP()                                                   # changed

@api.route("/ws", websocket=True)
async def echo(ws):
    await ws.accept()
    while True:
        data = await ws.receive_text()
        await ws.send_text(f"Echo: {data}")

connected = set()

@api.route("/chat", websocket=True)
async def chat(ws):
    await ws.accept()
    connected.add(ws)
    try:
        while True:
            message = await ws.receive_text()
            for client in list(connected):                          # changed: list() (live-set iteration raises)
                await client.send_text(message)
    except WebSocketDisconnect:
        pass
    finally:
        connected.discard(ws)

@api.route("/formats", websocket=True)
async def formats(ws):
    await ws.accept()
    await ws.send_text("hello")
    message = await ws.receive_text()
    await ws.send_json({"type": "update", "data": [1, 2, 3]})
    message = await ws.receive_json()
    await ws.send_bytes(b"\x00\x01\x02")
    data = await ws.receive_bytes()
    await ws.close(code=1000)

@api.before_request(websocket=True)
async def ws_auth(ws):
    await ws.accept()                    # every handler's own accept() is then a no-op

@api.route("/lifecycle", websocket=True)
async def handler(ws):
    await ws.accept()
    try:
        while True:
            data = await ws.receive_text()
            await ws.send_text(f"Got: {data}")
    except WebSocketDisconnect:
        print("Client disconnected")

api.mount("/static", "static", html=True)

def test_echo():
    from viperhttp.testing import TestClient                        # changed: import
    client = TestClient(api)
    with client.websocket_connect("/ws") as ws:
        ws.send_text("hello")
        assert ws.receive_text() == "Echo: hello"

def test_websocket_404():
    from viperhttp.testing import TestClient
    import pytest
    client = TestClient(api)
    with pytest.raises(WebSocketDisconnect):
        with client.websocket_connect("/nonexistent"):
            pass


# ---- what the test needs -----------------------------------------------------

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402


class raises:
    """What the document takes from pytest, where there is none."""

    def __init__(self, kind):
        self.kind = kind

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        assert isinstance(error, self.kind), error
        return True


class NoPytest:
    raises = raises


settings = json.loads(sys.argv[2])
os.chdir(settings.pop("folder", "."))
if settings.pop("in_memory", False):
    if sys.implementation.name == "micropython":
        sys.modules["pytest"] = NoPytest
    test_echo()
    test_websocket_404()
    print("in memory: passed")
else:
    api.config.update(settings)
    api.run(port=int(sys.argv[1]), host="127.0.0.1")
