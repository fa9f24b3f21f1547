"""viperhttp.socketio with python-socketio's own client, and by raw frames for what that client never sends."""

import http.client
import json

import pytest
import socketio
from raw import Raw
from serving import PATIENCE, eventually
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

TARGET = "/socket.io/?EIO=4&transport=websocket"


class Client:
    """python-socketio's client; `events` are those that came."""

    def __init__(self, served, auth=None):
        self.sio = socketio.Client(reconnection=False)
        self.events = []
        self.sio.on("*", lambda event, *data: self.events.append([event, *data]))
        self.sio.on("question", lambda *data: 42)
        self.sio.connect(
            f"http://127.0.0.1:{served.port}", auth=auth, transports=["websocket"], wait=True, wait_timeout=PATIENCE
        )
        self.sio.get_sid()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sio.disconnect()

    def call(self, event, *data):
        return self.sio.call(event, data if len(data) != 1 else data[0], timeout=PATIENCE)

    def wait_for(self, *event):
        eventually(lambda: list(event) in self.events, f"{event} among {self.events}")


@pytest.fixture
def sio(serve):
    """The server of apps/sio_main.py."""
    return serve("sio_main")


def seen(served):
    """What the server's handlers have logged."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    connection.request("GET", "/log")
    found = json.loads(connection.getresponse().read())
    connection.close()
    return found


def test_an_event_is_acknowledged_with_what_its_handler_returns(sio):
    with Client(sio, auth={"user": "bob"}) as client:
        assert client.call("echo", "hello") == "hello"
        assert client.call("echo", 1, {"a": [1.5, None, True]}) == (1, {"a": [1.5, None, True]})
        assert client.call("echo", "h\u00e9 \U0001f40d") == "h\u00e9 \U0001f40d"
        client.sio.emit("nothing")
        assert client.call("echo", "after it") == "after it"
    assert seen(sio)[:2] == [["connect", "4", {"user": "bob"}], ["nothing"]]
    eventually(lambda: seen(sio)[-1][0] == "disconnect", "the server has seen the end")


def test_bytes_inside_events_and_acknowledgements(sio):
    with Client(sio) as client:
        data = {"picture": b"\x00\xff" * 100, "list": [b"", "text", b"x"]}
        assert client.call("echo", data) == data
        assert client.call("echo", b"only") == b"only"


def test_an_emit_reaches_everybody_or_all_but_one(sio):
    with Client(sio) as one, Client(sio) as two:
        assert one.call("shout", "hello") == 2
        one.wait_for("shouted", "HELLO")
        two.wait_for("shouted", "HELLO")
        assert one.call("others", "psst") == 1
        two.wait_for("shouted", "psst")
        assert one.call("echo", "later") == "later"
        assert ["shouted", "psst"] not in one.events


def test_rooms(sio):
    with Client(sio) as one, Client(sio) as two:
        assert one.call("join", "red") == ["red"]
        assert two.call("join", "red") == ["red"]
        assert one.call("stats") == {"connections": 2, "rooms": {"red": 2}}
        assert two.call("say", "red", "hello") == 2
        one.wait_for("said", "red", "hello")
        two.wait_for("said", "red", "hello")
        assert one.call("leave", "red") == []
        assert two.call("say", "red", "alone") == 1
        assert two.call("say", "blue", "nobody") == 0
        two.wait_for("said", "red", "alone")
        assert one.call("echo", "later") == "later"
        assert ["said", "red", "alone"] not in one.events
    with Client(sio) as three:
        eventually(lambda: three.call("stats") == {"connections": 1, "rooms": {}}, "who left is in no room")


def test_the_server_asks_and_the_client_acknowledges(sio):
    with Client(sio) as client:
        client.call("ask-me")
        eventually(lambda: ["answer", [42]] in seen(sio), "the acknowledgement reaches the callback")
        assert "callback" in client.call("call-me")
        client.wait_for("thanks", 42)


@pytest.mark.parametrize("token, message", [("wrong", "Connection refused by server"), ("raises", "no such user")])
def test_a_connect_handler_can_refuse(sio, token, message):
    client = socketio.Client(reconnection=False)
    errors = []
    client.on("connect_error", errors.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(
            f"http://127.0.0.1:{sio.port}", auth={"token": token}, transports=["websocket"], wait_timeout=PATIENCE
        )
    client.disconnect()
    assert errors == [{"message": message}] or message in str(errors)


def test_a_handler_that_fails_ends_nothing(sio):
    with Client(sio) as client:
        assert client.call("fails") is None
        assert client.call("echo", "still here") == "still here"
    assert "viperhttp: Socket.IO event 'fails': KeyError" in sio.log()


def test_an_event_without_a_handler_is_acknowledged_and_ignored(sio):
    with Client(sio) as client:
        assert client.call("nobody-listens", 1) is None


def test_the_server_disconnects_a_client(sio):
    client = Client(sio)
    gone = []
    client.sio.on("disconnect", lambda *reason: gone.append(reason))
    client.sio.emit("kick-me")
    eventually(lambda: gone, "the client is told")
    eventually(lambda: ["disconnect", "server disconnect"] in seen(sio), "and so is the handler")


# ---- on the wire ---------------------------------------------------------------


def wire(served, target=TARGET):
    return connect(f"ws://127.0.0.1:{served.port}{target}", open_timeout=PATIENCE, close_timeout=PATIENCE)


def test_the_packets_are_those_of_the_documents(sio):
    with wire(sio) as ws:
        opening = ws.recv(PATIENCE)
        assert opening[0] == "0"
        found = json.loads(opening[1:])
        assert sorted(found) == ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"]
        assert (found["upgrades"], found["pingInterval"], found["pingTimeout"]) == ([], 25000, 20000)
        ws.send("40")
        joined = ws.recv(PATIENCE)
        assert joined[:2] == "40" and list(json.loads(joined[2:])) == ["sid"]
        assert json.loads(joined[2:])["sid"] != found["sid"]
        ws.send('427["echo","hello"]')
        assert ws.recv(PATIENCE) == '437["hello"]'
        ws.send("40/admin,")
        assert ws.recv(PATIENCE).replace(" ", "") == '44/admin,{"message":"Invalidnamespace"}'
        ws.send("2probe")
        assert ws.recv(PATIENCE) == "3probe"
        ws.send("41")
        with pytest.raises(ConnectionClosed) as caught:
            ws.recv(PATIENCE)
        assert caught.value.rcvd.code == 1000
    eventually(lambda: seen(sio)[-1] == ["disconnect", "client disconnect"], "the handler knows why")


def test_a_handshake_that_is_not_for_this_server_is_told_why(sio):
    for query, code in (
        ("EIO=4&transport=polling", 0),
        ("EIO=3&transport=websocket", 5),
        ("EIO=4&transport=websocket&sid=x", 1),
    ):
        with Raw(sio.port) as client:
            client.handshake("/socket.io/?" + query)
            status, headers, body = client.response()
            assert (status, headers["content-type"]) == (400, "application/json")
            assert json.loads(body)["code"] == code


def test_long_polling_is_told_what_to_do(sio):
    connection = http.client.HTTPConnection("127.0.0.1", sio.port, timeout=PATIENCE)
    connection.request("GET", "/socket.io/?EIO=4&transport=polling")
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (400, 0)
    connection.close()


def test_what_is_no_socket_io_closes_with_1008_and_nothing_else_suffers(sio):
    wrong = [['42["echo"]'], ["4"], ["49"], ["4x"], ["40{"], ["hello"], [""], [b"\x00"]]
    joined = [['451-["echo",{"_placeholder":true,"num":7}]', b"x"], ['4599-["echo"]'], ["42{}"], ["40"], ["42["]]
    for messages in wrong + [["40", *messages] for messages in joined]:
        with wire(sio) as ws:
            ws.recv(PATIENCE)
            for message in messages:
                ws.send(message)
            if len(messages) > 1:
                assert ws.recv(PATIENCE)[:2] == "40"
            with pytest.raises(ConnectionClosed) as caught:
                ws.recv(PATIENCE)
            assert caught.value.rcvd.code == 1008, messages
    with Client(sio) as client:
        assert client.call("echo", 1) == 1


def test_a_client_that_does_not_answer_pings_is_closed(serve):
    served = serve("sio_main", ping_interval=1, ping_timeout=1)
    with wire(served) as ws:
        ws.recv(PATIENCE)
        ws.send("40")
        ws.recv(PATIENCE)
        for _ in range(2):
            assert ws.recv(PATIENCE) == "2"
            ws.send("3")
        with pytest.raises(ConnectionClosed) as caught:
            while True:
                assert ws.recv(PATIENCE) == "2"
        assert caught.value.rcvd.code == 1000
    eventually(lambda: ["disconnect", "ping timeout"] in seen(served), "the handler knows why")
