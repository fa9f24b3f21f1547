"""Document 001's code, unchanged, does what the document says; and the flow of ViperHTTP's own WebSocket test."""

import json
import pathlib

import pytest
import websockets
from raw import Raw, close, frame, text
from serving import eventually
from websockets.sync.client import connect

APP = pathlib.Path(__file__).parent / "apps" / "doc_001.py"


def url(served, path):
    return f"ws://127.0.0.1:{served.port}{path}"


def open_to(served, path, **options):
    """A client of the `websockets` library."""
    return connect(url(served, path), open_timeout=10, close_timeout=5, **options)


def stats(client):
    """What the manager's stats() are now."""
    client.send("stats?")
    return json.loads(client.recv(10))


def test_echo_answers_with_echo(serve):
    with open_to(serve("doc_001"), "/ws/echo") as client:
        for message in ("hello", "", "grün €", "x" * 5000):
            client.send(message)
            assert client.recv(10) == "echo:" + message
        client.send(b"\x01\x02")  # a binary message has no text
        assert client.recv(10) == "echo:"


def test_a_chat_message_reaches_everybody_in_the_room_and_its_sender(serve):
    served = serve("doc_001")
    room, watch = "/ws/chat", "/test/watch"
    with open_to(served, room) as one, open_to(served, room) as two, open_to(served, watch) as other:
        one.send("hi")
        two.send("hö")
        for client in (one, two):
            got = [json.loads(client.recv(10)) for _ in range(2)]
            assert sorted(message["text"] for message in got) == ["hi", "hö"]
            assert all(list(message) == ["user", "text"] and message["user"] == "anon" for message in got)
        # Not in the room, so the answer to its question is the first it hears.
        assert stats(other) == {"connections": 3, "rooms": {"general": 2}}


def test_stats_are_the_dictionary_that_the_document_shows(serve):
    served = serve("doc_001")
    with open_to(served, "/test/watch") as watch:
        assert stats(watch) == {"connections": 1, "rooms": {}}
        with open_to(served, "/ws/chat"), open_to(served, "/ws/chat"), open_to(served, "/ws/chat"):
            with open_to(served, "/test/watch") as alerted:
                alerted.send("alerts")
                alerted.recv(10)
                watch.send("alerts")
                assert json.loads(watch.recv(10)) == {"connections": 5, "rooms": {"general": 3, "alerts": 2}}
            eventually(lambda: stats(watch) == {"connections": 4, "rooms": {"general": 3, "alerts": 1}}, "one leaves")
        eventually(lambda: stats(watch) == {"connections": 1, "rooms": {"alerts": 1}}, "the room vanishes")


def test_a_member_that_vanishes_leaves_all_rooms(serve):
    served = serve("doc_001")
    with open_to(served, "/test/watch") as watch, open_to(served, "/ws/chat") as stays:
        gone = Raw(served.port)
        gone.open("/ws/chat")
        assert stats(watch) == {"connections": 3, "rooms": {"general": 2}}
        gone.reset()
        eventually(lambda: stats(watch) == {"connections": 2, "rooms": {"general": 1}}, "the member is forgotten")
        stays.send("anybody?")
        assert json.loads(stays.recv(10)) == {"user": "anon", "text": "anybody?"}


def test_rooms_broadcast_to_all_to_one_room_and_answer_the_sender(serve):
    served = serve("doc_001")
    with open_to(served, "/test/watch") as watch, open_to(served, "/ws/chat") as general:
        with open_to(served, "/test/rooms") as runner:
            runner.send("go")
            heard = [runner.recv(10) for _ in range(4)]
            assert heard[0] == "Hello everyone!"
            assert json.loads(heard[1]) == {"type": "update", "data": 42}
            assert json.loads(heard[2]) == {"alert": True}  # it is in that room
            assert json.loads(heard[3]) == {"key": "value"}
            with pytest.raises(websockets.exceptions.ConnectionClosedOK):
                runner.recv(10)
        assert watch.recv(10) == "Hello everyone!"
        assert json.loads(watch.recv(10)) == {"type": "update", "data": 42}
        assert general.recv(10) == "Hello everyone!"
        assert general.recv(10) == "Room update"
        assert json.loads(general.recv(10)) == {"type": "update", "data": 42}
        assert stats(watch) == {"connections": 2, "rooms": {"general": 1}}


def test_the_first_protocol_that_the_client_offers_and_the_route_speaks_is_chosen(serve):
    served = serve("doc_001")
    for offers, chosen in (
        (["mqtt"], "mqtt"),
        (["mqttv5", "mqtt"], "mqttv5"),
        (["mqtt", "mqttv5"], "mqtt"),
        (["other", "mqttv5"], "mqttv5"),
        (["other"], None),
        (["MQTT"], None),
        (None, None),
    ):
        with open_to(served, "/ws/mqtt", subprotocols=offers) as client:
            assert client.subprotocol == chosen, offers
            assert client.response.headers.get("Sec-WebSocket-Protocol") == chosen
            with pytest.raises(websockets.exceptions.ConnectionClosedOK):
                client.recv(10)  # the handler returns: 1000
    with Raw(served.port) as client:
        assert "sec-websocket-protocol" not in client.open("/ws/mqtt", "Sec-WebSocket-Protocol: other")
        assert client.closing() == (1000, "")


def test_messages_have_the_format_of_the_document(serve):
    served = serve("doc_001")
    with Raw(served.port) as client:
        client.open("/test/formats")
        client.send(text("hello") + frame(0x82, b"\x01\x02") + close(1000))
        assert client.frame() == (0x81, b"seen")
        assert client.frame() == (0x81, b"seen")
        assert client.closing() == (1000, "")
    served.wait_for_log("message: [('text', 'hello'), ('type', 'text')]")
    served.wait_for_log("message: [('bytes', b'\\x01\\x02'), ('type', 'bytes')]")
    served.wait_for_log("message: [('code', 1000), ('type', 'close')]")


@pytest.mark.parametrize("end", ["close", "reset", "violate"])
def test_the_error_handling_example_cleans_up_however_the_client_ends(serve, end):
    served = serve("doc_001")
    with open_to(served, "/test/watch") as watch:
        client = Raw(served.port)
        client.open("/ws/safe")
        client.send(text("hello"))
        assert stats(watch) == {"connections": 2, "rooms": {}}
        if end == "reset":
            client.reset()
        else:
            client.send(close(1000) if end == "close" else frame(0x83, b"reserved opcode"))
            assert client.closing()[0] == (1000 if end == "close" else 1002)
        eventually(lambda: stats(watch) == {"connections": 1, "rooms": {}}, "it is forgotten")
        client.sock.close()


def test_the_event_stream_sends_readings_as_they_come(serve):
    served = serve("doc_001")
    with Raw(served.port) as client:
        client.request("GET /events", ["Accept: text/event-stream"])
        head = client.read_until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\nContent-Type: text/event-stream; charset=utf-8\r\n" in head
        for reading in range(21, 26):
            event = b'event: sensor\ndata: {"celsius": %d}\n\n' % reading
            assert client.read_until(b"\n\n\r\n") == b"%x\r\n%s\r\n" % (len(event), event)


def test_the_code_of_the_document_is_unchanged():
    # What the guide prints, without its indentation, in its order.
    printed = """
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
ws_manager.join_room(ws, "notifications")
ws_manager.leave_room(ws, "notifications")
await ws_manager.broadcast_text("Hello everyone!")
await ws_manager.broadcast_text("Room update", room="general")
await ws_manager.broadcast_json({"type": "update", "data": sensor_reading})
await ws_manager.broadcast_json({"alert": True}, room="alerts")
await ws.send_text(json.dumps({"key": "value"}))
ws_manager.disconnect(ws)
@app.websocket("/ws/mqtt", protocols=["mqtt", "mqttv5"])
async def ws_mqtt(ws):
await ws.accept()
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
"""
    code = iter([line.split("  #")[0].strip() for line in APP.read_text().splitlines()])
    for line in printed.strip().splitlines():
        assert line in code, f"missing, or out of order: {line}"


def test_the_flow_of_viperhttps_own_websocket_test(serve):
    served = serve("http_room")
    for _ in range(3):
        with open_to(served, "/ws/echo") as client:
            client.send("hi")
            assert client.recv(10) == "echo:hi"
        assert client.close_code == 1000
        with open_to(served, "/ws/room") as client:
            assert json.loads(client.recv(10)) == {"event": "connected"}
            client.send("join:alpha")
            assert json.loads(client.recv(10)) == {"event": "joined", "room": "alpha"}
            client.send("say:hello")
            assert json.loads(client.recv(10)) == {"event": "message", "room": "alpha", "text": "hello"}
            client.send("stats")
            answer = json.loads(client.recv(10))
            assert answer["event"] == "stats"
            assert answer["data"]["connections"] >= 1
            assert answer["data"]["rooms"]["alpha"] >= 1
        assert client.close_code == 1000
