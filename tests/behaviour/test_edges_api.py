"""Auto-accepting routes, caught close codes, typed values, origins, hooks and dependencies, on both runtimes."""

import json

import pytest
from raw import Raw, close, frame, text
from serving import APPS, eventually


@pytest.fixture
def api(serve):
    """The application as it is; tests may make its handlers fail."""
    served = serve("edge_api")
    served.expect_errors = True
    return served


def refusal(served, path, *headers):
    """(status, headers, body) of a refused handshake."""
    with Raw(served.port) as client:
        client.handshake(path, *headers)
        answer = client.response()
        assert answer[0] != 101
        return answer


def opens(served, path, *headers):
    """Whether a handshake succeeds; False is a 403."""
    with Raw(served.port) as client:
        client.handshake(path, *headers)
        status = client.response()[0]
        assert status in (101, 403), status
        return status == 101


# ---- caught_close_codes ----------------------------------------------------------

CAUGHT = {"default": (1000, 1001), "tuple": (1005, 4001), "none": (), "all": (1000, 1001, 1005, 1006, 3000, 4001)}


@pytest.mark.parametrize("name", list(CAUGHT))
def test_only_caught_codes_end_a_handler_without_a_word(api, name):
    count = 0
    for code in (1000, 1001, 1005, 1006, 3000, 4001):
        for path in ("/caught/", "/inside/"):
            with Raw(api.port) as client:
                client.open(path + name)
                if code == 1006:
                    client.reset()
                else:
                    client.send(close(None if code == 1005 else code))
                    assert client.closing()[0] == (None if code == 1005 else code)
            if code not in CAUGHT[name]:
                count += 1
                eventually(lambda n=count: api.log().count("WebSocketDisconnect: (") == n, f"{code} is reported")
            elif path == "/inside/":
                api.wait_for_log(f"inside: caught {code}\n")
    assert api.log().count("WebSocketDisconnect: (") == count
    for code in (1000, 1001, 1005, 1006, 3000, 4001):
        assert (f"inside: caught {code}\n" in api.log()) == (code in CAUGHT[name])


# ---- auto_accept -------------------------------------------------------------------


def test_a_refusal_placed_first_is_a_plain_http_answer(api):
    assert refusal(api, "/auto/reject")[0] == 403
    status, headers, body = refusal(api, "/auto/teapot")
    assert (status, headers["x-why"], body) == (418, "stout", b"short")
    assert refusal(api, "/auto/close")[0] == 403
    assert refusal(api, "/auto/raise")[0] == 500
    assert "may not go out" not in api.log()


@pytest.mark.parametrize("what, frames", [
    ("nothing", [(0x88, b"\x03\xe8")]),
    ("sleep", [(0x81, b"awake"), (0x88, b"\x03\xe8")]),
    ("late-reject", [(0x88, b"\x03\xf0")]),
    ("with", [(0x81, b"inside"), (0x88, b"\x03\xe8")]),
    ("raise-inside", [(0x88, b"\x03\xf3")]),
])
def test_a_handler_that_does_anything_else_is_accepted_first(api, what, frames):
    with Raw(api.port) as client:
        client.open("/auto/" + what)
        assert [client.frame() for _ in frames] == frames
        client.send(close(1000))
        assert client.at_end()


def test_an_automatic_accept_refuses_foreign_pages_all_the_same(serve):
    api = serve("edge_api")  # and prints no traceback
    for what in ("nothing", "sleep", "with", "late-reject"):
        assert not opens(api, "/auto/" + what, "Origin: https://evil.example.com"), what
        assert opens(api, "/auto/" + what), what
    assert "awake" not in api.log() and "connection dropped" not in api.log()


def test_a_second_close_is_an_error_on_such_a_route(api):
    assert refusal(api, "/auto/close-twice")[0] == 403
    api.wait_for_log("close-twice: ")


# ---- types ---------------------------------------------------------------------------


def test_what_goes_in_and_out_follows_the_types_of_the_route(api):
    with Raw(api.port) as client:
        client.open("/typed/json")
        client.send(text('{"a": 1}') + frame(0x82, b"[2]"))
        assert json.loads(client.message()) == {"got": {"a": 1}}
        assert json.loads(client.message()) == {"got": [2]}
        client.send(text("{"))
        assert client.closing()[0] == 1011
    with Raw(api.port) as client:
        client.open("/typed/bytes")
        client.send(frame(0x82, b"\x00"))
        assert [client.frame() for _ in range(3)] == [(0x82, b"\x00"), (0x81, b"text"), (0x81, b"[1]")]
        client.send(text("x"))
        assert client.closing() == (1003, "expected bytes")
    with Raw(api.port) as client:
        client.open("/typed/message")
        client.send(text("x"))
        assert client.frame() == (0x82, b'["text", "type"]')
        client.send(close(4001))
        assert client.closing() == (4001, "")
    api.wait_for_log("typed: iteration ended 4001")
    for kind in ("text", "bytes"):
        with Raw(api.port) as client:
            client.open("/typed/wrong/" + kind)
            assert client.closing()[0] == 1011
    assert "TypeError: send_text takes a str" in api.log() and "TypeError: send_bytes takes bytes" in api.log()


def test_who_says_nothing_for_idle_timeout_is_closed_with_1001(serve):
    api = serve("edge_api", ping_interval=0.1)
    with Raw(api.port) as client, Raw(api.port) as other:
        client.open("/idle")
        other.open("/default")  # no limit there
        for _ in range(10):
            client.send(text("x"))
            byte0, payload = client.frame()
            while byte0 == 0x89:  # an answer to a ping is no message
                client.send(frame(0x8A, payload))
                byte0, payload = client.frame()
            assert (byte0, payload) == (0x81, b"x")
        while byte0 != 0x88:
            byte0, payload = client.frame()
            if byte0 == 0x89:
                client.send(frame(0x8A, payload))
        assert payload[:2] == b"\x03\xe9"
        other.send(text("x"))
        byte0, payload = other.frame()
        while byte0 == 0x89:
            byte0, payload = other.frame()
        assert (byte0, payload) == (0x88, b"\x03\xe8")


def test_the_websocket_knows_its_request(api):
    headers = ["X-Mine: yes", "Cookie: a=1; b=\"2\"", "Origin: http://127.0.0.1", "Origin: http://evil"]
    with Raw(api.port) as client:
        client.open("/about/a%20b?q=1%202&r=%C3%A4", *headers)
        assert json.loads(client.message()) == {
            "path": "/about/a%20b", "params": {"x": "a b"}, "query": "q=1%202&r=%C3%A4",
            "parsed": {"q": "1 2", "r": "ä"}, "alias": {"q": "1 2", "r": "ä"}, "cookies": {"a": "1", "b": "2"},
            "origin": "http://127.0.0.1", "url": "ws://127.0.0.1/about/a%20b?q=1%202&r=%C3%A4", "scheme": "ws",
            "header": "yes", "Header": "yes", "has": True, "client": "127.0.0.1", "accepted": False,
            "closed": False, "then": [True, {"mine": 1}, True],
        }


# ---- origins ---------------------------------------------------------------------------

PAGE = "https://app.example.com"
SAME = ("https://app.example.com", "https://APP.example.com", "https://app.example.com/")
OTHER = ("https://evil.example.com", "http://app.example.com", "https://app.example.com:444",
         "https://app.example.com.evil.com", "https://app.example.comx")


def origin(value):
    return () if value is None else ("Origin: " + value,)


def test_check_origin_by_the_table(api):
    for kind in ("str", "list", "set", "slash"):
        for value in SAME:
            assert opens(api, "/check/" + kind, *origin(value)), (kind, value)
        for value in (*OTHER, None, "", "null"):
            assert not opens(api, "/check/" + kind, *origin(value)), (kind, value)
    for value in (*SAME, *OTHER, None, "", "null"):
        assert opens(api, "/check/star", *origin(value)), value
        assert not opens(api, "/check/nothing", *origin(value)), value
    assert not opens(api, "/check/null", "Origin: null")
    assert opens(api, "/check/str", "Origin: " + PAGE, "Origin: https://evil.example.com"), "the first one counts"
    assert not opens(api, "/check/str", "Origin: https://evil.example.com", "Origin: " + PAGE)


def test_by_default_only_pages_of_the_board_may_connect(api):
    for value in (None, "", "http://127.0.0.1", "https://127.0.0.1", "HTTP://127.0.0.1"):
        assert opens(api, "/default", *origin(value)), value
    for value in (PAGE, "null", "http://127.0.0.1:81", "http://127.0.0.1.evil.com", "http://127.0.0.2", "127.0.0.1",
                  "file://"):
        assert not opens(api, "/default", *origin(value)), value
    status, _, body = refusal(api, "/default", "Origin: " + PAGE)
    assert status == 403 and b"allowed_origins" in body, "the answer says what to do"


def test_a_route_and_an_application_may_allow_others(api, serve):
    for path in ("/route", "/route-star"):
        for value in (*SAME, None, "http://127.0.0.1"):
            assert opens(api, path, *origin(value)), (path, value)
    for value in OTHER:
        assert not opens(api, "/route", *origin(value)), value
        assert opens(api, "/route-star", *origin(value)), value
    listed = serve("edge_api", origins=[PAGE])
    assert opens(listed, "/default", "Origin: " + PAGE)
    assert not opens(listed, "/default", "Origin: null")
    star = serve("edge_api", origins="*")
    for value in (PAGE, "null", None):
        assert opens(star, "/default", *origin(value)), value


# ---- hooks -------------------------------------------------------------------------------


@pytest.mark.parametrize("hooks", [["accept"], ["accept", "nothing"], ["nothing", "accept"], ["sync"]])
def test_a_hook_that_accepts_lets_the_handler_run(serve, hooks):
    served = serve("edge_api", hooks=hooks)
    with Raw(served.port) as client:
        client.open("/hooked", "Sec-WebSocket-Protocol: v1, v2")
        assert client.message() == ("None" if hooks == ["sync"] else "v1"), "the handler's own accept is a no-op"
        assert client.closing()[0] == 1000
    assert [line for line in served.log().split("\n") if "hook" in line] == [
        *["hook: " + name for name in hooks], "hooked: ran"]


@pytest.mark.parametrize("hooks, status", [
    (["nothing"], 403), (["close"], 403), (["close", "accept"], 403), (["raise"], 500), (["exception"], 429),
])
def test_a_hook_that_does_anything_else_refuses(serve, hooks, status):
    served = serve("edge_api", hooks=hooks)
    served.expect_errors = True
    assert refusal(served, "/hooked")[0] == status
    assert refusal(served, "/nowhere")[0] == 404
    assert "hooked: ran" not in served.log()
    assert served.log().count("hook: ") == 1


# ---- dependencies ---------------------------------------------------------------------------


def test_dependencies_are_made_and_torn_down(api):
    for n in (1, 2):
        with Raw(api.port) as client:
            client.open("/deps/a")
            assert json.loads(client.message()) == ["a", 7, 14, "resource", n, "/deps/a", "/deps/a"]
            assert api.log().count("resource: closed") == n - 1
            client.send(text("go"))
            assert client.closing()[0] == 1011
        eventually(lambda n=n: api.log().count("resource: closed") == n, "the teardown")
    assert api.log().count("number: made") == 1, "scope='app' is made once"


def test_a_dependency_in_a_default_argument_stops_run(runtime):
    settings = json.dumps({"default": True})
    output, status = runtime.run(str(APPS / "edge_api.py"), "0", settings, folders=[str(APPS)])
    assert status != 0
    assert "Depends(number) is bound to no route" in output
    assert "viperhttp serves" not in output
