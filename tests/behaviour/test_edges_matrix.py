"""The edge matrix: one test per line, over real sockets, with what is on the wire."""

import json
import struct

import pytest
import runtimes
from raw import KEY, Raw, close, frame, text
from serving import Served, eventually

ON = {"cpython": runtimes.RUNTIMES[0], "micropython": runtimes.RUNTIMES[2]}
LIMITS = {"handshake_timeout": 0.3, "close_timeout": 0.5, "keep_alive_timeout": 0.3}


@pytest.fixture(scope="module")
def edges():
    """One server for all tests of this module that need no special limits."""
    served = {}

    def get(name):
        runtime = ON[name]
        if runtime.missing():
            pytest.skip(runtime.missing())
        if name not in served:
            served[name] = Served(runtime, "edge_main", "1M", None, LIMITS)
            served[name].expect_errors = True
            served[name].wait_until_ready()
        return served[name]

    yield get
    for one in served.values():
        one.stop()


@pytest.fixture(params=["cpython", "micropython"])
def server(edges, request):
    """The server; log_has() looks at what it prints from here on."""
    served = edges(request.param)
    served.begun = len(served.log())
    return served


def log_has(server, *lines):
    """Wait for lines in the log since the test began; that part of the log."""
    eventually(lambda: all(line + "\n" in server.log()[server.begun :] for line in lines), f"{lines} in the log")
    return server.log()[server.begun :]


def refusal(server, path, *headers):
    """(status, headers, body) of a refused handshake, after which the connection is closed."""
    with Raw(server.port) as client:
        client.handshake(path, *headers)
        answer = client.response()
        assert answer[0] != 101
        assert client.at_end()
        return answer


# ---- receiving ---------------------------------------------------------------


def test_e01_receive_text_of_a_binary_frame_is_1003(server):
    with Raw(server.port) as client:
        client.open("/receive/text")
        client.send(frame(0x82, b"\x01") + text("next"))
        log_has(server, "text: WebSocketException 1003 'expected text'")
        assert client.frame() == (0x81, b"next")
    with Raw(server.port) as client:
        client.open("/uncaught/text")
        client.send(frame(0x82, b"\x01"))
        assert client.frame() == (0x88, b"\x03\xebexpected text")


def test_e02_receive_bytes_of_a_text_frame_is_1003(server):
    with Raw(server.port) as client:
        client.open("/uncaught/bytes")
        client.send(text("x"))
        assert client.frame() == (0x88, b"\x03\xebexpected bytes")


def test_e03_receive_json_of_no_json_is_a_value_error(server):
    with Raw(server.port) as client:
        client.open("/receive/json")
        client.send(text("{nope") + text("[1]"))
        assert client.message() == "[1]"
    with Raw(server.port) as client:
        client.open("/uncaught/json")
        client.send(text("{nope"))
        assert client.frame() == (0x88, b"\x03\xf3")


def test_e04_receive_json_takes_a_binary_frame(server):
    with Raw(server.port) as client:
        client.open("/uncaught/json")
        client.send(frame(0x82, b'{"a": 1}'))
        assert client.message() == json.dumps(str({"a": 1}))


def test_e05_the_peers_close_has_its_code_and_reason(server):
    with Raw(server.port) as client:
        client.open("/end-text")
        client.send(close(4001, b"bye"))
        assert client.frame() == (0x88, b"\x0f\xa1")
        assert client.at_end()
    log_has(server, "text: WebSocketDisconnect 4001 'bye'", "state: True 4001 'bye'")
    with Raw(server.port) as client:
        client.open("/end")
        client.send(close(4001, b"bye"))
        log = log_has(server, "fourth: WebSocketDisconnect 4001 'bye'")
    assert "'reason': 'bye'" in log and "'code': 4001" in log and "'type': 'close'" in log


def test_e06_a_close_without_a_code_is_1005(server):
    with Raw(server.port) as client:
        client.open("/end-text")
        client.send(close())
        assert client.frame() == (0x88, b"")
        assert client.at_end()
    log_has(server, "text: WebSocketDisconnect 1005 ''")


def test_e07_a_lost_connection_is_1006_and_no_cancellation(server):
    for leave in ("close", "reset"):
        client = Raw(server.port)
        client.open("/end-text")
        client.reset() if leave == "reset" else client.sock.close()
        log = log_has(server, "text: WebSocketDisconnect 1006 ''", "state: True 1006 ''")
        assert "cancelled" not in log


def test_e08_an_illegal_close_code_is_answered_with_1002(server):
    for code in (1006, 1005, 1004, 1015, 999, 5000, 2999):
        with Raw(server.port) as client:
            client.open("/end-text")
            client.send(close(code))
            byte0, payload = client.frame()
            assert (byte0, payload[:2]) == (0x88, b"\x03\xea"), code
            assert client.at_end()


def test_e09_receiving_again_raises_each_time_and_never_hangs(server):
    with Raw(server.port) as client:
        client.open("/end")
        client.send(close(4001))
        log = log_has(server, "second: WebSocketDisconnect 4001 ''", "third: WebSocketDisconnect 4001 ''",
                      "fourth: WebSocketDisconnect 4001 ''", "state: True 4001 ''")
    assert "'code': 4001" in log and "reason" not in log


# ---- after the end ----------------------------------------------------------------


def test_e10_sending_after_the_peers_close_raises_its_code(server):
    with Raw(server.port) as client:
        client.open("/push")
        assert client.message() == "tick"
        client.send(close(4001, b"enough"))
        log_has(server, "push: ended 4001 'enough'")
    with Raw(server.port) as client:
        client.open("/push")
    log_has(server, "push: ended 1006 ''")


def test_e11_sending_after_the_own_close_raises(server):
    with Raw(server.port) as client:
        client.open("/own-close")
        assert client.frame() == (0x88, b"\x0f\xa0mine")
        log_has(server, "send: WebSocketDisconnect 4000 'mine'")


def test_e12_receiving_after_the_own_close_raises(server):
    with Raw(server.port) as client:
        client.open("/own-close")
        log_has(server, "receive: WebSocketDisconnect 4000 'mine'")


def test_e13_a_second_accept_does_nothing(server):
    with Raw(server.port) as client:
        client.open("/accept-twice")
        assert client.message() == "once"
        assert client.closing() == (1000, "")
    log_has(server, "accept: None")


def test_e14_a_second_close_does_nothing(server):
    with Raw(server.port) as client:
        client.open("/own-close")
        assert client.frame() == (0x88, b"\x0f\xa0mine")
        client.send(close(4000))
        assert client.at_end()
    log_has(server, "close: None", "accept: WebSocketDisconnect 4000 'mine'")


# ---- before the handshake is complete ----------------------------------------------


def test_e15_sending_and_receiving_before_accept_raise(server):
    with Raw(server.port) as client:
        client.open("/early")
        assert client.message() == "accepted"
    log_has(server, *[what + ": RuntimeError the WebSocket is not accepted yet: call `await ws.accept()` first"
                      for what in ("send", "receive")])
    with Raw(server.port) as client:
        client.open("/early-auto")
        assert client.message() == "accepted by sending"


def test_e16_close_before_accept_is_403(server):
    status, headers, body = refusal(server, "/first/close")
    assert (status, headers["connection"], body) == (403, "close", b"")
    log_has(server, "accept: WebSocketDisconnect 1008 ''")


def test_e17_returning_without_accept_is_403(server):
    assert refusal(server, "/first/return")[0] == 403


def test_e18_an_exception_before_accept_is_500(server):
    assert refusal(server, "/first/raise")[0] == 500
    log_has(server, "viperhttp: WebSocket /first/{what}: KeyError: " + _key_error(server, "before accept"))


def test_e19_an_exception_after_accept_is_1011(server):
    with Raw(server.port) as client:
        client.open("/then/raise")
        assert client.frame() == (0x88, b"\x03\xf3")
    log_has(server, "viperhttp: WebSocket /then/{what}: KeyError: " + _key_error(server, "after accept"))


def test_e20_returning_after_accept_is_1000(server):
    with Raw(server.port) as client:
        client.open("/then/return")
        assert client.frame() == (0x88, b"\x03\xe8")
        client.send(close(1000))
        assert client.at_end()


def test_e21_a_websocket_exception_closes_with_its_code(server):
    with Raw(server.port) as client:
        client.open("/then/exception")
        assert client.frame() == (0x88, b"\x0f\xa2wse")
    assert refusal(server, "/first/exception")[0] == 403


def _key_error(server, message):
    return message if server.runtime.micropython else repr(message)


# ---- which path ------------------------------------------------------------------------


def test_e22_an_unknown_path_is_404(server):
    assert refusal(server, "/nowhere")[0] == 404


def test_e23_an_upgrade_of_an_http_route_is_404_and_runs_nothing(server):
    assert refusal(server, "/page")[0] == 404
    with Raw(server.port) as client:
        assert client.get("/page")[0] == 200
    assert log_has(server, "page: the HTTP handler ran").count("the HTTP handler ran") == 1


def test_e24_a_plain_get_of_a_websocket_route_is_426(server):
    with Raw(server.port) as client:
        status, headers, _ = client.get("/end")
        assert (status, headers["upgrade"].lower()) == (426, "websocket")
        assert "upgrade" in headers["connection"].lower()
        assert client.get("/page")[0] == 200


def test_e25_a_subprotocol_that_was_not_offered_is_not_answered(server):
    for offer in ([], ["Sec-WebSocket-Protocol: chat.v2, mqtt"], ["Sec-WebSocket-Protocol: CHAT.V1"]):
        with Raw(server.port) as client:
            assert "sec-websocket-protocol" not in client.open("/chat", *offer)
            assert client.message() == '{"subprotocol": null}'
    with Raw(server.port) as client:
        headers = client.open("/chat", "Sec-WebSocket-Protocol: chat.v2", "Sec-WebSocket-Protocol: chat.v1")
        assert headers["sec-websocket-protocol"] == "chat.v1"
        assert client.message() == '{"subprotocol": "chat.v1"}'


def test_e26_a_close_code_that_may_not_be_sent_is_an_error(server):
    for code in (403, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000):
        with Raw(server.port) as client:
            client.open(f"/close/{code}")
            assert client.frame() == (0x88, b"\x03\xf3"), code
    with Raw(server.port) as client:
        client.open("/then/illegal-exception")
        assert client.closing()[0] == 1011


def test_e27_a_long_reason_is_cut_between_characters(server):
    for shift in range(4):
        with Raw(server.port) as client:
            client.open(f"/long-reason/{shift}")
            byte0, payload = client.frame()
            assert byte0 == 0x88 and payload[:2] == struct.pack("!H", 4003)
            assert payload[2:].decode() == "x" * shift + "€" * ((123 - shift) // 3)
            assert 120 < len(payload) - 2 <= 123


def test_e28_a_path_parameter_of_the_wrong_type_is_404(server):
    assert refusal(server, "/number/abc")[0] == 404
    with Raw(server.port) as client:
        client.open("/number/-12")
        assert client.message() == '{"n": -12}'


def test_e29_a_query_parameter_of_the_wrong_type_is_422(server):
    for path in ("/query?n=zz", "/query-auto?n=zz"):
        status, headers, body = refusal(server, path)
        assert (status, headers["content-type"]) == (422, "application/json")
        assert json.loads(body) == {"detail": "Invalid query param: n"}
    with Raw(server.port) as client:
        client.open("/query?n=12")
        assert client.message() == '{"n": 12}'


def test_e30_an_undeclared_query_parameter_is_ignored(server):
    for path, answer in (("/query?zzz=1", '{"n": 7}'), ("/number/3?zzz=1&n=9", '{"n": 3}')):
        with Raw(server.port) as client:
            client.open(path)
            assert client.message() == answer


def test_e31_a_path_is_split_before_it_is_decoded(server):
    with Raw(server.port) as client:
        client.open("/room/a%20b%2Fc")
        assert json.loads(client.message()) == {"x": "a b/c", "also": "a b/c"}
    assert refusal(server, "/room/a/c")[0] == 404
    with Raw(server.port) as client:
        client.handshake("/room/%zz")
        assert client.response()[0] == 400


def test_e32_a_dependency_that_refuses_decides_the_status(server):
    status, headers, body = refusal(server, "/denied")
    assert (status, headers["content-type"]) == (401, "application/json")
    assert json.loads(body) == {"detail": "who are you?"}
    with Raw(server.port) as client:
        client.open("/denied-later")
        assert client.frame() == (0x88, b"\x03\xf0")
    assert "denied: the handler ran" not in server.log()


def test_e33_a_malformed_handshake_is_400_or_426(server):
    upgrade = ["Upgrade: websocket", "Connection: Upgrade"]
    key = "Sec-WebSocket-Key: " + KEY
    version = "Sec-WebSocket-Version: 13"
    for lines in (
        [version],
        [key],
        [version, "Sec-WebSocket-Key: c2hvcnQ="],
        [version, "Sec-WebSocket-Key: " + KEY[:-2]],
        [version, key, key],
        [version, "Sec-WebSocket-Key: ???????????????????????=="],
    ):
        with Raw(server.port) as client:
            client.request("GET /end", upgrade + lines)
            assert client.response()[0] == 400, lines
    with Raw(server.port) as client:
        client.request("GET /end", [*upgrade, key, "Sec-WebSocket-Version: 8"])
        status, headers, _ = client.response()
        assert (status, headers["sec-websocket-version"]) == (426, "13")


def test_e34_a_handler_that_does_not_decide_is_504(server):
    status, _, _ = refusal(server, "/undecided")
    assert status == 504
    log_has(server, "undecided: WebSocketDisconnect 1006 ''")
    with Raw(server.port) as client:
        client.open("/undecided-auto")
        assert client.message() == "still here"


def test_e35_a_full_server_answers_503(serve):
    served = serve("edge_main", max_clients=1, retry_after=7)
    with Raw(served.port) as first:
        first.open("/end-text")
        with Raw(served.port) as second:
            second.handshake("/end-text")
            status, headers, _ = second.response()
            assert (status, headers["retry-after"]) == (503, "7")
            assert second.at_end()
        first.send(close(1000))
        assert first.closing()[0] == 1000

    def opens():
        with Raw(served.port) as third:
            third.handshake("/end-text")
            return third.response()[0] == 101

    eventually(opens, "the slot is free again")
