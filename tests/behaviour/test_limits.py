"""Limits and deadlines: slots, refusals, and how long the server waits for each thing."""

import json
import socket
import time

from raw import Raw, frame, text
from serving import Served, eventually


def state(port):
    with Raw(port) as client:
        return json.loads(client.get("/state")[2])


# ---- slots -----------------------------------------------------------------------


def test_one_client_too_many_gets_a_503_that_it_can_read(serve):
    served = serve("ws_cases", max_clients=2, retry_after=7)
    with Raw(served.port) as first, Raw(served.port) as second:
        first.open("/echo")
        second.open("/echo")
        with Raw(served.port) as third:
            third.handshake("/echo")
            status, headers, body = third.response()
            assert (status, headers["retry-after"], headers["connection"]) == (503, "7", "close")
            assert b"full" in body
            assert third.at_end()
        first.send(text("still"))
        assert first.message() == "still"


def test_a_slot_comes_back_however_its_client_left(serve):
    served = serve("ws_cases", max_clients=1, close_timeout=0.2)
    for leave in ("close", "reset", "eof", "half a handshake", "refused", "answered"):
        client = eventually(lambda leave=leave: taken(served.port, leave), "a slot for " + leave)
        if leave == "eof":
            client.end_sending()
            client.read_all()
        elif leave == "reset":
            client.reset()
        client.sock.close()


def taken(port, leave):
    """A client that has the only slot, or None."""
    client = Raw(port)
    try:
        if leave == "half a handshake":
            client.send("GET /echo HTTP/1.1\r\nUpgrade: webs")
            return client
        if leave == "answered":
            return client if client.get("/state")[0] == 200 else None
        client.handshake("/case/return_first" if leave == "refused" else "/echo")
        return client if client.response()[0] == (403 if leave == "refused" else 101) else None
    except (OSError, EOFError):
        return None


def test_two_hundred_clients_one_after_the_other(serve):
    served = serve("ws_cases", max_clients=2)
    for n in range(200):
        with Raw(served.port) as client:
            client.handshake("/echo", glued=text(str(n)))
            status = client.response()[0]
            assert status in (101, 503)
            if status == 101:
                assert client.message() == str(n)
            client.reset()
    eventually(lambda: state_or_none(served.port) == 1, "all slots are free")


def state_or_none(port):
    try:
        return state(port)["clients"]
    except (OSError, EOFError, ValueError):
        return None


def test_a_storm_of_refusals_does_not_starve_a_client(serve):
    served = serve("ws_cases", max_clients=1)
    with Raw(served.port) as client:
        client.open("/echo")
        storm = []
        slowest = 0
        for n in range(60):
            other = socket.socket()
            other.setblocking(False)
            other.connect_ex(("127.0.0.1", served.port))
            storm.append(other)
            started = time.monotonic()
            client.send(text(str(n)))
            assert client.message() == str(n)
            slowest = max(slowest, time.monotonic() - started)
        assert slowest < 4
        for other in storm:
            other.close()


def test_refused_clients_that_stay_are_closed(serve):
    served = serve("ws_cases", max_clients=1)
    with Raw(served.port) as client:
        client.open("/echo")
        others = [Raw(served.port) for _ in range(8)]
        for other in others:
            other.read_all()  # ends because the server closes


def test_websockets_and_plain_requests_share_the_slots(serve):
    served = serve("ws_cases", max_clients=2)
    with Raw(served.port) as first, Raw(served.port) as second, Raw(served.port) as third:
        first.open("/echo")
        assert second.get("/state")[0] == 200
        assert third.get("/state")[0] == 503


# ---- deadlines -------------------------------------------------------------------


def lasts(client, low, high):
    """Whether the server closes between `low` and `high` seconds from now."""
    started = time.monotonic()
    rest = client.read_all()
    assert low <= time.monotonic() - started <= high, time.monotonic() - started
    return rest


def test_a_client_that_says_nothing_is_closed_after_first_byte_timeout(serve):
    with Raw(serve("ws_cases", first_byte_timeout=0.3).port) as client:
        assert lasts(client, 0.2, 2.9) == b""


def test_half_a_head_is_408_after_head_timeout_however_it_drips(serve):
    with Raw(serve("ws_cases", head_timeout=0.4).port) as client:
        client.send("GET /echo HTTP/1.1\r\n")
        for _ in range(4):
            client.send("X")
            time.sleep(0.05)
        assert client.response()[0] == 408
        assert client.at_end()


def test_an_idle_kept_connection_is_closed_after_keep_alive_timeout(serve):
    with Raw(serve("ws_cases", keep_alive_timeout=0.3).port) as client:
        assert client.get("/state")[0] == 200
        assert lasts(client, 0.2, 2.9) == b""


def test_an_open_websocket_has_no_such_deadline(serve):
    config = {"first_byte_timeout": 0.1, "head_timeout": 0.1, "keep_alive_timeout": 0.1, "handshake_timeout": 0.1,
              "response_timeout": 0.1, "close_timeout": 0.1}
    with Raw(serve("ws_cases", **config).port) as client:
        client.open("/late-echo/0.7")
        assert client.message() == "late"
        client.send(text("x"))
        assert client.message() == "x"


def test_a_deadline_of_none_does_not_end_anything(serve):
    with Raw(serve("ws_cases", first_byte_timeout=None, handshake_timeout=None, message_timeout=None).port) as client:
        client.handshake("/late/0.3", glued=text("whole")[:4])
        assert client.response()[0] == 101


def test_a_message_may_take_long_when_its_deadline_is_off(serve):
    whole = text("slowly")
    with Raw(serve("ws_cases", message_timeout=None).port) as client:
        client.open("/echo")
        for byte in whole:
            client.send(bytes([byte]))
            time.sleep(0.02)
        assert client.message() == "slowly"


def test_each_message_has_the_deadline_anew(serve):
    with Raw(serve("ws_cases", message_timeout=2).port) as client:
        client.open("/echo")
        for _ in range(5):
            whole = frame(0x81, b"x" * 30)
            client.send(whole[:20])
            time.sleep(0.5)
            client.send(whole[20:])
            assert client.message() == "x" * 30


def test_an_unknown_key_is_named(runtime):
    served = Served(runtime, "ws_cases", "1M", None, {"max_client": 1})
    assert served.wait() == 1
    assert "unknown config key 'max_client'" in served.log()
