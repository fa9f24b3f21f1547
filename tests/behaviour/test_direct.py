"""ws.each(), ws.relay(): messages without a task that waits for them, on both runtimes, with all kernels."""

import json
import threading
import time

import pytest
import runtimes
from raw import Raw, close, frame, text
from serving import PATIENCE, Served, eventually

WAYS = ("relay", "each", "view")
FIRST, MIDDLE, LAST = 0x01, 0x00, 0x80


@pytest.fixture(scope="module", params=runtimes.RUNTIMES, ids=lambda chosen: chosen.name)
def every(request):
    """Each interpreter with each set of byte loops."""
    if request.param.missing():
        pytest.skip(request.param.missing())
    return request.param


@pytest.fixture(scope="module")
def server(every):
    """One server with default limits for all tests that change nothing in it."""
    served = Served(every, "direct", "1M", None, {})
    try:
        served.wait_until_ready()
        yield served
    finally:
        served.stop()
    served.check_log()


@pytest.fixture
def start(every):
    """start(key=value...) starts a server of its own with those config keys."""
    running = []

    def start_one(**config):
        served = Served(every, "direct", "1M", None, config)
        running.append(served)
        served.wait_until_ready()
        return served

    yield start_one
    for served in running:
        served.stop()
    for served in running:
        served.check_log()


def opened(served, path, **more):
    client = Raw(served.port, **more)
    client.open(path)
    return client


# ---- what goes back ------------------------------------------------------------


@pytest.mark.parametrize("way", ["relay", "each", "view", "no-task/relay", "no-task/each", "no-task/view"])
def test_every_kind_of_message_comes_back_as_it_was(server, way):
    messages = [
        (0x81, b"a"),
        (0x81, b""),
        (0x82, b""),
        (0x82, bytes(range(256)) * 2),
        (0x81, "gr\u00fc\u00dfe \U0001f40d".encode()),
        (0x81, b"x" * 125),
        (0x81, b"x" * 126),
        (0x82, b"y" * 1900),
        (0x81, b"z" * 2047),
        (0x81, "\u20ac".encode() * 4000),
        (0x82, bytes(16384)),
        (0x81, b"end"),
    ]
    with opened(server, "/" + way) as client:
        for byte0, payload in messages:
            client.send(frame(byte0, payload))
            assert client.frame() == (byte0, payload)
        client.send(close(1000, b"bye"))
        assert client.closing() == (1000, "")
        assert client.at_end()


@pytest.mark.parametrize("way", WAYS)
def test_many_messages_in_one_segment_come_back_in_order(server, way):
    sent = []
    for n in range(400):
        sent.append((0x82, b"%d" % n + bytes(n % 40)) if n % 3 else (0x81, ("\u00e4%d" % n * (n % 70)).encode()))
    with opened(server, "/" + way) as client:
        client.send(b"".join(frame(byte0, payload) for byte0, payload in sent))
        for message in sent:
            assert client.frame() == message


@pytest.mark.parametrize("way", WAYS)
def test_messages_may_come_one_byte_at_a_time_and_in_fragments(server, way):
    word = "\U0001f40d\u00e4\u20ac".encode()
    with opened(server, "/" + way) as client:
        client.drip(text("a") + frame(0x82, bytes(range(200))) + text("") + frame(0x89, b"ping") + text("\u20ac" * 50))
        assert client.frame() == (0x81, b"a")
        assert client.frame() == (0x82, bytes(range(200)))
        assert client.frame() == (0x81, b"")
        assert client.frame() == (0x8A, b"ping")
        assert client.message() == "\u20ac" * 50
        client.drip(frame(FIRST, word[:1]) + frame(MIDDLE, b"") + frame(MIDDLE, word[1:5]) + frame(LAST, word[5:]))
        assert client.frame() == (0x81, word)
        client.send(frame(0x02, b"bin") + frame(0x89, b"between") + frame(LAST, b"ary") + text("next"))
        assert client.frame() == (0x8A, b"between")
        assert client.frame() == (0x82, b"binary")
        assert client.message() == "next"


@pytest.mark.parametrize("way", WAYS)
def test_pings_between_messages_are_answered(server, way):
    with opened(server, "/" + way) as client:
        client.send(b"".join(text("%d" % n) + frame(0x89, b"%d" % n) + frame(0x8A) for n in range(20)))
        got = [client.frame() for _ in range(40)]
        assert sorted(got) == sorted([(0x81, b"%d" % n) for n in range(20)] + [(0x8A, b"%d" % n) for n in range(20)])
        assert [payload for byte0, payload in got if byte0 == 0x81] == [b"%d" % n for n in range(20)]


@pytest.mark.parametrize("way", WAYS)
def test_what_came_before_goes_first(server, way):
    begun = server.log().count("late: begins")
    with Raw(server.port) as client:
        client.open("/late/" + way, glued=text("one"))
        client.send(text("two") + text("three" * 900) + frame(FIRST, b"fo"))
        eventually(lambda: server.log().count("late: begins") > begun, "relay() is under way")
        client.send(frame(LAST, b"ur") + text("five"))
        assert [client.message() for _ in range(5)] == ["one", "two", "three" * 900, "four", "five"]


def test_a_callback_gets_str_or_bytes(server):
    with opened(server, "/kinds") as client:
        for message in (text("ab"), frame(0x82, b"\x00\x01"), frame(FIRST, b"x") + frame(LAST, b"y"), text("")):
            client.send(message)
        assert [client.message() for _ in range(4)] == ["str 'ab'", "bytes b'\\x00\\x01'", "str 'xy'", "str ''"]


def test_a_view_is_told_whether_it_is_text(server):
    with opened(server, "/view-kinds") as client:
        for message in (text("ab"), frame(0x82, b"\x00\x01"), frame(FIRST, b"x") + frame(LAST, b"y"), text("")):
            client.send(message)
        assert [client.message() for _ in range(4)] == [
            "memoryview True b'ab'",
            "memoryview False b'\\x00\\x01'",
            "memoryview True b'xy'",
            "memoryview True b''",
        ]


# ---- protections ---------------------------------------------------------------


@pytest.mark.parametrize("way", ["relay", "each", "view", "no-task/relay", "no-task/each"])
@pytest.mark.parametrize(
    "wrong", [b"\xc0\xaf", b"ok \xed\xa0\x80", b"\xf4\x90\x80\x80", b"cut \xe2\x82", b"x" * 300 + b"\xff"]
)
def test_text_that_is_not_utf8_is_refused(server, way, wrong):
    for sent in (frame(0x81, wrong), frame(FIRST, wrong) + frame(LAST), frame(0x82, b"before") + frame(0x81, wrong)):
        with opened(server, "/" + way) as client:
            client.send(sent + text("behind"))
            got = client.frame()
            if got == (0x82, b"before"):
                got = client.frame()
            assert got[0] == 0x88 and got[1][:2] == b"\x03\xef", got
            client.send(close(1007))
            assert client.at_end()


@pytest.mark.parametrize("way", WAYS)
def test_a_message_over_the_limit_is_refused(server, way):
    for sent in (text("x" * 101), frame(FIRST, b"x" * 60) + frame(LAST, b"x" * 60), frame(0x82, bytes(5000))):
        with opened(server, "/small/" + way) as client:
            client.send(text("x" * 100) + sent)
            assert client.message() == "x" * 100
            assert client.closing()[0] == 1009


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "wrong",
    [frame(0x81, b"bare", masked=False), frame(0xC1, b"x"), frame(0x83, b"x"), frame(LAST, b"x"), frame(0x09, b"")],
)
def test_what_breaks_the_protocol_is_refused(server, way, wrong):
    with opened(server, "/" + way) as client:
        client.send(text("fine") + wrong)
        assert client.message() == "fine"
        assert client.closing()[0] == 1002


@pytest.mark.parametrize("path", ["/raises", "/raises-view", "/raises-no-task"])
def test_an_exception_in_a_callback_closes_with_1011_and_is_logged(server, path):
    with opened(server, path) as client:
        client.send(text("now") + text("not this"))
        assert client.closing() == (1011, "")
        client.send(close(1011))
        assert client.at_end()
    server.wait_for_log("WebSocket " + path)


def test_idle_timeout_counts_messages_and_not_pings(server):
    with opened(server, "/idle") as client:
        for _ in range(5):
            time.sleep(0.2)
            client.send(text("busy"))
            assert client.message() == "busy"
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE:
            client.send(frame(0x89))
            got = client.frame()
            if got[0] == 0x88:
                break
            time.sleep(0.1)
        assert got[1][:2] == b"\x03\xe9", got


def test_silence_is_answered_by_a_ping_and_its_pong_is_life(start):
    served = start(ping_interval=0.2, pong_timeout=0.3)
    with opened(served, "/relay") as client:
        for _ in range(3):
            assert client.frame() == (0x89, b"")
            client.send(frame(0x8A))
        assert client.frame() == (0x89, b"")
        assert client.at_end()
    served.wait_for_log("relay: ended 1006")


@pytest.mark.parametrize("way", WAYS)
def test_a_peer_that_does_not_read_is_not_read_either_and_gets_everything_later(start, way):
    served = start(write_timeout=None, ping_interval=None)
    payload = bytes(1000)
    total = 20000
    with opened(served, "/" + way, receive_buffer=4096) as client:
        client.sock.settimeout(2)
        sent = 0
        message = frame(0x82, payload)
        left = b""
        try:
            while sent < total:
                left = message
                while left:
                    left = left[client.sock.send(left) :]
                sent += 1
        except TimeoutError:
            pass
        assert sent < total, "the server has taken %d messages of a peer that does not read" % sent
        with Raw(served.port) as other:
            assert other.get("/state")[0] == 200  # nobody else waits
        client.sock.settimeout(PATIENCE)
        rest = threading.Thread(target=client.sock.sendall, args=(left,))
        rest.start()
        for _ in range(sent + bool(left)):
            assert client.frame() == (0x82, payload)
        rest.join(PATIENCE)
        client.send(text("goes on"))
        assert client.message() == "goes on"


def test_a_peer_that_never_reads_is_dropped(start):
    served = start(write_timeout=0.5)
    with opened(served, "/relay", receive_buffer=4096) as client:
        client.sock.settimeout(0.3)
        with pytest.raises((TimeoutError, ConnectionError)):
            while True:
                client.send(frame(0x82, bytes(4000)))
        served.wait_for_log("relay: ended 1006")


# ---- ends ----------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_it_returns_when_the_peer_closes_or_vanishes(server, way):
    already = server.log().count(way + ": ended 1006")
    with opened(server, "/" + way) as client:
        client.send(close(4321, b"enough"))
        assert client.closing()[0] == 4321
        assert client.at_end()
    server.wait_for_log(way + ": ended 4321 enough")
    client = opened(server, "/" + way)
    client.reset()
    eventually(lambda: server.log().count(way + ": ended 1006") > already, "a reset ends it")


def test_the_application_may_close_meanwhile(server):
    with opened(server, "/close-in-callback") as client:
        client.send(text("because"))
        assert client.closing() == (4001, "because")
        client.send(close(4001))
        assert client.at_end()
    server.wait_for_log("close-in-callback: ended 4001")


def test_an_exception_ends_each_and_what_follows_is_received(server):
    with opened(server, "/until-stop") as client:
        client.send(b"".join(text(message) for message in ("a", "stop", "b", "c", "stop", "d")) + frame(FIRST, b"e"))
        client.send(frame(LAST, b"f"))
        expected = ["each a", "raised stop", "received b", "each c", "raised stop", "received d", "each ef"]
        assert [client.message() for _ in expected] == expected


def test_cancelling_ends_it_and_what_follows_is_received(server):
    with opened(server, "/for-a-time") as client:
        client.send(text("one"))
        assert client.message() == "each one"
        assert client.message() == "time is up"
        client.send(text("two"))
        assert client.message() == "received two"


def test_a_handler_may_receive_first(server):
    with opened(server, "/first-by-hand") as client:
        client.send(text("a") + text("b") + text("c"))
        assert [client.message() for _ in range(3)] == ["first a", "each b", "each c"]


def test_all_that_came_before_a_close_is_handed_over(server):
    for how in ("str", "view"):
        already = server.log().count("count: 50")
        with opened(server, "/count/" + how) as client:
            client.send(b"".join(text("%d" % n) for n in range(50)) + close(1000))
            assert client.closing()[0] == 1000
        eventually(lambda n=already: server.log().count("count: 50") > n, "all are counted")


def test_wrong_uses_are_told(server):
    with opened(server, "/twice") as client:
        assert "under way" in client.message()
        assert "takes a function" in client.message()
        assert "takes a WebSocket or a room" in client.message()
        assert client.closing()[0] == 1000
    with Raw(server.port) as client:
        client.handshake("/not-accepted")
        assert client.response()[0] == 403
    server.wait_for_log("not-accepted: the WebSocket is not accepted yet")
    with opened(server, "/after-the-end") as client:
        assert client.closing()[0] == 4000
    server.wait_for_log("after-the-end: None None 4000")


def test_a_connection_without_a_task_gives_its_place_back(start):
    served = start(max_clients=3)
    for _ in range(6):
        with opened(served, "/no-task/each") as client:
            client.send(text("x"))
            assert client.message() == "x"

        def free():
            with Raw(served.port) as other:
                return json.loads(other.get("/state")[2])["clients"] == 1

        eventually(free, "the slot is free")


def test_stopping_the_server_closes_a_connection_without_a_task(start):
    served = start()
    with opened(served, "/no-task/relay") as client:
        client.send(text("x"))
        assert client.message() == "x"
        served.interrupt()
        assert client.closing()[0] == 1001
        client.send(close(1001))
        assert client.at_end()
    assert served.wait() is not None


# ---- to others -----------------------------------------------------------------


def test_to_another_connection(server):
    with opened(server, "/target/a") as target, opened(server, "/to/a") as client:
        server.wait_for_log("target: a is there")
        client.send(text("\u00e4") + frame(0x82, b"2") + frame(FIRST, b"3") + frame(LAST, b"3") + text("x" * 5000))
        assert [target.frame() for _ in range(4)] == [
            (0x81, "\u00e4".encode()),
            (0x82, b"2"),
            (0x81, b"33"),
            (0x81, b"x" * 5000),
        ]
        target.send(close(1000))
        assert target.closing()[0] == 1000
        server.wait_for_log("target: a has gone")
        client.send(text("too late"))
        assert client.closing()[0] == 4002
    server.wait_for_log("to: disconnected 1000")


def test_a_slow_target_stops_the_reading_of_the_source(start):
    served = start(write_timeout=None, ping_interval=None)
    with opened(served, "/hub/slow", receive_buffer=4096) as target:
        served.wait_for_log("hub: slow is there")
        with opened(served, "/to/slow") as client:
            client.sock.settimeout(2)
            message = frame(0x82, bytes(1000))
            sent = 0
            left = b""
            try:
                while sent < 20000:
                    left = message
                    while left:
                        left = left[client.sock.send(left) :]
                    sent += 1
            except TimeoutError:
                pass
            assert sent < 20000
            client.sock.settimeout(PATIENCE)
            rest = threading.Thread(target=client.sock.sendall, args=(left,))
            rest.start()
            for _ in range(sent + bool(left)):
                assert target.frame() == (0x82, bytes(1000))
            rest.join(PATIENCE)


def test_two_connections_bridged(server):
    with opened(server, "/hub/left") as left:
        server.wait_for_log("hub: left is there")
        with opened(server, "/bridge/left") as right:
            right.send(text("to the left"))
            assert left.message() == "to the left"
            left.send(text("to the right") + frame(0x82, b"again"))
            assert right.message() == "to the right"
            assert right.frame() == (0x82, b"again")


@pytest.mark.parametrize("kind", ["room", "room-keeps"])
def test_to_a_room(server, kind):
    clients = [opened(server, f"/{kind}/{kind}") for _ in range(4)]
    clients[1].send(text("one") + frame(0x82, b"two") + text("\u20ac" * 900))
    for client in clients:
        assert [client.frame() for _ in range(3)] == [(0x81, b"one"), (0x82, b"two"), (0x81, "\u20ac".encode() * 900)]
    clients[2].send(close(1000))
    assert clients[2].closing()[0] == 1000
    server.wait_for_log(kind + (": left" if kind == "room" else ": 3"))
    clients[0].send(text("three"))
    for n in (0, 1, 3):
        assert clients[n].message() == "three"
    for client in clients:
        client.sock.close()


def test_a_slow_member_of_a_room_is_closed_by_its_policy(start):
    served = start(send_queue=2000, write_timeout=None, ping_interval=None)
    with opened(served, "/room/r", receive_buffer=4096) as slow, opened(served, "/room/r") as quick:

        def send():
            for _ in range(8000):
                quick.send(frame(0x82, bytes(1000)))

        sender = threading.Thread(target=send)
        sender.start()
        for _ in range(8000):
            assert quick.frame() == (0x82, bytes(1000))
        sender.join(PATIENCE)
        assert len(slow.read_all()) < 8000 * 1000  # closed; with 1013 if it reads on within a second
        quick.send(text("still here"))
        assert quick.message() == "still here"


# ---- memory --------------------------------------------------------------------


@pytest.mark.parametrize("way", ["relay", "no-task/relay"])
def test_handing_on_takes_no_memory(way):
    # With machine code only: the plain byte loops make a str of each text to check it.
    every = runtimes.RUNTIMES[2]
    if every.missing():
        pytest.skip(every.missing())
    served = Served(every, "direct", "4M", None, {})
    try:
        served.wait_until_ready()
        with Raw(served.port) as looker, opened(served, "/" + way) as client:
            for payload in (b"sixteen letters.", "\u00e4".encode() * 60, b"x" * 1000):
                echo(client, 20, payload)
                used(looker)
                used(looker)
                before = used(looker)
                alone = used(looker) - before
                echo(client, 500, payload)
                assert used(looker) - before - 2 * alone <= 0, payload[:10]
    finally:
        served.stop()
    served.check_log()


def used(looker):
    """Bytes of MicroPython's heap in use; none is collected any more."""
    return json.loads(looker.get("/memory")[2])["used"]


def echo(client, count, payload):
    """So many round trips of a text."""
    for _ in range(count):
        client.send(frame(0x81, payload))
        assert client.frame() == (0x81, payload)
