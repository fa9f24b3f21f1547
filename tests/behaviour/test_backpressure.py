"""Bounds: a busy handler, a peer that does not read; nothing is lost, nobody else waits, memory stays small."""

import json
import threading
import time

import pytest
from raw import Raw, close, frame, text
from serving import eventually
from websockets.sync.client import connect


def used(port):
    """Heap in use, in bytes; 0 on CPython."""
    with Raw(port) as client:
        return json.loads(client.get("/state")[2])["used"]


def echoes_quickly(port, rounds=20):
    """Seconds that the slowest of some echoes of a healthy client took."""
    with connect(f"ws://127.0.0.1:{port}/echo") as client:
        slowest = 0
        for n in range(rounds):
            started = time.monotonic()
            client.send(str(n))
            assert client.recv(10) == str(n)
            slowest = max(slowest, time.monotonic() - started)
    return slowest


# ---- receiving ---------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 100, 1500, 6000])
def test_a_busy_handler_loses_nothing_and_keeps_the_order(serve, size):
    # 400K of 64-bit words are 200K on a board; the messages are more than that together.
    served = serve("ws_cases", heap="500K", recv_queue=2048)
    count = min(3000, 600000 // size)
    with Raw(served.port, timeout=30) as client:
        client.open("/busy/0.5")
        sender = threading.Thread(target=lambda: [client.send(text("%06d" % n + "x" * size)) for n in range(count)])
        sender.start()
        for n in range(count):
            assert client.message() == "%06d" % n + "x" * size
        sender.join(30)


def test_memory_stays_bounded_while_a_handler_takes_nothing(serve):
    served = serve("ws_cases", heap="500K", recv_queue=4096, max_clients=8, shutdown_timeout=0.1)
    before = used(served.port)
    clients = []
    for _ in range(4):
        client = Raw(served.port)  # each opens at once: one that says nothing for 3 s is closed
        clients.append(client)
        client.open("/busy/30.0")
        client.sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            for _ in range(200000):
                client.send(text("x" * 1000))
    grown = used(served.port) - before
    assert grown < 4 * 3 * 8192, grown
    assert echoes_quickly(served.port) < 4
    for client in clients:
        client.reset()


def test_a_close_behind_messages_that_wait_is_seen_after_them(serve):
    with Raw(serve("ws_cases", recv_queue=500).port) as client:
        client.open("/late-echo/0.3")
        assert client.message() == "late"
        messages = ["%d " % n + "x" * 200 for n in range(30)]
        client.send(b"".join(text(message) for message in messages))
        assert [client.message() for _ in messages] == messages
        client.send(close(4002))
        assert client.closing() == (4002, "")


# ---- sending -------------------------------------------------------------------


def test_a_peer_that_never_reads_delays_nobody_and_is_dropped(serve):
    served = serve("ws_cases", heap="500K", write_timeout=3, ping_interval=None)
    with Raw(served.port, receive_buffer=4096) as stalled:
        stalled.open("/flood/1000")
        assert echoes_quickly(served.port) < 2.5
        served.wait_for_log("flood: ended 1006")


def test_a_silent_stalled_peer_is_dropped_by_the_heartbeat_too(serve):
    served = serve("ws_cases", write_timeout=60, ping_interval=0.2, pong_timeout=0.3)
    with Raw(served.port, receive_buffer=4096) as stalled:
        stalled.open("/flood/1000")
        served.wait_for_log("flood: ended 1006")


def test_a_peer_that_reads_slowly_is_not_dropped(serve):
    served = serve("ws_cases", write_timeout=2, ping_interval=None)
    with Raw(served.port, receive_buffer=4096) as slow:
        slow.open("/flood/1000")
        deadline = time.monotonic() + 4
        n = 0
        while time.monotonic() < deadline:
            assert slow.message()[:8] == "%08d" % n
            n += 1
            if n % 20 == 0:
                time.sleep(0.02)
        assert "flood: ended" not in served.log()


def test_memory_stays_bounded_while_peers_do_not_read(serve):
    served = serve("ws_cases", heap="500K", write_timeout=30, max_clients=8)
    before = used(served.port)
    stalled = [Raw(served.port, receive_buffer=4096) for _ in range(4)]
    for client in stalled:
        client.open("/flood/1000")
    assert echoes_quickly(served.port) < 4
    grown = used(served.port) - before
    assert grown < 4 * 3 * 8192, grown
    for client in stalled:
        client.reset()
    eventually(lambda: served.log().count("flood: ended 1006") == 4, "all four have ended")


def test_a_pong_goes_before_data_that_waits(serve):
    # The system's buffers hold some MB at most; of what waits behind them in the server nothing may come first.
    served = serve("ws_cases", heap="2M", send_queue=100000, ping_interval=None)
    with Raw(served.port, receive_buffer=4096) as client:
        client.open("/fill/3000")
        served.wait_for_log("fill: blocked after")
        client.send(frame(0x89, b"first") + frame(0x89, b"last"))
        eventually(lambda: echoes_quickly(served.port, 1) < 10, "the ping has been read")
        sent = int(served.log().split("fill: blocked after ")[1].split()[0])
        before = 0
        while True:
            byte0, payload = client.frame()
            if byte0 == 0x8A:
                break
            before += 1
        assert payload == b"last"
        assert before <= sent - 10, (before, sent)


def test_what_waits_is_sent_in_order_when_the_peer_reads_again(serve):
    served = serve("ws_cases", heap="2M", send_queue=100000)
    with Raw(served.port, receive_buffer=4096) as client:
        client.open("/fill/3000")
        served.wait_for_log("fill: blocked after")
        sent = int(served.log().split("fill: blocked after ")[1].split()[0])
        assert [int(client.message().split()[0]) for _ in range(sent)] == list(range(sent))


def test_tasks_that_send_at_the_same_time_lose_nothing(serve):
    count = 400
    with Raw(serve("ws_cases", send_queue=2000).port, receive_buffer=4096) as client:
        client.open("/two-senders/%d" % count)
        seen = {"a": 0, "b": 0, "c": 0}
        for _ in range(3 * count):
            name, n, _ = client.message().split()
            assert int(n) == seen[name]
            seen[name] += 1
        assert client.closing() == (1000, "")


def test_a_cancelled_send_spoils_nothing(serve):
    served = serve("ws_cases", ping_interval=None, write_timeout=60)
    with Raw(served.port, receive_buffer=4096) as client:
        client.open("/case/cancelled_sender")
        served.wait_for_log("cancelled_sender: blocked")
        client.send(text("go on"))
        numbers = []
        while True:
            message = client.message()
            if message.startswith("last"):
                break
            numbers.append(int(message.split()[0]))
        assert numbers == list(range(len(numbers)))
        assert int(message.split()[-1]) <= len(numbers)
        assert client.closing() == (1000, "")


def test_a_close_overtakes_data_that_the_peer_does_not_want_any_more(serve):
    served = serve("ws_cases", ping_interval=None)
    with Raw(served.port, receive_buffer=4096) as client:
        client.open("/flood/1000")
        client.send(close(4001))
        while True:
            byte0, payload = client.frame()
            if byte0 == 0x88:
                break
        assert payload == b"\x0f\xa1"
    served.wait_for_log("flood: ended 4001")
