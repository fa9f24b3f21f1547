"""What a member gets that is slower than its room: each policy keeps its promise, and is counted."""

import json
import time

import pytest
from live import Events, Socket, get, publish, stats
from raw import Raw, close, frame
from serving import eventually

PATIENT = {"write_timeout": 60, "ping_interval": None, "max_clients": 8}
SLOW = {"receive_buffer": 4096, "timeout": 30}
KINDS = pytest.mark.parametrize("kind", [Socket, Events])


def fall_behind(port, room, keys=4, size=1000, count=400):
    """Publish more than a member that does not read can take; its last message says {"n": count - 1}."""
    before = stats(port, room)["published"]
    get(port, f"/feed/{room}/{count}/{size}/{keys}/0")
    eventually(lambda: stats(port, room)["published"] >= before + count, "all is published", 30)


def catch_up(client):
    """The numbers a member gets up to `sync`, by key; the numbers in order."""
    found = [message for message in client.until("sync") if message[2] == "msg"]
    return {message[5]: message[3]["n"] for message in found if len(message) > 5}, [m[3]["n"] for m in found]


def value(client):
    """The number in the next message of a room."""
    while True:
        message = client.next()
        if message[2] == "msg":
            return message[3]["n"]


@KINDS
def test_latest_gives_a_slow_member_the_newest_value_of_each_key(serve, kind):
    port = serve("live", rooms={"latest": {"policy": "latest"}}, **PATIENT).port
    slow = kind(port, **SLOW)
    slow.until("sync")
    fall_behind(port, "latest")
    told = stats(port, "latest")
    assert told["evicted"] == told["dropped"] == 0
    assert told["conflated"] > 200
    assert 1 <= told["high_water"] <= 4
    newest, numbers = catch_up(slow)
    assert newest == {"k0": 396, "k1": 397, "k2": 398, "k3": 399}
    assert len(numbers) == 400 - told["conflated"]
    told = stats(port, "latest")
    assert told["each"][0]["sent"] == told["sent"] == len(numbers)
    publish(port, "latest", "k0", "after")
    assert slow.next()[3] == "after"


@KINDS
def test_drop_oldest_keeps_the_last_ones_in_order(serve, kind):
    port = serve("live", rooms={"r": {"policy": "drop_oldest", "queue": 5, "queue_bytes": 100000}}, **PATIENT).port
    slow = kind(port, **SLOW)
    slow.until("sync")
    fall_behind(port, "r")
    told = stats(port, "r")
    assert told["high_water"] == 5
    numbers = catch_up(slow)[1]
    assert numbers[-5:] == [395, 396, 397, 398, 399]
    assert numbers == sorted(numbers)
    assert len(numbers) == 400 - told["dropped"]


@KINDS
def test_drop_newest_keeps_the_first_ones(serve, kind):
    port = serve("live", rooms={"r": {"policy": "drop_newest", "queue": 5, "queue_bytes": 100000}}, **PATIENT).port
    slow = kind(port, **SLOW)
    slow.until("sync")
    fall_behind(port, "r")
    told = stats(port, "r")
    numbers = catch_up(slow)[1]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) == 400 - told["dropped"] < 400
    publish(port, "r", "k", "after")
    assert slow.next()[3] == "after"


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest", "latest"])
def test_what_waits_is_bounded_in_bytes_too(serve, policy):
    port = serve("live", rooms={"r": {"policy": policy, "queue": 1000, "queue_bytes": 5000}}, **PATIENT).port
    slow = Socket(port, **SLOW)
    slow.until("sync")
    fall_behind(port, "r", keys=1000, count=200)
    assert 1 <= stats(port, "r")["high_water"] <= 5
    assert slow.sock.fileno() >= 0


def test_close_ends_the_slow_member_only(serve):
    served = serve("live", rooms={"r": {"policy": "close"}}, send_queue=4000, **PATIENT)
    port = served.port
    slow, quick = Socket(port, **SLOW), Socket(port, timeout=30)
    slow.until("sync")
    quick.until("sync")
    get(port, "/feed/r/8000/1000/0/0")
    for n in range(8000):
        assert quick.next()[3]["n"] == n
    told = stats(port, "r")
    assert (told["evicted"], told["members"]) == (1, 1)
    eventually(lambda: get(port, "/stats")["connections"] == 1, "the slow one is gone")


@KINDS
def test_a_member_that_takes_nothing_is_closed_by_the_age_of_what_waits(serve, kind):
    port = serve("live", rooms={"latest": {"policy": "latest", "queue_age": 0.3}}, **PATIENT).port
    stalled, quick = kind(port, **SLOW), Socket(port, timeout=30)
    stalled.until("sync")
    quick.until("sync")
    get(port, "/feed/latest/4000/1000/4/500")
    eventually(lambda: stats(port, "latest")["evicted"] == 1, "the stalled one is closed", 30)
    assert stats(port, "latest")["members"] == 1
    for _ in range(20):
        assert quick.next()[2] == "msg"


@KINDS
def test_the_age_of_what_a_slow_member_gets_stays_bounded(serve, kind):
    # It reads 40 kB/s of a room that makes 200 kB/s, for so long that it would be far behind if all were kept.
    port = serve("live", rooms={"latest": {"policy": "latest"}}, **PATIENT).port
    slow, quick = kind(port, **SLOW), kind(port, timeout=30)
    slow.until("sync")
    quick.until("sync")
    count = 1200
    get(port, f"/feed/latest/{count}/1000/1/200")
    lags = []
    newest = -1
    quick.sock.settimeout(0.005)
    while newest < count - 100:
        try:
            newest = max(newest, value(quick))
        except TimeoutError:
            continue
        if newest % 5 == 0 and newest > 100:
            lags.append(newest - value(slow))
    # A fifth of the messages is read: keeping all would make the lag grow to 880.
    assert max(lags[len(lags) // 2 :]) < 250, lags
    assert stats(port, "latest")["conflated"] > 200


def test_control_frames_and_answers_pass_what_rooms_hold_back(serve):
    rooms = {"r": {"policy": "drop_oldest", "queue": 100, "queue_bytes": 200000}}
    port = serve("live", heap="2M", rooms=rooms, **PATIENT).port
    slow = Socket(port, **SLOW)
    slow.until("sync")
    fall_behind(port, "r", size=1000, count=500)
    slow.send(frame(0x89, b"now"))
    slow.ask("ping", "answer")
    eventually(lambda: publish(port, "r", "k", "end"), "the ping has been read")
    before = 0
    waited = {}
    while len(waited) < 2:
        byte0, payload = slow.frame()
        if byte0 == 0x8A:
            waited["pong"] = before
        elif b'"pong"' in payload[:40]:
            waited["answer"] = before
        before += 1
    rest = 0
    while b'"end"' not in slow.frame()[1]:
        rest += 1
    assert rest >= 90, (waited, rest)


def test_three_valued_sending_tells_what_became_of_a_message(serve):
    served = serve("live", send_queue=4000, **PATIENT)
    client = Raw(served.port, **SLOW)
    client.open("/try/1000")
    served.wait_for_log("try: [-2, 0, 1]", 30)
    client.send(close(1000))


@KINDS
def test_a_healthy_members_latency_is_its_own_beside_a_stalled_and_a_dead_one(serve, kind):
    """50 messages a second: what the healthy one waits is compared with what it waited when it was alone."""
    port = serve("live", rooms={"latest": {"policy": "latest"}}, **PATIENT).port
    healthy = kind(port, timeout=30)
    healthy.until("sync")
    alone = waits(port, healthy)
    stalled, dead = kind(port, **SLOW), Socket(port, **SLOW)
    for client in (stalled, dead):
        client.until("sync")
    fall_behind(port, "latest")
    beside = waits(port, healthy)
    assert stats(port, "latest")["conflated"] > 200
    # The median of 100: a busy machine delays some, a server that waits for anybody delays all.
    assert beside < 5 * alone + 0.02, (alone, beside)


def waits(port, client):
    """Median of the seconds between a publish and its arrival."""
    found = []
    with Raw(port) as publisher:
        for n in range(100):
            body = json.dumps(n).encode()
            started = time.monotonic()
            publisher.request("POST /json/latest/k", [f"Content-Length: {len(body)}"], body)
            while client.next()[3] != n:
                pass  # what it had not read yet
            found.append(time.monotonic() - started)
            publisher.response()
            time.sleep(0.02)
    return sorted(found)[50]
