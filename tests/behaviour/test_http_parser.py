"""What the server refuses on the wire, with which status, and that the connection is closed behind it."""

import pytest
from raw import Raw

HOST = "Host: 127.0.0.1\r\n"

# name: (status, what is sent); each is a request that a well-behaved client never sends.
REFUSED = {
    "no version": (400, "GET /\r\n" + HOST + "\r\n"),
    "no target": (400, "GET HTTP/1.1\r\n" + HOST + "\r\n"),
    "two spaces": (400, "GET  / HTTP/1.1\r\n" + HOST + "\r\n"),
    "a tab for a space": (400, "GET\t/ HTTP/1.1\r\n" + HOST + "\r\n"),
    "a malformed method": (400, "G{T / HTTP/1.1\r\n" + HOST + "\r\n"),
    "a malformed version": (400, "GET / HTTP/x.1\r\n" + HOST + "\r\n"),
    "another protocol": (400, "GET / ICAP/1.0\r\n" + HOST + "\r\n"),
    "a relative target": (400, "GET page HTTP/1.1\r\n" + HOST + "\r\n"),
    "a fragment": (400, "GET /#a HTTP/1.1\r\n" + HOST + "\r\n"),
    "a byte above 127 in the target": (400, "GET /\u00fc HTTP/1.1\r\n" + HOST + "\r\n"),
    "NUL in the target": (400, "GET /\0 HTTP/1.1\r\n" + HOST + "\r\n"),
    "a bad percent escape": (400, "GET /%zz HTTP/1.1\r\n" + HOST + "\r\n"),
    "an escape that is not UTF-8": (400, "GET /%ff HTTP/1.1\r\n" + HOST + "\r\n"),
    "* without OPTIONS": (400, "GET * HTTP/1.1\r\n" + HOST + "\r\n"),
    "no Host": (400, "GET / HTTP/1.1\r\n\r\n"),
    "two Hosts": (400, "GET / HTTP/1.1\r\n" + HOST + "Host: b\r\n\r\n"),
    "a malformed Host": (400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "lines that end in LF": (400, "GET / HTTP/1.1\nHost: a\n\n"),
    "a lone CR in a value": (400, "GET / HTTP/1.1\r\n" + HOST + "A: b\rc\r\n\r\n"),
    "NUL in a value": (400, "GET / HTTP/1.1\r\n" + HOST + "A: b\0c\r\n\r\n"),
    "a folded header": (400, "GET / HTTP/1.1\r\n" + HOST + "A: b\r\n c\r\n\r\n"),
    "a space before the colon": (400, "GET / HTTP/1.1\r\n" + HOST + "A : b\r\n\r\n"),
    "a header without a colon": (400, "GET / HTTP/1.1\r\n" + HOST + "A\r\n\r\n"),
    "a header without a name": (400, "GET / HTTP/1.1\r\n" + HOST + ": b\r\n\r\n"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "a negative length": (400, "POST /body HTTP/1.1\r\n" + HOST + "Content-Length: -1\r\n\r\n"),
    "a length with a sign": (400, "POST /body HTTP/1.1\r\n" + HOST + "Content-Length: +1\r\n\r\na"),
    "a length that is no number": (400, "POST /body HTTP/1.1\r\n" + HOST + "Content-Length: 1a\r\n\r\n"),
    "two lengths": (400, "POST /body HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
    "a list of lengths": (400, "POST /body HTTP/1.1\r\n" + HOST + "Content-Length: 1, 1\r\n\r\na"),
    "length and chunks": (
        400,
        "POST /body HTTP/1.1\r\n" + HOST + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "chunks in HTTP/1.0": (400, "POST /body HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "a coding that is not chunked": (400, "POST /body HTTP/1.1\r\n" + HOST + "Transfer-Encoding: gzip\r\n\r\n"),
    "a coding under chunked": (
        501,
        "POST /body HTTP/1.1\r\n" + HOST + "Transfer-Encoding: gzip, chunked\r\n\r\n",
    ),
    "CONNECT": (501, "CONNECT a:80 HTTP/1.1\r\n" + HOST + "\r\n"),
    "HTTP/2": (505, "PRI * HTTP/2.0\r\n\r\n"),
    "HTTP/3.7": (505, "GET / HTTP/3.7\r\n" + HOST + "\r\n"),
    "an unknown expectation": (417, "GET / HTTP/1.1\r\n" + HOST + "Expect: miracles\r\n\r\n"),
    "a long target": (414, "GET /" + "a" * 300 + " HTTP/1.1\r\n" + HOST + "\r\n"),
    "an endless line": (414, "GET /" + "a" * 300),
    "large headers": (431, "GET / HTTP/1.1\r\n" + HOST + "A: " + "b" * 600 + "\r\n\r\n"),
    "endless headers": (431, "GET / HTTP/1.1\r\n" + HOST + "A: " + "b" * 600),
    "many headers": (431, "GET / HTTP/1.1\r\n" + HOST + "A: b\r\n" * 10 + "\r\n"),
    "a large body": (413, "POST /body HTTP/1.1\r\n" + HOST + "Content-Length: 20000\r\n\r\n"),
    "a body of 10^20 bytes": (413, "POST /body HTTP/1.1\r\n" + HOST + "Content-Length: 1" + "0" * 20 + "\r\n\r\n"),
}
LIMITS = {"max_line": 256, "max_head": 512, "max_headers": 10, "max_body": 64}

CHUNKED = "POST /body HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n"
BAD_CHUNKS = {
    "no size": (400, "\r\n"),
    "a size that is not hexadecimal": (400, "5g\r\n"),
    "0x": (400, "0x5\r\nhello\r\n"),
    "a signed size": (400, "+5\r\nhello\r\n"),
    "LF for CRLF": (400, "5\nhello\r\n0\r\n\r\n"),
    "a chunk that is longer than its size": (400, "5\r\nhello!\r\n0\r\n\r\n"),
    "a malformed trailer": (400, "0\r\nno colon\r\n\r\n"),
    "a long extension": (400, "5;" + "a" * 300),
    "chunks over the limit": (413, "40\r\n" + "a" * 64 + "\r\n1\r\nb\r\n0\r\n\r\n"),
    "one chunk over the limit": (413, "41\r\n"),
    "a huge size": (413, "fffffffffffffffff\r\n"),
}


def refusal(client):
    """The status of the answer, which must be the last thing before the server closes."""
    status, headers, body = client.response()
    assert body
    assert headers.get("connection") == "close", (status, headers, body)
    assert client.at_end()
    return status


def refused(port, cases, send):
    """Each of the cases gets its status. All at once: a refused client is given half a second to read."""
    clients = []
    for name, (status, data) in cases.items():
        client = Raw(port)
        send(client, data.encode() if isinstance(data, str) else data)
        clients.append((name, status, client))
    try:
        for name, status, client in clients:
            assert (name, refusal(client)) == (name, status)
    finally:
        for _, _, client in clients:
            client.sock.close()


def test_malformed_requests_are_refused_and_the_connection_is_closed(serve):
    refused(serve("http_main", max_clients=100, backlog=100, **LIMITS).port, REFUSED, Raw.send)


def test_malformed_chunks_are_refused_and_the_connection_is_closed(serve):
    cases = {name: (status, CHUNKED + data) for name, (status, data) in BAD_CHUNKS.items()}
    refused(serve("http_main", max_clients=100, backlog=100, **LIMITS).port, cases, Raw.send)


def test_refusals_do_not_depend_on_how_the_bytes_are_cut(serve):
    names = ("two spaces", "a lone CR in a value", "no Host", "HTTP/2", "many headers", "length and chunks")
    cases = {name: REFUSED[name] for name in names}
    for name in ("0x", "LF for CRLF", "chunks over the limit"):
        cases[name] = (BAD_CHUNKS[name][0], CHUNKED + BAD_CHUNKS[name][1])
    refused(serve("http_main", max_clients=100, backlog=100, **LIMITS).port, cases, drip)


def drip(client, data):
    """One byte at a time, until the server has had enough."""
    try:
        client.drip(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def test_a_refused_request_does_not_reach_its_handler_and_nothing_behind_it_is_answered(serve):
    with Raw(serve("http_main").port) as client:
        client.send("GET / HTTP/1.1\r\nBad Name: x\r\n" + HOST + "\r\nGET / HTTP/1.1\r\n" + HOST + "\r\n")
        assert refusal(client) == 400


def test_limits_allow_what_is_just_inside_them(serve):
    port = serve("http_main", **LIMITS).port
    with Raw(port) as client:
        line = "GET /?" + "a" * (256 - len("GET /? HTTP/1.1")) + " HTTP/1.1\r\n"
        client.send(line + HOST + "\r\n")
        assert client.response()[0] == 200
        client.send("GET / HTTP/1.1\r\n" + HOST + "A: b\r\n" * 9 + "\r\n")
        assert client.response()[0] == 200
        client.request("POST /body", ["Content-Length: 64"], b"x" * 64)
        assert client.response()[2] == b"x" * 64
        client.send(CHUNKED + "40\r\n" + "a" * 64 + "\r\n0\r\n\r\n")
        assert client.response()[2] == b"a" * 64


def test_a_request_may_come_one_byte_at_a_time(serve):
    with Raw(serve("http_main").port) as client:
        client.drip(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        assert client.response()[2] == b"hello"
        client.drip(b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: t\r\n\r\n")
        assert client.response()[2] == b"hello"
        client.drip(b"GET /n/7 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.response()[2] == b"n=7"


def test_absolute_form_targets_reach_their_route_and_replace_the_host(serve):
    with Raw(serve("http_main").port) as client:
        client.send("GET http://example.org:81/n/5?x=1 HTTP/1.1\r\n" + HOST + "\r\n")
        assert client.response()[2] == b"n=5"
        client.send("GET http://example.org HTTP/1.1\r\n" + HOST + "\r\n")
        assert client.response()[2] == b"hello"
        client.send("GET http://example.org:81/describe/a?x=1 HTTP/1.1\r\n" + HOST + "\r\n")
        status, _, body = client.response()
        assert status == 200
        assert b'"host": "example.org:81"' in body
        assert b'"url": "http://example.org:81/describe/a?x=1"' in body


def test_empty_lines_before_a_request_are_ignored(serve):
    with Raw(serve("http_main").port) as client:
        client.send("\r\nGET / HTTP/1.1\r\n" + HOST + "\r\n\r\nGET /n/1 HTTP/1.1\r\n" + HOST + "\r\n")
        assert client.response()[2] == b"hello"
        assert client.response()[2] == b"n=1"


@pytest.mark.parametrize("part", ["", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n"])
def test_a_head_that_does_not_come_in_time_is_408_and_a_silent_connection_just_ends(serve, part):
    with Raw(serve("http_main", first_byte_timeout=0.2, head_timeout=0.2).port) as client:
        client.send(part)
        if part:
            assert refusal(client) == 408
        else:
            assert client.at_end()


def test_a_slow_head_that_keeps_dripping_is_408_all_the_same(serve):
    served = serve("http_main", head_timeout=0.3)
    with Raw(served.port) as client:
        client.sock.settimeout(0.02)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n")
        for _ in range(300):
            try:
                client.send("A")
                if not client._more():
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert client.buffer.startswith(b"HTTP/1.1 408 ")


def test_an_idle_kept_connection_ends_without_an_answer(serve):
    with Raw(serve("http_main", keep_alive_timeout=0.2).port) as client:
        assert client.get("/")[0] == 200
        assert client.at_end()


def test_options_star_is_answered_and_the_connection_kept(serve):
    with Raw(serve("http_main").port) as client:
        client.send("OPTIONS * HTTP/1.1\r\n" + HOST + "\r\n")
        assert client.response()[0] in (200, 204, 404)
        assert client.get("/")[0] == 200
