"""Routers, exception handlers, hooks of requests, the application's JSON adapter, iterators, headers of accept()."""

import json

import pytest
from raw import Raw, close, frame, text


@pytest.fixture
def api(serve):
    """The server of apps/gaps_api.py."""
    return serve("gaps_api")


def get(served, path, *headers):
    with Raw(served.port) as client:
        status, _, body = client.get(path, *headers)
        return status, body.decode()


def test_a_router_gives_its_routes_prefix_dependencies_and_tags(api):
    key = "X-Key: open"
    assert get(api, "/api/v1/inner", key) == (200, '~["root", "key"]')
    assert get(api, "/api/v1/inner/item/7", key) == (200, '~[7, "key"]')
    assert get(api, "/api/v1/inner/item/x", key)[0] == 404
    assert get(api, "/api/v1/inner/item/7") == (401, '~{"detail": "no key"}')
    assert get(api, "/inner/item/7", key)[0] == 404
    with Raw(api.port) as client:
        client.open("/api/v1/inner/ws/bob", key)
        assert client.message() == "bob key"
    with Raw(api.port) as client:
        client.handshake("/api/v1/inner/ws/bob")
        assert client.response()[0] == 401
    tags = json.loads(get(api, "/openapi.json")[1])["paths"]["/api/v1/inner/item/{n}"]["get"]["tags"]
    assert tags == ["out", "in"]


def test_a_router_may_be_included_at_two_places_and_what_holds_at_one_is_not_at_the_other(api):
    assert get(api, "/twice/inner/item/7") == (200, "~[7, null]")
    tags = json.loads(get(api, "/openapi.json")[1])["paths"]["/twice/inner/item/{n}"]["get"]["tags"]
    assert tags == ["in"]


def test_an_exception_handler_answers_for_its_class_its_subclasses_and_its_status(api):
    status, body = get(api, "/raise/missing")
    assert (status, json.loads(body[1:])) == (410, {"missing": "missing", "path": "/raise/missing"})
    assert get(api, "/raise/teapot") == (418, "short and stout")
    assert get(api, "/raise/other") == (500, "Internal Server Error\n")


def test_a_hook_of_requests_answers_or_lets_the_handler_run(api):
    assert get(api, "/closed") == (503, "come back tomorrow")
    assert "closed: ran" not in api.log()
    assert get(api, "/seen") == (200, "by the hook")


def test_the_applications_json_adapter_is_used_everywhere(api):
    with Raw(api.port) as client:
        client.request("POST /json", ["Content-Length: 4"], b"~[1]")
        assert client.response()[2] == b'~{"got": [1]}'
        client.request("POST /json", ["Content-Length: 3"], b"[1]")
        assert client.response()[0] == 400
    with Raw(api.port) as client:
        client.open("/json")
        client.send(text("~1") + frame(0x82, b'~"x"') + text("1"))
        assert [client.message(), client.message()] == ['~{"got": 1}', '~{"got": "x"}']
        assert client.closing()[0] == 1011


def test_iterators_end_at_the_close_and_take_their_kind_only(api):
    with Raw(api.port) as client:
        assert client.open("/bytes")["x-mine"] == "1"
        client.send(frame(0x82, b"\x00\xff"))
        assert client.frame() == (0x82, b"\x00\xff")
        client.send(close(4001))
        assert client.closing()[0] == 4001
    api.wait_for_log("bytes: ended 4001")
    with Raw(api.port) as client:
        client.open("/bytes")
        client.send(text("text"))
        assert client.closing()[0] == 1003
    with Raw(api.port) as client:
        client.open("/json")
        client.send(close(1000))
        client.closing()
    api.wait_for_log("json: ended")


def test_a_line_break_in_a_header_of_accept_is_an_error_and_nothing_is_sent(api):
    with Raw(api.port) as client:
        headers = client.open("/broken-header", "Sec-WebSocket-Protocol: a, b")
        assert not {"x-mine", "x-forged", "x", "sec-websocket-protocol"} & set(headers)
        assert client.message() == "['a', 'b']"
    assert "broken-header: accepted" not in api.log()
