"""Request bodies: read, unread, expected, late, cut off."""

import json

from raw import Raw, close, text
from serving import eventually

EXPECT = ["Content-Length: 5", "Expect: 100-continue"]


def post(client, path, body, *headers):
    """POST with a length; the answer."""
    client.request("POST " + path, [f"Content-Length: {len(body)}", *headers], body)
    return client.response()


def chunks(*pieces):
    """A chunked body."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def test_bodies_with_a_length_and_in_chunks_arrive_whole(serve):
    with Raw(serve("http_main").port) as client:
        for n in (0, 1, 2047, 2048, 2049, 16384):
            body = bytes(i & 255 for i in range(n))
            assert post(client, "/body", body)[2] == body
            pieces = [body[i : i + 1000] for i in range(0, n, 1000)]
            client.request("POST /body", ["Transfer-Encoding: Chunked"], chunks(*pieces))
            assert client.response()[2] == body
            assert json.loads(post(client, "/pieces", body)[2]) == {"total": n}


def test_a_body_may_be_asked_for_twice(serve):
    with Raw(serve("http_main").port) as client:
        assert json.loads(post(client, "/twice", "größe".encode())[2]) == {"same": True, "text": "größe"}


def test_a_body_as_text_must_be_utf8(serve):
    with Raw(serve("http_main").port) as client:
        assert post(client, "/text", "grün €".encode())[2] == "grün €".encode()
        for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"a\xe2\x82"):
            status, _, body = post(client, "/text", bad)
            assert (status, json.loads(body)["detail"]) == (400, "the body is not UTF-8 text"), bad


def test_a_body_that_is_not_json_is_400_and_says_where(serve):
    with Raw(serve("http_main").port) as client:
        assert json.loads(post(client, "/json", b'{"a": [1, null]}')[2]) == {"got": {"a": [1, None]}}
        for bad in (b"", b"{", b"[1,", b"nope", b"\xff"):
            status, headers, body = post(client, "/json", bad)
            assert (status, headers["content-type"]) == (400, "application/json"), bad
            assert json.loads(body)["detail"].startswith("the body of POST /json is not JSON"), bad
        assert client.get("/")[0] == 200


def test_100_continue_comes_when_the_handler_reads_the_body(serve):
    with Raw(serve("http_main").port) as client, Raw(client.sock.getpeername()[1]) as other:
        client.request("POST /late/read", EXPECT)
        client.sock.settimeout(0.1)
        try:
            early = client._more()
        except TimeoutError:
            early = False
        assert not early, "nothing may come before the handler reads"
        client.sock.settimeout(10)
        assert other.get("/open/read")[0] == 200
        assert client.response()[:2] == (100, {})
        client.send(b"hello")
        assert json.loads(client.response()[2]) == {"size": 5}
        assert client.get("/")[0] == 200


def test_100_continue_comes_once_for_a_body_in_pieces(serve):
    with Raw(serve("http_main").port) as client:
        client.request("POST /body", ["Transfer-Encoding: chunked", "Expect: 100-Continue"])
        assert client.response()[0] == 100
        client.drip(chunks(b"ab", b"cde"))
        assert client.response()[2] == b"abcde"
        assert client.get("/")[0] == 200


def test_an_answer_without_reading_an_expected_body_closes_the_connection(serve):
    port = serve("http_main", max_body=100).port
    for path, status in (("/unread", 200), ("/unread-sync", 200), ("/nowhere", 404), ("/n/1", 405)):
        with Raw(port) as client:
            client.request("POST " + path, EXPECT)
            answer = client.response()
            assert (answer[0], answer[1]["connection"]) == (status, "close"), path
            assert client.at_end()
    with Raw(port) as client:
        client.request("POST /body", ["Content-Length: 101", "Expect: 100-continue"])
        assert client.response()[0] == 413
        assert client.at_end()


def test_100_continue_is_not_for_http10_nor_for_requests_without_a_body(serve):
    port = serve("http_main").port
    with Raw(port) as client:
        client.send("POST /size HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        client.send("ab")
        assert client.response()[2] == b'{"size": 2}'
    with Raw(port) as client:
        client.request("POST /size", ["Content-Length: 0", "Expect: 100-continue"])
        assert client.response()[2] == b'{"size": 0}'


def test_a_small_unread_body_is_read_away_and_the_connection_reused(serve):
    with Raw(serve("http_main", max_body=100000).port) as client:
        for path in ("/unread", "/unread-sync", "/nowhere", "/n/1"):
            status, headers, _ = post(client, path, b"GET /evil HTTP/1.1\r\n\r\n" * 300)
            assert status in (200, 404, 405)
            assert "connection" not in headers, path
            assert client.get("/n/2")[2] == b"n=2"


def test_a_small_unread_body_that_comes_behind_the_answer_is_read_away(serve):
    with Raw(serve("http_main").port) as client:
        client.request("POST /unread", ["Content-Length: 10"], b"01234")
        assert client.response()[2] == b"did not look"
        client.drip(b"56789GET /n/3 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.response()[2] == b"n=3"


def test_a_large_unread_body_closes_the_connection_and_the_answer_arrives(serve):
    with Raw(serve("http_main", max_body=1000000).port) as client:
        status, headers, body = post(client, "/unread", b"x" * 500000)
        assert (status, headers["connection"], body) == (200, "close", b"did not look")
        assert client.at_end()


def test_an_unread_chunked_body_closes_the_connection(serve):
    with Raw(serve("http_main").port) as client:
        client.request("POST /unread", ["Transfer-Encoding: chunked"], b"5\r\nhel")
        status, headers, _ = client.response()
        assert (status, headers["connection"]) == (200, "close")
        assert client.at_end()


def test_the_answer_to_a_body_too_large_arrives_although_it_is_being_sent(serve):
    with Raw(serve("http_main", max_body=1000).port) as client:
        status, headers, _ = post(client, "/body", b"x" * 300000)
        assert (status, headers["connection"]) == (413, "close")
        assert client.at_end()


def test_a_chunked_body_that_outgrows_the_limit_is_413_for_the_handler_that_reads_it(serve):
    served = serve("http_main", max_body=1000)
    with Raw(served.port) as client:
        client.request("POST /tell", ["Transfer-Encoding: chunked"], chunks(b"x" * 900))
        assert client.response()[2] == b"whole"
        client.request("POST /tell", ["Transfer-Encoding: chunked"], b"384\r\n" + b"x" * 900 + b"\r\n65\r\n")
        status, headers, body = client.response()
        assert (status, headers["connection"]) == (413, "close")
        assert json.loads(body) == {"detail": "body larger than 1000 bytes"}
        assert client.at_end()
    assert "told: 413" in served.log()


def test_a_body_that_does_not_come_in_time_is_408(serve):
    port = serve("http_main", body_timeout=0.2).port
    for part in (b"", b"he"):
        with Raw(port) as client:
            client.request("POST /tell", ["Content-Length: 5"], part)
            status, headers, body = client.response()
            assert (status, headers["connection"]) == (408, "close")
            assert json.loads(body) == {"detail": "the body did not arrive in time"}
            assert client.at_end()
    with Raw(port) as client:
        client.request("POST /tell", ["Transfer-Encoding: chunked"], b"5\r\nhel")
        assert client.response()[0] == 408
    with Raw(port) as client:
        # Read away behind the answer: there is nobody to tell.
        client.request("POST /unread", ["Content-Length: 5"], b"he")
        assert client.response()[0] == 200
        assert client.at_end()


def test_time_in_which_the_handler_does_not_read_is_not_held_against_the_client(serve):
    port = serve("http_main", heap="4M", body_timeout=0.2, max_body=1000000, rx_buffer=2048).port
    with Raw(port) as client, Raw(port) as other:
        # More than the server takes in advance, so that the client has to wait for it.
        client.request("POST /late/slow", ["Content-Length: 300000"])
        client.send(b"x" * 100000)
        with Raw(port) as timer:
            timer.request("POST /tell", ["Content-Length: 5"], b"he")
            assert timer.response()[0] == 408  # so much time has passed
        with Raw(port) as timer:
            timer.request("POST /tell", ["Content-Length: 5"], b"he")
            assert timer.response()[0] == 408
        assert other.get("/open/slow")[0] == 200
        client.send(b"x" * 200000)
        assert json.loads(client.response()[2]) == {"size": 300000}


def test_a_client_that_leaves_in_the_middle_of_its_body_is_told_to_the_handler(serve):
    served = serve("http_main")
    for times, way in enumerate(("end_sending", "reset"), 1):
        client = Raw(served.port)
        client.request("POST /tell", ["Content-Length: 5"], b"he")
        with Raw(served.port) as other:
            assert other.get("/")[0] == 200
        getattr(client, way)()
        if way == "end_sending":
            status, headers, body = client.response()
            assert (status, headers["connection"]) == (400, "close")
            assert json.loads(body) == {"detail": "the client left in the middle of its body"}
            assert client.at_end()
            client.sock.close()
        eventually(lambda times=times: served.log().count("told: 400") == times, way)
    with Raw(served.port) as other:
        assert other.get("/")[0] == 200


def test_a_large_body_goes_through_a_small_heap_piece_by_piece(serve):
    with Raw(serve("http_main", heap="300K", max_body=2000000).port) as client:
        client.request("POST /pieces", ["Content-Length: 1000000"])
        for _ in range(1000):
            client.send(b"x" * 1000)
        assert json.loads(client.response()[2]) == {"total": 1000000}
        assert client.get("/")[0] == 200


def test_a_websocket_works_on_a_connection_that_has_served_requests(serve):
    with Raw(serve("basic").port) as client:
        assert client.get("/")[0] == 200
        client.open("/echo", glued=text("glued"))
        assert client.frame() == (0x81, b"glued")
        client.send(close(1000))
        assert client.closing() == (1000, "")
