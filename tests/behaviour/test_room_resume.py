"""A client that comes back gets what it missed, or is told that it cannot: nobody is left guessing."""

import pytest
from live import Events, Socket, get, publish, stats
from serving import eventually

ROOMS = {"a": {"policy": "drop_oldest", "history": 4}, "b": {"policy": "latest", "history": 4}}
KINDS = pytest.mark.parametrize("kind", [Socket, Events])


def point(client):
    """epoch-seq where a client stands."""
    if isinstance(client, Events):
        return client.point
    return "%s-%d" % (client.hello[3]["epoch"], client.point)


def back(kind, port, at, path="/live?"):
    """A client that comes back with a resume point."""
    return kind(port, path + "last=" + at)


@KINDS
def test_what_was_missed_in_all_rooms_is_sent_again_in_order(serve, kind):
    port = serve("live", rooms=ROOMS).port
    client = kind(port)
    client.until("sync")
    publish(port, "a", "k", "seen")
    client.next()
    client.reset()
    for room, value in (("a", 1), ("b", 2), ("a", 3), ("b", 4)):
        publish(port, room, "k", value)
    again = back(kind, port, point(client))
    found = again.until("sync")
    assert [message[1:4] for message in found[:-1]] == [
        ["a", "msg", 1],
        ["b", "msg", 2],
        ["a", "msg", 3],
        ["b", "msg", 4],
    ]
    assert [message[0] for message in found[:-1]] == sorted(message[0] for message in found[:-1])
    assert back(kind, port, point(again)).until("sync")[0][2] == "sync"


@KINDS
def test_last_event_id_wins_over_the_query(serve, kind):
    port = serve("live", rooms=ROOMS).port
    publish(port, "a", "k", 1)
    epoch = kind(port).hello[3]["epoch"]
    client = Events(port, "/live?last=0-0", f"Last-Event-ID: {epoch}-1")
    assert client.until("sync")[0][3] == 1


@KINDS
def test_after_a_gap_the_room_is_reset_with_its_present_values(serve, kind):
    port = serve("live", rooms=ROOMS).port
    client = kind(port)
    client.until("sync")
    client.reset()
    for n in range(5):
        publish(port, "b", "k%d" % (n % 2), n)
    publish(port, "a", None, "still kept")
    found = back(kind, port, point(client)).until("sync")
    assert found[0][1:4] == ["a", "msg", "still kept"]
    assert found[1][1:3] == ["b", "reset"]
    assert [value[:2] for value in found[1][3]["values"]] == [["k1", 3], ["k0", 4]]
    assert found[1][3]["epoch"] == client.hello[3]["epoch"]
    assert len(found) == 3


@KINDS
def test_a_restart_of_the_server_is_a_gap(serve, kind):
    served = serve("live", rooms=ROOMS)
    client = kind(served.port)
    client.until("sync")
    served.stop()
    served = serve("live", rooms=ROOMS, port=served.port)
    again = back(kind, served.port, point(client))
    assert again.hello[3]["epoch"] != client.hello[3]["epoch"]
    assert [message[1:3] for message in again.until("sync")] == [["a", "reset"], ["b", "reset"], ["", "sync"]]


@KINDS
def test_a_room_without_history_resets_only_where_something_was_missed(serve, kind):
    port = serve("live", rooms={"a": {"policy": "close"}, "b": {"policy": "latest"}}).port
    client = kind(port)
    client.until("sync")
    client.reset()
    publish(port, "b", "k", "new")
    found = back(kind, port, point(client)).until("sync")
    assert [message[1:3] for message in found] == [["b", "reset"], ["", "sync"]]


@KINDS
def test_new_members_get_the_last_values_and_no_more(serve, kind):
    port = serve("live", rooms=ROOMS).port
    for n in range(3):
        publish(port, "b", "x", n)
        publish(port, "a", "x", n)
    found = kind(port).until("sync")
    assert [message[1:3] for message in found] == [["b", "reset"], ["", "sync"]]
    assert [value[:2] for value in found[0][3]["values"]] == [["x", 2]]


@KINDS
def test_joining_a_room_again_brings_what_was_missed_there(serve, kind):
    port = serve("live", rooms=ROOMS).port
    client = kind(port, "/live?rooms=a")
    client.until("sync")
    epoch = client.hello[3]["epoch"]
    at = int(point(client).split("-")[1])
    publish(port, "b", "k", "missed")
    client.ask("join", "b", epoch, at)
    found = client.until("joined")
    assert [message[1:4] for message in found] == [["b", "msg", "missed"], ["b", "joined", None]]
    assert found[-1][0] >= found[0][0]


def test_plain_event_sources_resume_by_their_last_event_id(serve):
    port = serve("live", rooms=ROOMS).port
    client = Events(port, viper=False)
    client.event(), client.event()
    client.reset()
    publish(port, "a", "k", "missed")
    again = Events(port, "/live", "Last-Event-ID: " + client.point, viper=False)
    assert again.event() == {"retry": "2000"}
    assert again.event()["data"] == "missed"


def test_a_resume_point_that_is_none_is_a_new_client_or_a_gap(serve):
    port = serve("live", rooms=ROOMS).port
    publish(port, "b", "k", 1)
    for wrong in ("", "x", "-", "5", "abc-", "abc-x", "-5", "a-b-c", "abc-99999999999999999999"):
        found = Events(port, "/live", "Last-Event-ID: " + wrong).until("sync")
        assert [message[1:3] for message in found][-2:] == [["b", "reset"], ["", "sync"]], wrong


@KINDS
def test_who_falls_behind_and_leaves_resumes_from_before_it_did(serve, kind):
    # What comes late bears no seq, so the resume point stays where nothing is missing.
    port = serve("live", rooms=ROOMS, write_timeout=60, ping_interval=None).port
    slow = kind(port, receive_buffer=4096, timeout=30)
    slow.until("sync")
    get(port, "/feed/b/400/1000/4/0")
    eventually(lambda: stats(port, "b")["published"] == 400, "all is published", 30)
    assert stats(port, "b")["conflated"] > 100
    while slow.next()[0]:
        pass  # up to the first that comes late
    slow.reset()
    found = back(kind, port, point(slow)).until("sync")
    newest = {value[0]: value[1]["n"] for message in found if message[2] == "reset" for value in message[3]["values"]}
    newest.update({message[5]: message[3]["n"] for message in found if message[2] == "msg"})
    assert newest == {"k0": 396, "k1": 397, "k2": 398, "k3": 399}


def test_the_history_is_bounded_in_bytes(serve):
    port = serve("live", rooms={"a": {"policy": "close", "history": 100, "history_bytes": 3000}}).port
    client = Events(port)
    client.until("sync")
    client.reset()
    for _ in range(5):
        publish(port, "a", "k", "x" * 1000)
    assert back(Events, port, client.point).until("sync")[0][2] == "reset"
