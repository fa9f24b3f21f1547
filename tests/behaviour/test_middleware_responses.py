"""Responses by kind, cookies, work behind the answer, and event streams with heartbeats, on both runtimes."""

import json

import pytest
from raw import Raw
from serving import eventually

from viperhttp.endpoints.cookies import set_cookie
from viperhttp.endpoints.extra import RedirectResponse


@pytest.fixture
def served(serve):
    return serve("mw_responses")


def cookie_lines(client, path):
    client.request("GET " + path)
    head = client.read_until(b"\r\n\r\n").decode()
    return [line[12:] for line in head.split("\r\n") if line.startswith("Set-Cookie: ")]


def test_a_redirect_names_its_target_with_the_status_asked_for(served):
    with Raw(served.port) as client:
        for code in (301, 302, 303, 307, 308):
            status, headers, body = client.get(f"/to/{code}")
            assert (status, headers["location"], body) == (code, "/wanted?a=1&b=%20", b"")


def test_what_may_not_stand_in_a_url_is_percent_encoded(served):
    with Raw(served.port) as client:
        status, headers, _ = client.get("/to/odd")
        assert status == 307
        assert headers["location"] == "/%C3%BC%20b%0D%0AX-Evil:%201"
        assert "x-evil" not in headers


def test_a_redirect_with_another_status_is_an_error():
    with pytest.raises(ValueError, match="200"):
        RedirectResponse("/", 200)


def test_each_kind_of_response_has_its_media_type(served):
    with Raw(served.port) as client:
        status, headers, body = client.get("/json")
        assert (status, headers["content-type"], json.loads(body)) == (201, "application/json", [1, "ü"])
        assert headers["x-a"] == "1"
        assert client.get("/null")[::2] == (200, b"null")
        _, headers, body = client.get("/html")
        assert (headers["content-type"], body) == ("text/html; charset=utf-8", "<p>ü".encode())
        _, headers, body = client.get("/text")
        assert (headers["content-type"], body) == ("text/plain; charset=utf-8", b"bytes")


def test_response_headers_can_be_set_by_name(served):
    with Raw(served.port) as client:
        client.request("GET /headers")
        head = client.read_until(b"\r\n\r\n").decode().lower()
        assert head.count("x-one") == 1
        assert "x-one: 2\r\n" in head
        assert "x-two" not in head
        assert "x-many: a\r\nx-many: b\r\n" in head


def test_cookies_are_set_and_deleted(served):
    with Raw(served.port) as client:
        assert cookie_lines(client, "/cookies") == [
            "a=1; Path=/; SameSite=Lax",
            "b=2; Path=/b; Domain=x.example; Max-Age=60; Secure; HttpOnly; SameSite=None",
            "c=; Path=/; Max-Age=0; SameSite=Lax",
        ]


def test_a_handler_reads_the_cookies_that_came(served):
    with Raw(served.port) as client:
        body = client.get("/echo-cookies", 'Cookie: a=1; b="two"; c; d=x=y')[2]
        assert json.loads(body) == {"a": "1", "b": "two", "d": "x=y"}


@pytest.mark.parametrize(
    "name, value, options",
    [
        ("a\r\nX-Evil: 1", "b", {}),
        ("a", "b\r\nX-Evil: 1", {}),
        ("a", "b;Domain=evil", {}),
        ("a", "b c", {}),
        ("a", "ü", {}),
        ("", "b", {}),
        ("a=b", "c", {}),
        ("a", "b", {"path": "/;Domain=evil"}),
        ("a", "b", {"path": "/\r\nX-Evil: 1"}),
        ("a", "b", {"domain": "x\n"}),
        ("a", "b", {"expires": "x\n"}),
        ("a", "b", {"samesite": "no"}),
        ("a", "b", {"samesite": "none"}),
    ],
)
def test_a_cookie_that_could_forge_something_is_refused(name, value, options):
    with pytest.raises(ValueError):
        set_cookie(name, value, **options)


def test_work_goes_on_behind_the_answer(served):
    with Raw(served.port) as client:
        assert client.get("/one")[2] == b"at once"
        served.wait_for_log("later one")
        assert client.get("/plain-function")[2] == b"x"
        served.wait_for_log("plain function")
        assert client.get("/streamed")[2] == b"ab"
        served.wait_for_log("later streamed")


def test_a_failing_task_is_logged_and_the_next_one_runs(served):
    served.expect_errors = True
    with Raw(served.port) as client:
        assert client.get("/many")[0] == 200
        served.wait_for_log("later third")
    log = served.log()
    assert log.index("later first") < log.index("ValueError: in the background") < log.index("later third")


def test_tasks_are_bounded_in_number(served):
    micropython = served.runtime.micropython
    at_once, waiting = (4, 16) if micropython else (64, 1000)
    with Raw(served.port) as client:
        assert json.loads(client.get(f"/flood/{at_once + waiting + 10}")[2]) == {"taken": at_once + waiting}
        done = {"most": at_once, "running": 0}
        eventually(lambda: json.loads(client.get("/most")[2]) == done, "all have run")
        assert json.loads(client.get("/flood/1")[2]) == {"taken": 1}
    served.wait_for_log("background task dropped")


def test_an_event_stream_tells_when_to_come_back_and_beats(served):
    with Raw(served.port) as client:
        client.request("GET /events")
        head = client.read_until(b"\r\n\r\n").lower()
        assert b"content-type: text/event-stream; charset=utf-8\r\n" in head
        assert b"x-a: 1\r\n" in head
        assert b"cache-control: no-cache\r\n" in head
        assert client.read_until(b"\n\n\r\n").endswith(b"\r\nretry: 1500\n\n\r\n")
        for i in range(3):
            assert b'id: %d\ndata: {"i": %d}\n\n' % (i, i) in client.read_until(b"\n\n\r\n")
        assert client.read_until(b"\r\n:\n\n\r\n") == b"3\r\n:\n\n\r\n"
        assert client.read_until(b"\r\n:\n\n\r\n") == b"3\r\n:\n\n\r\n"
    served.wait_for_log("stream closed")  # the client has gone


def test_an_event_stream_without_heartbeat_ends_with_its_source(served):
    with Raw(served.port) as client:
        assert client.get("/few-events")[2] == b"event: a\ndata: 1\n\ndata: 2\n\n"
        client.request("HEAD /events")
        assert client.response("HEAD")[0] == 200
        assert client.get("/text")[0] == 200
