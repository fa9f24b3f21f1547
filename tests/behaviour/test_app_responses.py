"""What handlers return and raise, and what arrives of it."""

import http.client
import json

import pytest
from raw import Raw

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"


def test_every_kind_of_return_value_becomes_its_answer(serve):
    answers = {
        "/dict": (200, JSON, b'{"a": 1, "b": [true, null]}'),
        "/list": (200, JSON, b'[1, "zwei", 3.5]'),
        "/bool": (200, JSON, b"true"),
        "/str": (200, TEXT, "grün".encode()),
        "/bytes": (200, BYTES, b"\x00\xff"),
        "/none": (204, None, b""),
        "/empty": (200, TEXT, b""),
        "/created": (201, JSON, b'{"id": 7}'),
        "/teapot": (418, "text/x-tea", b"short and stout"),
        "/none-201": (201, None, b""),
        "/response": (202, "text/html; charset=utf-8", b"<p>"),
        "/stream": (200, "text/plain", b"one,two,three"),
        "/stream-sync": (200, "text/plain", b"01234"),
        "/stream-list": (200, BYTES, b"abc"),
        "/sync/5": (200, TEXT, b"sync=5"),
    }
    with Raw(serve("http_main").port) as client:
        for path, (status, kind, body) in answers.items():
            got = client.get(path)
            assert (got[0], got[2]) == (status, body), path
            assert got[1].get("content-type") == kind, path
            if "stream" in path:
                assert got[1]["transfer-encoding"] == "chunked"
            else:
                assert got[1].get("content-length") == (None if status == 204 else str(len(body))), path


def test_headers_of_tuples_and_responses_arrive(serve):
    with Raw(serve("http_main").port) as client:
        assert client.get("/teapot")[1]["x-kind"] == "teapot"
        headers = client.get("/response")[1]
        assert (headers["x-a"], headers["x-n"]) == ("1", "5")
        client.request("GET /pairs")
        head = client.read_until(b"\r\n\r\n")
        assert b"Set-Cookie: a=1\r\n" in head
        assert b"Set-Cookie: b=2\r\n" in head


def test_an_answer_that_may_have_no_body_has_none(serve):
    with Raw(serve("http_main").port) as client:
        for status in (204, 304):
            got = client.get(f"/body-with/{status}")
            assert (got[0], got[2]) == (status, b"")
            assert "content-length" not in got[1]
            assert client.get("/n/1")[2] == b"n=1"


def test_the_server_alone_frames_the_body(serve):
    with Raw(serve("http_main").port) as client:
        client.request("GET /own-length")
        head = client.read_until(b"\r\n\r\n")
        assert head.lower().count(b"content-length") == 1
        assert b"Content-Length: 5\r\n" in head
        assert b"Transfer-Encoding" not in head
        assert client.read(5) == b"12345"
        assert client.get("/n/1")[2] == b"n=1"


def test_an_application_may_close_the_connection(serve):
    with Raw(serve("http_main").port) as client:
        client.request("GET /own-close")
        head = client.read_until(b"\r\n\r\n")
        assert head.count(b"Connection: close\r\n") == 1
        assert client.read(3) == b"bye"
        assert client.at_end()


@pytest.mark.parametrize("where", ["value", "name", "type", "stream", "error"])
def test_a_line_break_in_a_header_is_refused(serve, where):
    served = serve("http_main")
    served.expect_errors = True
    with Raw(served.port) as client:
        status, headers, body = client.get("/inject/" + where)
        assert (status, body) == (500, b"Internal Server Error\n")
        assert "x-evil" not in headers
    served.wait_for_log(f"viperhttp: GET /inject/{where}: ValueError: header ")


def test_what_cannot_be_an_answer_is_500_and_the_log_names_the_route(serve):
    served = serve("http_main")
    served.expect_errors = True
    cases = {
        "/object": "TypeError: the handler of GET /object returned object",
        "/tuple-4": "TypeError: the handler of GET /tuple-4 returned",
    }
    if not served.runtime.micropython:  # MicroPython's json writes <object> and raises nothing
        cases["/object-inside"] = "viperhttp: GET /object-inside: TypeError: "
    for path, line in cases.items():
        with Raw(served.port) as client:
            assert client.get(path)[::2] == (500, b"Internal Server Error\n")
        served.wait_for_log(line)


@pytest.mark.parametrize("debug", [False, True])
def test_exceptions_are_500_and_tell_details_only_in_debug_mode(serve, debug):
    served = serve("http_main", debug=debug)
    served.expect_errors = True
    for path in ("/boom", "/boom-sync"):
        with Raw(served.port) as client:
            status, headers, body = client.get(path)
            assert (status, headers["content-type"]) == (500, TEXT)
            secret = b"RuntimeError: the secret of the database\n"
            assert body == (secret if debug else b"Internal Server Error\n")
        served.wait_for_log(f"viperhttp: GET {path}: RuntimeError: the secret of the database")
    with Raw(served.port) as client:
        assert client.get("/boom-later")[0] == 500
        assert client.get("/")[0] == 200
    served.wait_for_log("viperhttp: GET /boom-later: ZeroDivisionError")
    assert ("Traceback" in served.log()) == debug


def test_an_http_exception_is_its_status_with_detail_and_headers(serve):
    with Raw(serve("http_main").port) as client:
        status, headers, body = client.get("/http-error")
        assert (status, headers["content-type"], headers["x-reason"]) == (409, JSON, "taken")
        assert json.loads(body) == {"detail": {"why": "taken"}}
        status, _, body = client.get("/http-error-sync")
        assert (status, json.loads(body)) == (404, {"detail": "no such thing"})


def test_a_stream_that_breaks_is_cut_off_without_its_end(serve):
    served = serve("http_main")
    served.expect_errors = True
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.request("GET", "/stream-breaks")
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        connection.getresponse().read()
    connection.close()
    served.wait_for_log("RuntimeError: broke in the middle")


def test_a_stream_to_an_http10_client_ends_with_the_connection(serve):
    with Raw(serve("http_main").port) as client:
        client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        status, headers, body = client.response()
        assert (status, headers["connection"], body) == (200, "close", b"one,two,three")
        assert "transfer-encoding" not in headers


def test_current_request_is_the_own_one_in_every_handler(serve):
    port = serve("http_main").port
    with Raw(port) as one, Raw(port) as two, Raw(port) as three:
        one.request("GET /who?who=one&gate=g")
        two.request("GET /who?who=two&gate=g")
        assert json.loads(three.get("/who-sync?who=three")[2]) == {"who": "three", "method": "GET"}
        assert json.loads(three.get("/who?who=four")[2])["after"] == "four"
        assert three.get("/open/g")[0] == 200
        for client, name in ((one, "one"), (two, "two")):
            assert json.loads(client.response()[2]) == {
                "before": name, "inside": name, "after": name, "path": "/who",
            }


def test_current_request_outside_of_a_handler_says_what_is_wrong(serve):
    with Raw(serve("http_main").port) as client:
        assert "no request is being handled here" in json.loads(client.get("/no-request")[2])["outside"]


def test_a_request_describes_itself(serve):
    served = serve("http_main")
    with Raw(served.port) as client:
        headers = ["X-Many: 1", "x-many: 2", 'Cookie: a=1; b="2"']
        client.request("PUT /describe/a%2Fb%20c?q=1+2&q=%C3%BC&empty=", headers)
        got = json.loads(client.response()[2])
    path = "/describe/a%2Fb%20c"
    assert got == {
        "method": "PUT",
        "path": path,
        "params": {"x": "a/b c"},
        "query": {"q": "ü", "empty": ""},
        "query_string": "q=1+2&q=%C3%BC&empty=",
        "host": "127.0.0.1",
        "none": None,
        "many": ["1", "2"],
        "cookies": {"a": "1", "b": "2"},
        "url": "http://127.0.0.1" + path + "?q=1+2&q=%C3%BC&empty=",
        "client": "127.0.0.1",
        "x": "a/b c",
    }
