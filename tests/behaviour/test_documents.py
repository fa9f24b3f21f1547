"""Documents 000, 002, 003 and 004: their code runs on both runtimes and does what each document says."""

import json
import pathlib

import pytest
import websockets
from raw import Raw, close, frame, text
from serving import eventually
from websockets.sync.client import connect

APPS = pathlib.Path(__file__).parent / "apps"


def open_to(served, path, headers=None, **options):
    """A client of the `websockets` library."""
    return connect(f"ws://127.0.0.1:{served.port}{path}", additional_headers=headers, open_timeout=10,
                   close_timeout=5, **options)


def refused(served, path, *headers):
    """The HTTP status of a handshake that must fail."""
    with Raw(served.port) as client:
        client.handshake(path, *headers)
        status = client.response()[0]
        assert status != 101
        return status


def end_of(client):
    """(code, reason) of the server's close."""
    with pytest.raises(websockets.exceptions.ConnectionClosed) as end:
        client.recv(10)
    return end.value.rcvd.code, end.value.rcvd.reason


# ---- 000, VelociPy --------------------------------------------------------------


@pytest.fixture
def doc_000(serve):
    """Document 000's application."""
    return serve("doc_000")


def test_000_echo(doc_000):
    with open_to(doc_000, "/ws") as client:
        for message in ("hello", "", "grün €"):
            client.send(message)
            assert client.recv(10) == "echo: " + message
        client.send(b"binary")  # `except Exception: await ws.close()`
        assert end_of(client) == (1000, "")


def test_000_a_room_knows_its_parameter_and_a_header(doc_000):
    with open_to(doc_000, "/rooms/den%207", {"X-Client-Name": "blue"}) as client:
        assert client.recv(10) == "joined room den 7 as blue"
        client.send("roar")
        assert client.recv(10) == "[den 7] roar"
    with open_to(doc_000, "/rooms/1") as client:
        assert client.recv(10) == "joined room 1 as stranger"
    with open_to(doc_000, "/rooms/1") as client:  # a client that leaves ends the handler quietly
        client.close(4001, "bye")
    assert "viperhttp: WebSocket" not in doc_000.log()


def test_000_json_frames(doc_000):
    with open_to(doc_000, "/game") as client:
        client.send('{"x": 1, "y": -2}')
        assert json.loads(client.recv(10)) == {"ack": {"x": 1, "y": -2}, "tick": 42}
        client.send("not json")
        assert end_of(client) == (1000, "")


def test_000_a_subprotocol(doc_000):
    with open_to(doc_000, "/chat", subprotocols=["chat.v1"]) as client:
        assert client.subprotocol == "chat.v1"
        assert client.recv(10) == "protocol accepted"
    with open_to(doc_000, "/chat") as client:
        assert client.subprotocol is None
        assert client.recv(10) == "protocol accepted"


def test_000_closing_with_intent(doc_000):
    with open_to(doc_000, "/guard") as client:
        client.send("hi")
        assert client.recv(10) == "ok: hi"
        client.send("quit")
        assert end_of(client) == (1000, "client requested exit")
    with open_to(doc_000, "/guard") as client:
        client.send(b"wrong kind")  # except WebSocketException: close(exc.code, exc.reason)
        assert end_of(client) == (1003, "expected text")
    with Raw(doc_000.port) as client:
        client.open("/guard")
        client.send(close(4001, b"bye"))
        assert client.closing() == (4001, "")
        assert client.at_end()


def test_000_a_broadcast_reaches_the_others_only(doc_000):
    with open_to(doc_000, "/broadcast") as one, open_to(doc_000, "/broadcast") as two, Raw(doc_000.port) as three:
        three.open("/broadcast")
        one.send("from one")
        assert two.recv(10) == "from one"
        assert three.message() == "from one"
        two.send("from two")
        assert one.recv(10) == "from two", "a sender does not get its own message"
        assert three.message() == "from two"
        three.send(close(1001))
        assert three.closing() == (1001, "")
        assert three.at_end()
        one.send("still here")
        assert two.recv(10) == "still here"


# ---- 002, Bocadillo ---------------------------------------------------------------


@pytest.fixture
def doc_002(serve, tmp_path):
    """Document 002's application, with its index page."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "index.html").write_text("<title>chat</title>")
    return serve("doc_002", folder=str(tmp_path))


def test_002_hello_websockets(doc_002):
    with open_to(doc_002, "/echo") as client:
        client.send("ping")
        assert client.recv(10) == "You said: ping"
        assert end_of(client) == (1000, "")


def test_002_route_and_query_parameters(doc_002):
    with open_to(doc_002, "/chat/raptors", {"User": "alice"}) as client:
        client.send('{"text": "hi"}')
        assert json.loads(client.recv(10)) == {"user": "alice", "message": {"text": "hi"}}
    with open_to(doc_002, "/chat/raptors?anonymous=true") as client:
        client.send("[1]")
        assert json.loads(client.recv(10)) == {"user": "Anonymous", "message": [1]}
    assert refused(doc_002, "/chat/raptors?anonymous=perhaps") == 422


def test_002_iteration_and_events(doc_002):
    with open_to(doc_002, "/echo-iter") as client:
        for message in ("a", "b", "c"):
            client.send(message)
            assert client.recv(10) == message
    with open_to(doc_002, "/echo-events") as client:
        client.send("ping")
        assert client.recv(10) == "You said: ping"


def test_002_accepting_by_hand(doc_002):
    with open_to(doc_002, "/hello") as client:
        assert end_of(client) == (1000, "")
    doc_002.wait_for_log("Going to accept connection…\nConnection closed!")
    with open_to(doc_002, "/hello-with") as client:
        assert end_of(client) == (1000, "")
    doc_002.wait_for_log("Connection closed normally!")


def test_002_a_rejected_client_gets_403_and_not_the_greeting(doc_002):
    assert refused(doc_002, "/hello-key") == 403
    assert refused(doc_002, "/hello-key", "Api-Key: wrong") == 403
    with open_to(doc_002, "/hello-key", {"api-key": "s3kr3t"}) as client:
        assert client.recv(10) == "authorized"
        assert end_of(client) == (1000, "")
    assert "viperhttp: WebSocket" not in doc_002.log()


def test_002_closing_with_a_code_of_ones_own(doc_002):
    codes = set()
    for _ in range(200):
        with open_to(doc_002, "/dangerous") as client:
            try:
                while True:
                    client.send("x")
                    assert client.recv(10) == "OK"
            except websockets.exceptions.ConnectionClosed as end:
                codes.add(end.rcvd.code)
        if 4003 in codes:
            break
    assert 4003 in codes and codes <= {4003, 1000}


def test_002_caught_close_codes_decide_what_is_an_error(doc_002):
    def leave(path, *codes):
        for code in codes:
            with Raw(doc_002.port) as client:
                client.open(path)
                client.send(text('"x"'))
                client.frame()
                if code == 1006:
                    client.reset()
                else:
                    client.send(close(code))
                    client.closing()

    def errors():
        return doc_002.log().count("WebSocketDisconnect")

    leave("/chat-1006", 1000, 1001, 1006)
    leave("/chat-all", 1000, 1001, 1006, 4001, 1011)
    leave("/echo-iter", 1000, 1001)
    assert errors() == 0
    leave("/chat-1006", 4001)
    eventually(lambda: errors() == 1, "4001 is an error of /chat-1006")
    leave("/echo-iter", 1006)
    eventually(lambda: errors() == 2, "1006 is an error by default")
    with Raw(doc_002.port) as client:
        client.open("/caught")
        client.send(close(1000))
    eventually(lambda: errors() == 3, "1000 is an error where nothing is caught")


def test_002_the_chat_room_remembers_and_sends_to_all(doc_002):
    hello = {"type": "message", "text": "hello"}
    with open_to(doc_002, "/chat") as one:
        one.send(json.dumps(hello))
        assert json.loads(one.recv(10)) == hello
        one.send('{"type": "typing"}')
        with open_to(doc_002, "/chat") as two:
            assert json.loads(two.recv(10)) == hello, "the history comes first"
            assert json.loads(two.recv(10)) == {"type": "typing"}
            two.send(json.dumps({"type": "message", "text": "hi"}))
            assert json.loads(one.recv(10)) == json.loads(two.recv(10)) == {"type": "message", "text": "hi"}


def test_002_the_page(doc_002):
    with Raw(doc_002.port) as client:
        status, headers, body = client.get("/")
        assert (status, body) == (200, b"<title>chat</title>")
        assert headers["content-type"].startswith("text/html")


# ---- 003, Veloce --------------------------------------------------------------------

PAGE = "https://app.example.com"


@pytest.fixture
def doc_003(serve):
    """Document 003's application."""
    return serve("doc_003")


def test_003_echo_and_iteration(doc_003):
    with open_to(doc_003, "/ws") as client:
        client.send("hello")
        assert client.recv(10) == "echo: hello"
        assert end_of(client) == (1000, "")
    with open_to(doc_003, "/chat") as client:
        client.send("one")
        assert client.recv(10) == "you said: one"
        client.close(4001)  # ends the iteration, which is no error
    assert "viperhttp: WebSocket" not in doc_003.log()


def test_003_negotiation_follows_the_clients_preference(doc_003):
    for offered, chosen in ((["chat-v1", "chat-v2"], "chat-v1"), (["x", "chat-v2"], "chat-v2"), (["x"], None)):
        with open_to(doc_003, "/negotiate", subprotocols=offered) as client:
            assert client.subprotocol == chosen
            assert client.recv(10) == (chosen or "none")
            assert end_of(client) == (1000, "")
    with open_to(doc_003, "/negotiate") as client:
        assert client.recv(10) == "none"


def test_003_the_middleware_judges_origins_for_every_route(doc_003):
    for origin in (PAGE, PAGE.upper().replace("HTTPS", "https"), PAGE + "/"):
        with Raw(doc_003.port) as client:
            client.open("/chat", "Origin: " + origin)
    for origin in ("https://evil.example.com", "null", "http://app.example.com", PAGE + ".evil.com"):
        assert refused(doc_003, "/chat", "Origin: " + origin) == 403
    for headers in ([], ["Origin:"]):  # allow_missing=True
        with Raw(doc_003.port) as client:
            client.open("/chat", *headers)


def test_003_check_origin_refuses_a_missing_origin(doc_003):
    with Raw(doc_003.port) as client:
        client.open("/guarded", "Origin: " + PAGE)
        client.send(text("x"))
        assert client.message() == "x"
    assert refused(doc_003, "/guarded") == 403
    assert refused(doc_003, "/guarded", "Origin: null") == 403


def test_003_a_dependency_reaches_the_handler(doc_003):
    with open_to(doc_003, "/private") as client:
        assert client.recv(10) == "alice"
        assert end_of(client) == (1000, "")


def test_003_and_004_their_own_tests_pass_in_memory(runtime, tmp_path):
    (tmp_path / "static").mkdir()
    for name in ("doc_003", "doc_004"):
        settings = {"in_memory": True, "folder": str(tmp_path)} if name == "doc_004" else {"in_memory": True}
        output, status = runtime.run(str(APPS / f"{name}.py"), "0", json.dumps(settings), folders=[str(APPS)])
        assert (output, status) == ("in memory: passed\n", 0)


# ---- 004, Responder -------------------------------------------------------------------


@pytest.fixture
def doc_004(serve, tmp_path):
    """Document 004's application, with its page."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "index.html").write_text("<div id=messages></div>")
    return serve("doc_004", folder=str(tmp_path))


def test_004_echo_behind_the_hook_that_accepts(doc_004):
    with open_to(doc_004, "/ws") as client:
        for message in ("hello", "again"):
            client.send(message)
            assert client.recv(10) == "Echo: " + message


def test_004_the_chat_room_sends_to_everybody_and_survives_who_leaves(doc_004):
    with open_to(doc_004, "/chat") as one, open_to(doc_004, "/chat") as two:
        with Raw(doc_004.port) as three:
            three.open("/chat")
            one.send("hi all")
            assert one.recv(10) == two.recv(10) == three.message() == "hi all"
            three.send(close(1001))
            assert three.closing() == (1001, "")
        two.close()
        one.send("alone")
        assert one.recv(10) == "alone"
    assert "viperhttp: WebSocket" not in doc_004.log()


def test_004_data_formats(doc_004):
    with Raw(doc_004.port) as client:
        client.open("/formats")
        assert client.frame() == (0x81, b"hello")
        client.send(text("go on"))
        byte0, payload = client.frame()
        assert (byte0, json.loads(payload)) == (0x81, {"type": "update", "data": [1, 2, 3]})
        client.send(text('{"any": "json"}'))
        assert client.frame() == (0x82, b"\x00\x01\x02")
        client.send(frame(0x82, b"\xff"))
        assert client.closing() == (1000, "")


def test_004_a_disconnect_is_seen_by_the_handler(doc_004):
    for leave in ("close", "reset"):
        before = doc_004.log().count("Client disconnected")
        with Raw(doc_004.port) as client:
            client.open("/lifecycle")
            client.send(text("x"))
            assert client.message() == "Got: x"
            client.reset() if leave == "reset" else client.send(close(1001))
        eventually(lambda n=before: doc_004.log().count("Client disconnected") == n + 1, leave)


def test_004_static_pages_and_unknown_paths(doc_004):
    with Raw(doc_004.port) as client:
        assert client.get("/static/index.html")[2] == b"<div id=messages></div>"
        assert client.get("/static/")[2] == b"<div id=messages></div>"
    assert refused(doc_004, "/nonexistent") == 404
