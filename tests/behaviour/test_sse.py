"""Event streams: their bytes, their headers, and their end, which runs the generator's `finally`."""

import http.client
import json

import pytest
from raw import Raw, text
from serving import eventually

HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
    "transfer-encoding": "chunked",
}
KINDS = (
    b'event: tick\ndata: {"i": 0}\n\n'
    b"id: 0\ndata: zero\n\n"
    b": only a comment\n\n"
    b"data: one\ndata: two\ndata: three\ndata: four\n\n"
    b"retry: 1500\ndata: \n\n"
    b"data: plain\n\n"
    b'data: ["a", 1]\n\n'
    b": c\nevent: all\nid: x7\nretry: 2\ndata: d\n\n"
)


def start(client, path):
    """Ask for a stream; its headers."""
    client.request("GET " + path, ["Accept: text/event-stream"])
    head = client.read_until(b"\r\n\r\n").decode()
    lines = head[:-4].split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}


def chunk(client):
    """The next chunk, which is one event."""
    size = int(client.read_until(b"\r\n"), 16)
    data = client.read(size)
    assert client.read(2) == b"\r\n"
    return data


def test_every_kind_of_event_has_its_exact_bytes(serve):
    with Raw(serve("http_sse").port) as client:
        assert client.get("/kinds") == (200, HEADERS, KINDS)
        assert client.get("/sync")[2] == b"data: a\n\ndata: b\n\n"
        assert client.get("/hello")[2] == b"hello"  # the connection lives on


def test_an_ordinary_client_reads_events(serve):
    connection = http.client.HTTPConnection("127.0.0.1", serve("http_sse").port, timeout=10)
    for _ in range(2):
        connection.request("GET", "/kinds")
        assert connection.getresponse().read() == KINDS
    connection.close()


def test_head_of_a_stream_is_its_headers(serve):
    with Raw(serve("http_sse").port) as client:
        client.request("HEAD /push")
        assert client.response("HEAD") == (200, HEADERS, b"")
        assert client.get("/hello")[2] == b"hello"


def test_own_headers_replace_the_defaults(serve):
    with Raw(serve("http_sse").port) as client:
        status, headers, body = client.get("/headers")
        assert (status, headers["cache-control"], headers["x-a"], body) == (200, "no-store", "1", b"")


@pytest.mark.parametrize("field", ["event", "id"])
def test_a_line_break_in_a_field_is_refused_and_ends_the_stream(serve, field):
    served = serve("http_sse")
    served.expect_errors = True
    with Raw(served.port) as client:
        start(client, "/inject/" + field)
        assert chunk(client) == b"data: before\n\n"
        assert client.at_end()
    served.wait_for_log(f"ValueError: SSE {field} must be one line")
    served.wait_for_log("inject: finally")


def test_a_generator_that_breaks_ends_the_stream_and_is_reported(serve):
    served = serve("http_sse")
    served.expect_errors = True
    with Raw(served.port) as client:
        start(client, "/breaks")
        assert chunk(client) == b"data: first\n\n"
        assert client.at_end()
    served.wait_for_log("viperhttp: GET /breaks: RuntimeError: broke in the middle")


@pytest.mark.parametrize("way", ["close", "reset", "end_sending"])
@pytest.mark.parametrize("path", ["sleep", "push"])
def test_finally_runs_at_once_when_the_client_goes(serve, path, way):
    served = serve("http_sse", linger_timeout=1000, write_timeout=1000)
    with Raw(served.port) as client:
        start(client, "/" + path)
        chunk(client)
        if way == "close":
            client.sock.close()
        else:
            getattr(client, way)()
        served.wait_for_log(path + ": finally", patience=3)
        served.wait_for_log(path + ": after an await in finally", patience=3)
    with Raw(served.port) as other:
        assert other.get("/hello")[0] == 200


def test_a_client_that_asks_for_more_behind_a_stream_is_missed_too_when_it_goes(serve):
    served = serve("http_sse")
    for times, ahead in enumerate((1, 300), 1):  # a request, and far more than the server keeps
        with Raw(served.port) as client:
            client.request("GET /sleep", body=b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n" * ahead)
            client.read_until(b"data: first\n\n")
        eventually(lambda times=times: served.log().count("sleep: finally") == times, "its end is noticed", 3)


def test_a_request_behind_a_stream_is_answered_at_its_end(serve):
    with Raw(serve("http_sse").port) as client:
        client.send("GET /kinds HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n" * 5)
        for _ in range(5):
            assert client.response()[2] == KINDS
            assert client.response()[2] == b"hello"


def test_a_generator_is_cancelled_as_asyncio_cancels(serve):
    served = serve("http_sse")
    with Raw(served.port) as client:
        start(client, "/cancelled")
        chunk(client)
    served.wait_for_log("cancelled: finally")
    assert "cancelled: CancelledError" in served.log()


def test_a_generator_may_wait_for_anything_between_events(serve):
    with Raw(serve("http_sse").port) as client:
        status, _, body = client.get("/timeouts")
        assert status == 200
        events = [line[6:] for line in body.decode().split("\n") if line]
        assert events == ["in time", "timed out", "[1, 2]", "locked", "unlocked", "a task"]


def test_ctrl_c_ends_streams_and_runs_their_finally(serve):
    served = serve("http_sse")
    with Raw(served.port) as one, Raw(served.port) as two:
        start(one, "/sleep")
        start(two, "/push")
        chunk(one)
        chunk(two)
        served.interrupt()
        assert served.wait() == 0
        assert "sleep: finally" in served.log()
        assert "push: finally" in served.log()


def test_two_event_streams_and_a_websocket_at_once(serve):
    served = serve("http_sse")
    with Raw(served.port) as one, Raw(served.port) as two, Raw(served.port) as socket:
        start(one, "/push")
        start(two, "/push")
        socket.open("/echo")
        for i in range(20):
            assert chunk(one) == b"data: %d\n\n" % i
            socket.send(text(f"message {i}"))
            assert socket.frame() == (0x81, f"message {i}".encode())
            assert chunk(two) == b"data: %d\n\n" % i
        one.reset()
        served.wait_for_log("push: finally")
        for i in range(20, 40):
            assert chunk(two) == b"data: %d\n\n" % i
        socket.send(text("still there"))
        assert socket.frame() == (0x81, b"still there")


def test_a_slow_reader_of_events_does_not_fill_the_memory(serve):
    # The generator waits for its client; nothing is dropped.
    with Raw(serve("http_sse", send_queue=512).port) as client:
        start(client, "/push")
        for i in range(50):
            assert json.loads(chunk(client)[6:]) == i
