"""The opening handshake (RFC 6455 section 4) as the server answers it, and what comes before accept()."""

import json

import pytest
from raw import ACCEPT, KEY, Raw, text

UPGRADE = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
WITH_KEY = (*UPGRADE, "Sec-WebSocket-Key: " + KEY)


def ask(port, line, headers):
    """(status, headers, body) of the answer to one request."""
    with Raw(port) as client:
        client.request(line, headers)
        return client.response()


def test_the_answer_is_that_of_the_rfc(cases):
    with Raw(cases.port) as client:
        headers = client.open("/echo")
        assert headers == {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": ACCEPT}
        client.send(text("first"))
        assert client.message() == "first"


def test_a_handshake_may_come_one_byte_at_a_time(cases):
    with Raw(cases.port) as client:
        head = "GET /echo HTTP/1.1\r\nHost: x\r\n" + "\r\n".join(WITH_KEY) + "\r\n\r\n"
        client.drip(head.encode() + text("dripped"))
        assert client.response()[0] == 101
        assert client.message() == "dripped"


def test_header_names_values_and_lists_may_vary(cases):
    headers = ("uPGRADE: WebSocket", "connection: keep-alive, UPGRADE", "SEC-WEBSOCKET-VERSION: 13",
               "sec-websocket-key:   " + KEY + "  ", "X-Other: 1")
    status, answer, _ = ask(cases.port, "GET /echo", headers)
    assert (status, answer["sec-websocket-accept"]) == (101, ACCEPT)


def test_extensions_that_are_offered_are_not_negotiated(cases):
    status, answer, _ = ask(cases.port, "GET /echo", (*WITH_KEY, "Sec-WebSocket-Extensions: permessage-deflate"))
    assert status == 101
    assert "sec-websocket-extensions" not in answer


BAD_KEYS = ["", "short", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZTE=",
            "dGhlIHNhbXBsZSBub25jZTEyMw==", "*GhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBs ZSBub25jZQ=="]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_is_not_16_bytes_is_400(cases, key):
    assert ask(cases.port, "GET /echo", (*UPGRADE, "Sec-WebSocket-Key: " + key))[0] == 400


def test_what_is_missing_or_doubled_is_400(cases):
    key = "Sec-WebSocket-Key: " + KEY
    for headers in (
        UPGRADE,
        (*UPGRADE, key, key),
        ("Upgrade: websocket", "Sec-WebSocket-Version: 13", key),
        ("Upgrade: websocket", "Connection: Upgrade", key),
        (*WITH_KEY, "Sec-WebSocket-Protocol: a b"),
        (*WITH_KEY, "Content-Length: 3"),
    ):
        with Raw(cases.port) as client:
            client.request("GET /echo", headers, b"abc" if "Content-Length: 3" in headers else b"")
            assert client.response()[0] == 400, headers


def test_another_method_or_http_1_0_is_400(cases):
    assert ask(cases.port, "POST /echo", WITH_KEY)[0] == 400
    with Raw(cases.port) as client:
        client.send("GET /echo HTTP/1.0\r\nHost: x\r\n" + "\r\n".join(WITH_KEY) + "\r\n\r\n")
        assert client.response()[0] == 400


@pytest.mark.parametrize("version", ["8", "0", "14", "13, 8", "abc", ""])
def test_another_version_is_426_and_names_ours(cases, version):
    headers = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: " + version,
               "Sec-WebSocket-Key: " + KEY)
    status, answer, _ = ask(cases.port, "GET /echo", headers)
    assert (status, answer["sec-websocket-version"]) == (426, "13")


def test_an_unknown_path_is_404(cases):
    assert ask(cases.port, "GET /nowhere", WITH_KEY)[0] == 404


def test_a_handshake_does_not_run_an_http_handler(serve):
    served = serve("ws_cases")
    assert ask(served.port, "GET /http-only", WITH_KEY)[0] == 404
    assert ask(served.port, "GET /state", ())[0] == 200
    assert "http-only: ran" not in served.log()


def test_a_plain_get_of_a_websocket_path_is_426(cases):
    status, answer, _ = ask(cases.port, "GET /echo", ())
    assert (status, answer["upgrade"], answer["connection"]) == (426, "websocket", "Upgrade")


def test_a_typed_parameter_that_does_not_fit_is_404(cases):
    assert ask(cases.port, "GET /number/abc", WITH_KEY)[0] == 404
    with Raw(cases.port) as client:
        client.open("/number/42")
        assert json.loads(client.message()) == {"n": 42}


def test_a_path_is_split_before_it_is_decoded(cases):
    with Raw(cases.port) as client:
        client.open("/room/a%20b%2Fc%C3%A4")
        assert json.loads(client.message()) == {"name": "a b/c\u00e4"}


@pytest.mark.parametrize("offer, chosen", [
    ("chat.v1, chat.v2", "chat.v1"),  # the client's order counts
    ("other, chat.v2", "chat.v2"),
    ("other", None),
    ("CHAT.V1", None),
    (None, None),
])
def test_the_clients_first_known_subprotocol_is_taken(cases, offer, chosen):
    with Raw(cases.port) as client:
        answer = client.open("/protocols", *([] if offer is None else ["Sec-WebSocket-Protocol: " + offer]))
        assert answer.get("sec-websocket-protocol") == chosen
        assert json.loads(client.message()) == {"subprotocol": chosen}


def test_a_subprotocol_that_was_not_offered_is_left_out(cases):
    for offer, answer in ((["a, chat"], "chat"), (["a"], None), ([], None)):
        with Raw(cases.port) as client:
            headers = client.open("/accept-as/chat", *("Sec-WebSocket-Protocol: " + names for names in offer))
            assert headers.get("sec-websocket-protocol") == answer
            assert json.loads(client.message()) == {"subprotocol": answer}


def test_subprotocols_may_stand_in_several_lines(cases):
    with Raw(cases.port) as client:
        answer = client.open("/protocols", "Sec-WebSocket-Protocol: x", "Sec-WebSocket-Protocol: chat.v2")
        assert answer["sec-websocket-protocol"] == "chat.v2"


# ---- before accept() -----------------------------------------------------------


@pytest.mark.parametrize("name, status", [("close_first", 403), ("return_first", 403), ("exception_first", 403)])
def test_a_handler_that_does_not_accept_refuses_with_403(serve, name, status):
    served = serve("ws_cases")
    assert ask(served.port, "GET /case/" + name, WITH_KEY)[0] == status
    if name == "close_first":
        served.wait_for_log("close_first: WebSocketDisconnect(1008, '')")


def test_a_handler_that_raises_before_accept_is_500(serve):
    served = serve("ws_cases")
    assert ask(served.port, "GET /case/raise_first", WITH_KEY)[0] == 500
    served.wait_for_log("KeyError")


def test_send_and_receive_before_accept_raise_at_once(serve):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open("/case/before_accept", glued=text("early"))
        assert client.closing() == (1000, "")
    served.wait_for_log("1: RuntimeError: the WebSocket is not accepted yet")
    served.wait_for_log("2: RuntimeError: the WebSocket is not accepted yet")


def test_accept_twice_sends_one_answer(cases):
    with Raw(cases.port) as client:
        client.open("/case/accept_twice")
        assert client.message() == "once"
        assert client.closing() == (1000, "")


def test_a_handler_that_does_not_decide_is_504(serve):
    served = serve("ws_cases", handshake_timeout=0.2)
    with Raw(served.port) as client:
        client.handshake("/case/undecided", glued=text("early"))
        assert client.response()[0] == 504
        assert client.at_end()
    served.wait_for_log("undecided: WebSocketDisconnect(1006, '')")


def test_a_client_that_leaves_during_the_handshake_frees_its_slot(serve):
    served = serve("ws_cases", max_clients=1, handshake_timeout=10)
    with Raw(served.port) as client:
        client.handshake("/case/undecided")
    served.wait_for_log("undecided: WebSocketDisconnect(1006, '')")
    with Raw(served.port) as client:
        client.open("/echo")


def test_an_upgrade_behind_a_slow_request_works(serve):
    # The connection reads no more while the first request is answered; it has to read again afterwards.
    with Raw(serve("ws_cases").port) as client:
        client.request("GET /slow")
        client.handshake("/echo")
        assert client.response()[2] == b"slow"
        assert client.response()[0] == 101
        client.send(text("after"))
        assert client.message() == "after"


def test_an_upgrade_behind_a_slow_request_with_frames_glued_to_it_works(serve):
    with Raw(serve("ws_cases").port) as client:
        client.request("GET /slow")
        client.handshake("/echo", glued=text("glued") + text("second"))
        assert client.response()[2] == b"slow"
        assert client.response()[0] == 101
        assert client.message() == "glued"
        client.send(text("after"))
        assert [client.message(), client.message()] == ["second", "after"]


def test_many_bytes_before_accept_wait_for_it(serve):
    served = serve("ws_cases", rx_buffer=1024, handshake_timeout=10)
    with Raw(served.port) as client:
        messages = ["%d " % n + "x" * 500 for n in range(40)]
        client.handshake("/late/0.3", glued=b"".join(text(message) for message in messages))
        assert client.response()[0] == 101
        assert [client.message() for _ in messages] == messages


def test_garbage_behind_a_refused_handshake_is_not_taken_for_a_request(cases):
    with Raw(cases.port) as client:
        client.handshake("/case/close_first", glued=b"GET /state HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.response()[0] == 403
        assert client.at_end()
