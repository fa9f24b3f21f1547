"""Keep-alive, pipelining, HEAD, half-closed and slow clients, and handlers that do not answer."""

import http.client
import json
import socket

from raw import Raw
from serving import eventually


def pipelined(*paths):
    """Requests in one piece."""
    return "".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n" for path in paths)


def test_http11_keeps_the_connection_unless_told_otherwise(serve):
    with Raw(serve("http_main").port) as client:
        for i in range(20):
            status, headers, body = client.get(f"/n/{i}")
            assert (status, body) == (200, b"n=%d" % i)
            assert "connection" not in headers
        status, headers, body = client.get("/n/99", "Connection: foo, Close")
        assert (status, headers["connection"], body) == (200, "close", b"n=99")
        assert client.at_end()


def test_http10_closes_the_connection_unless_told_otherwise(serve):
    port = serve("http_main").port
    with Raw(port) as client:
        client.send("GET / HTTP/1.0\r\n\r\n")
        status, headers, body = client.response()
        assert (status, headers["connection"], body) == (200, "close", b"hello")
        assert client.at_end()
    with Raw(port) as client:
        for _ in range(3):
            client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            status, headers, body = client.response()
            assert (status, headers["connection"], body) == (200, "keep-alive", b"hello")


def test_pipelined_requests_are_answered_in_order(serve):
    with Raw(serve("http_main").port) as client:
        client.send(pipelined(*[f"/{'sync' if i % 3 else 'n'}/{i}" for i in range(50)]))
        for i in range(50):
            assert client.response()[2] == (b"sync=%d" if i % 3 else b"n=%d") % i


def test_pipelined_requests_wait_for_a_slow_handler_before_them(serve):
    port = serve("http_main").port
    with Raw(port) as client, Raw(port) as other:
        client.send(pipelined("/wait/a", "/sync/1", "/wait/b", "/n/2", "/stream", "/n/3"))
        assert other.get("/open/b")[2] == b"open"
        assert other.get("/open/a")[2] == b"open"
        answers = [client.response()[2] for _ in range(6)]
        assert answers == [b"waited for a", b"sync=1", b"waited for b", b"n=2", b"one,two,three", b"n=3"]


def test_pipelined_requests_with_bodies_are_kept_apart(serve):
    with Raw(serve("http_main").port) as client:
        one = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
        two = "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
        unread = "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n"
        client.send((one + two + unread + "POST /unread-sync HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx") * 5)
        for _ in range(5):
            assert client.response()[2] == b"one"
            assert client.response()[2] == b"two"
            assert client.response()[2] == b"did not look"
            assert client.response()[2] == b"did not look"


def test_many_pipelined_requests_one_byte_at_a_time(serve):
    with Raw(serve("http_main").port) as client:
        client.drip(pipelined("/n/1", "/sync/2", "/stream", "/none", "/n/3").encode())
        assert [client.response()[2] for _ in range(5)] == [b"n=1", b"sync=2", b"one,two,three", b"", b"n=3"]


def test_head_has_the_headers_of_get_and_no_body(serve):
    with Raw(serve("http_main").port) as client:
        for path in ("/", "/dict", "/bytes", "/sync/1", "/large/50000", "/n/x", "/nothing-here", "/ws", "/stream",
                     "/stream-list", "/none", "/boom-sync", "/http-error"):
            get = client.get(path)
            client.request("HEAD " + path)
            head = client.response("HEAD")
            assert head[:2] == get[:2], path
            assert client.get("/n/1")[2] == b"n=1", path  # nothing was left over


def test_an_ordinary_client_is_served(serve):
    connection = http.client.HTTPConnection("127.0.0.1", serve("http_main").port, timeout=10)
    for _ in range(3):
        connection.request("POST", "/json", json.dumps({"a": [1, 2]}), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert (answer.status, json.load(answer)) == (200, {"got": {"a": [1, 2]}})
        connection.request("POST", "/size", iter([b"x" * 1000] * 5), encode_chunked=True,
                           headers={"Transfer-Encoding": "chunked"})
        assert json.load(connection.getresponse()) == {"size": 5000}
        connection.request("GET", "/stream")
        assert connection.getresponse().read() == b"one,two,three"
        connection.request("HEAD", "/stream")
        assert connection.getresponse().read() == b""
        connection.request("GET", "/none")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (204, b"")
    connection.close()


def test_a_client_that_ends_sending_still_gets_the_answer(serve):
    port = serve("http_main").port
    for path, body in (("/", b"hello"), ("/sync/3", b"sync=3"), ("/large/65536", b"0123456789abcdef" * 4096)):
        with Raw(port) as client:
            client.request("GET " + path)
            client.end_sending()
            assert client.response()[2] == body
            assert client.at_end()
    with Raw(port) as client, Raw(port) as other:
        client.request("GET /wait/half")
        client.end_sending()
        assert other.get("/open/half")[0] == 200
        assert client.response()[2] == b"waited for half"
        assert client.at_end()


def test_all_pipelined_requests_of_a_client_that_ends_sending_are_answered(serve):
    port = serve("http_main").port
    with Raw(port) as client, Raw(port) as other:
        client.send(pipelined("/n/1", "/wait/c", "/sync/2", "/n/3"))
        client.end_sending()
        assert client.response()[2] == b"n=1"
        assert other.get("/open/c")[0] == 200
        assert [client.response()[2] for _ in range(3)] == [b"waited for c", b"sync=2", b"n=3"]
        assert client.at_end()


def test_a_large_answer_reaches_a_client_that_ends_sending(serve):
    with small_window(serve("http_main", heap="12M").port) as client:
        client.request("GET /large/1000000")
        client.end_sending()
        assert len(client.response()[2]) == 1000000
        assert client.at_end()


def small_window(port):
    """A client that takes little at a time."""
    client = Raw.__new__(Raw)
    client.sock = socket.socket()
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sock.settimeout(10)
    client.sock.connect(("127.0.0.1", port))
    client.buffer = b""
    return client


def test_an_answer_larger_than_the_send_queue_reaches_a_slow_reader_whole(serve):
    served = serve("http_main", heap="12M", send_queue=4096, keep_alive_timeout=60)
    with small_window(served.port) as slow, Raw(served.port) as other:
        slow.request("GET /large/3200000")
        slow.read_until(b"\r\n\r\n")
        # It waits now; others do not.
        for i in range(10):
            assert other.get(f"/n/{i}")[2] == b"n=%d" % i
        assert slow.read(3200000) == b"0123456789abcdef" * 200000
        assert slow.get("/n/1")[2] == b"n=1"


def test_a_reader_that_takes_nothing_is_dropped(serve):
    served = serve("http_main", heap="20M", write_timeout=0.3, max_clients=1)
    for path in ("/large/8000000", "/flood"):
        with small_window(served.port) as slow:
            slow.request("GET " + path)
            slow.read_until(b"\r\n\r\n")
            assert first_status(served.port) == 503
            eventually(lambda: first_status(served.port) == 200, "its place is free")
    served.wait_for_log("flood: finally")


def first_status(port):
    """What a new client is told."""
    with Raw(port) as client:
        return client.get("/", "Connection: close")[0]


def test_a_stream_that_never_waits_leaves_time_for_others(serve):
    served = serve("http_main")
    with Raw(served.port) as greedy, Raw(served.port) as other:
        greedy.request("GET /flood")
        greedy.read(100000)
        greedy.sock.settimeout(0)
        done = []
        other.request("GET /n/1")
        other.sock.settimeout(0)

        def answered():
            for client in (greedy, other):
                try:
                    client._more()
                except BlockingIOError:
                    pass
            greedy.buffer = b""
            if b"n=1" in other.buffer:
                done.append(1)
            return done

        eventually(answered, "the other client is answered")
        greedy.sock.settimeout(10)
        greedy.reset()
        served.wait_for_log("flood: finally")


def test_a_handler_that_never_answers_is_504_and_is_cancelled(serve):
    served = serve("http_main", response_timeout=0.3)
    with Raw(served.port) as client:
        client.request("GET /never")
        status, headers, _ = client.response()
        assert (status, headers["connection"]) == (504, "close")
        assert client.at_end()
    served.wait_for_log("never: finally")
    assert "GET /never: no answer within response_timeout" in served.log()


def test_a_handler_whose_client_has_gone_is_cancelled_after_a_while(serve):
    served = serve("http_main", linger_timeout=0.2)
    client = Raw(served.port)
    client.request("GET /never")
    served.wait_for_log("never: started")
    client.reset()
    served.wait_for_log("never: finally")
    with Raw(served.port) as other:
        assert other.get("/")[0] == 200


def test_a_slot_is_free_again_after_every_way_to_end(serve):
    served = serve("http_main", max_clients=2, head_timeout=0.2, keep_alive_timeout=0.2, linger_timeout=0.2)
    ends = (end_normally, end_by_a_bad_request, end_by_a_slow_head, reset_a_handler, reset_a_stream)
    for end in ends:
        for _ in range(3):
            end(served)
            eventually(lambda: free_slots(served.port) == 2, f"both slots are free after {end.__name__}")


def end_normally(served):
    with Raw(served.port) as client:
        assert client.get("/", "Connection: close")[0] == 200
        assert client.at_end()


def end_by_a_bad_request(served):
    with Raw(served.port) as client:
        client.send("BAD\r\n\r\n")
        assert client.response()[0] == 400


def end_by_a_slow_head(served):
    with Raw(served.port) as client:
        client.send("GET / HT")
        assert client.response()[0] == 408


def reset_a_handler(served):
    client = Raw(served.port)
    client.request("GET /never")
    client.reset()


def reset_a_stream(served):
    client = Raw(served.port)
    client.request("GET /flood")
    client.read(10)
    client.reset()


def free_slots(port):
    """How many of two clients at once are served. The server has closed both in the end, and knows it."""
    with Raw(port) as one, Raw(port) as two:
        first, last = one.get("/")[0], two.get("/", "Connection: close")[0]
        if first == 200:
            one.get("/", "Connection: close")
        assert one.at_end() and two.at_end()
        return (first, last).count(200)


def test_a_full_server_says_503_and_when_to_come_back(serve):
    port = serve("http_main", max_clients=1, retry_after=7).port
    with Raw(port) as one:
        assert one.get("/")[0] == 200
        with Raw(port) as two:
            status, headers, _ = two.response()
            assert (status, headers["retry-after"], headers["connection"]) == (503, "7", "close")
            assert two.at_end()
