"""The order of a handshake's checks, dependencies of every kind, names, streams of a known length."""

import json

import pytest
from raw import Raw
from serving import eventually


@pytest.fixture
def gaps(serve):
    """The server of apps/gaps.py."""
    return serve("gaps")


def steps(served):
    return [line[7:] for line in served.log().splitlines() if line.startswith("order: ")]


def test_the_checks_of_a_handshake_come_in_their_order(gaps):
    evil, good = "https://evil.example", "https://ok.example"
    seen = 0
    for target, origin, status, asked in (
        ("/order/x?q=z", evil, 404, []),
        ("/order/1?q=z", evil, 422, ["query"]),
        ("/order/1?q=2&hook=close", evil, 403, ["query"]),
        ("/order/1?q=2&hook=close", good, 403, ["query", "hook"]),
        ("/order/1?q=2", good, 101, ["query", "hook", "dependency", "handler"]),
    ):
        with Raw(gaps.port) as client:
            client.handshake(target, "Origin: " + origin)
            assert client.response()[0] == status
            if status == 101:
                assert client.message() == "here"
        eventually(lambda n=seen, asked=asked: steps(gaps)[n:] == asked, f"the steps of {target}")
        seen += len(asked)


def test_a_dependency_may_be_an_instance_async_or_know_its_websocket_and_a_failing_teardown_is_logged(gaps):
    gaps.expect_errors = True
    for n in (1, 2):
        with Raw(gaps.port) as client:
            client.open("/deps")
            assert json.loads(client.message()) == [n, "slow", "value", "/deps", "/deps"]
            assert client.closing()[0] == 1000
    eventually(lambda: gaps.log().count("RuntimeError: teardown as intended") == 2, "the log tells of the teardown")
    with Raw(gaps.port) as client:
        assert json.loads(client.get("/deps")[2]) == [1, "value"]


def test_a_dependency_that_refuses_after_an_accepting_hook_closes_with_1008(gaps):
    with Raw(gaps.port) as client:
        client.open("/refuses")
        assert client.closing()[0] == 1008
    assert "never: ran" not in gaps.log()


def test_query_values_are_converted_and_required_ones_asked_for(gaps):
    words = {"1": True, "TRUE": True, "yes": True, "On": True, "0": False, "false": False, "No": False, "off": False}
    for word, value in words.items():
        with Raw(gaps.port) as client:
            client.open(f"/flag?flag={word}&f=1.5&need=x")
            assert json.loads(client.message()) == [value, 1.5, "x"]
    for query, name in (("flag=maybe&need=x", "flag"), ("f=much&need=x", "f"), ("flag=1", "need")):
        with Raw(gaps.port) as client:
            client.handshake("/flag?" + query)
            status, _, body = client.response()
            assert status == 422 and json.loads(body)["detail"].endswith("query param: " + name)


def test_every_name_is_where_the_documents_import_it_from(gaps):
    with Raw(gaps.port) as client:
        client.open("/names")
        assert json.loads(client.message()) == [True] * 7 + ["hello"]


@pytest.mark.parametrize("debug", [False, True])
def test_in_debug_mode_an_exception_reaches_the_loops_handler_and_the_wire_stays_1011(serve, debug):
    served = serve("gaps", debug=debug)
    served.expect_errors = debug
    with Raw(served.port) as client:
        client.open("/boom")
        assert client.closing()[0] == 1011
    served.wait_for_log("viperhttp: WebSocket /boom: ZeroDivisionError")
    if debug:
        served.wait_for_log("loop: WebSocket /boom: ZeroDivisionError")
        served.wait_for_log("Traceback")
    else:
        assert "loop:" not in served.log() and "Traceback" not in served.log()


def test_a_stream_of_a_known_length_says_it_and_keeps_it(gaps):
    with Raw(gaps.port) as client:
        status, headers, body = client.get("/length/6")
        assert (status, headers["content-length"], body) == (200, "6", b"abcdef")
        assert "transfer-encoding" not in headers
        assert client.get("/length/6")[2] == b"abcdef"  # on the same connection
    for total, words, sent in ((7, "1 bytes shorter", b"abcdef"), (5, "longer", b"abc")):
        with Raw(gaps.port) as client:
            client.request(f"GET /length/{total}")
            assert client.read_until(b"\r\n\r\n")
            assert client.read_all() == sent
        gaps.wait_for_log(words)
