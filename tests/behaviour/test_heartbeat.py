"""Life signs: the server's own ping and its deadline; a PING or CLOSE that comes while the handler is busy."""

import time

import pytest
from raw import Raw, close, frame, text
from websockets.sync.client import connect

PING, PONG = (0x89, b""), frame(0x8A)


def test_a_ping_is_answered_while_the_handler_sleeps(serve):
    with Raw(serve("ws_cases").port) as client:
        client.open("/busy/2.0")
        client.send(text("echoed after two seconds") + frame(0x89, b"are you there"))
        assert client.frame() == (0x8A, b"are you there")
        assert client.message() == "echoed after two seconds"


def test_a_ping_is_answered_while_the_handler_only_sends(serve):
    with Raw(serve("ws_cases").port) as client:
        client.open("/ticks")
        client.send(frame(0x89, b"there"))
        while True:
            answer = client.frame()
            if answer[0] != 0x81:
                break
        assert answer == (0x8A, b"there")


def test_a_ping_is_answered_while_the_handler_sends_in_a_tight_loop(serve):
    with Raw(serve("ws_cases").port) as client:
        client.open("/flood/100")
        client.send(frame(0x89, b"there"))
        for _ in range(500000):
            answer = client.frame()
            if answer[0] != 0x81:
                break
        assert answer == (0x8A, b"there")


def test_a_close_is_answered_while_the_handler_sleeps(serve):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open("/busy/1.0")
        client.send(close(4001, b"bye"))
        assert client.closing() == (4001, "")
        assert client.at_end()
        assert "busy: awake" not in served.log()
    served.wait_for_log("busy: awake, closed = True 4001")


@pytest.mark.parametrize("path", ["/ticks", "/flood/100"])
def test_a_close_ends_a_handler_that_only_sends(serve, path):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open(path)
        client.frame()
        client.send(close(4001))
        while True:
            byte0, payload = client.frame()
            if byte0 != 0x81:
                break
        assert (byte0, payload) == (0x88, b"\x0f\xa1")
        assert client.at_end()
    served.wait_for_log(path[1:6] + ": ended 4001")


def test_every_ping_of_many_gets_an_answer(serve):
    with Raw(serve("ws_cases").port) as client:
        client.open("/busy/1.0")
        client.send(b"".join(frame(0x89, b"%d" % n) for n in range(50)))
        assert [client.frame() for _ in range(50)] == [(0x8A, b"%d" % n) for n in range(50)]


def test_a_silent_peer_is_pinged_and_then_dropped(serve):
    served = serve("ws_cases", ping_interval=0.2, pong_timeout=0.3, max_clients=1)
    with Raw(served.port) as client:
        started = time.monotonic()
        client.open("/echo")
        assert client.frame() == PING
        assert client.at_end()
        assert time.monotonic() - started > 0.35
    served.wait_for_log("echo: closed 1006")


def test_a_peer_that_answers_pings_stays(serve):
    with Raw(serve("ws_cases", ping_interval=0.2, pong_timeout=1).port) as client:
        client.open("/echo")
        for _ in range(8):  # longer than interval and timeout together
            assert client.frame() == PING
            client.send(PONG)
        client.send(text("still here"))
        assert client.message() == "still here"


@pytest.mark.parametrize("sign", ["message", "part of a frame", "ping", "unasked pong"])
def test_any_byte_is_a_sign_of_life(serve, sign):
    whole = frame(0x82, bytes(100))
    with Raw(serve("ws_cases", ping_interval=0.2, pong_timeout=1, shutdown_timeout=0.1).port) as client:
        client.open("/busy/60.0")
        for n in range(8):
            # The answer to a ping is another sign than the PONG that was asked for.
            while client.frame() != PING:
                pass
            if sign == "message":
                client.send(text("x"))
            elif sign == "part of a frame":
                client.send(whole[n * 10 : n * 10 + 10])
            elif sign == "ping":
                client.send(frame(0x89, b"mine"))
            else:
                client.send(frame(0x8A, b"unasked"))


def test_a_peer_that_talks_is_not_pinged(serve):
    with connect(f"ws://127.0.0.1:{serve('ws_cases', ping_interval=0.4, pong_timeout=0.2).port}/echo") as client:
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            client.send("x")
            assert client.recv(5) == "x"


def test_an_ordinary_client_lives_through_many_heartbeats(serve):
    served = serve("ws_cases", ping_interval=0.2, pong_timeout=1)
    with connect(f"ws://127.0.0.1:{served.port}/late-echo/2.0") as client:
        assert client.recv(10) == "late"
        client.send("x")
        assert client.recv(5) == "x"


def test_without_an_interval_nobody_is_pinged(serve):
    with Raw(serve("ws_cases", ping_interval=None, pong_timeout=0.1).port) as client:
        client.open("/late-echo/0.6")
        assert client.message() == "late"


def test_a_heartbeat_does_not_end_a_peer_that_is_not_read_from(serve):
    # Reading pauses while the handler is busy: that the peer's bytes wait in the network is no silence.
    served = serve("ws_cases", ping_interval=0.2, pong_timeout=0.8, recv_queue=500)
    with Raw(served.port) as client:
        client.open("/busy/2.0")
        messages = ["%d " % n + "x" * 100 for n in range(60)]
        client.send(b"".join(text(message) for message in messages))
        received = []
        while len(received) < len(messages):
            answer = client.frame()
            if answer == PING:
                client.send(PONG)
            else:
                received.append(answer[1].decode())
        assert received == messages
