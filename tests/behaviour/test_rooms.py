"""ConnectionManager over real sockets: everybody in a room is reached, and a slow or dead member harms nobody."""

import json

from raw import Raw, close, text
from serving import eventually


def get(port, path):
    with Raw(port) as client:
        status, _, body = client.get(path)
        assert status == 200, body
        return body


def stats(port):
    return json.loads(get(port, "/stats"))


def join(port, rooms, **options):
    client = Raw(port, **options)
    client.open("/join/" + rooms)
    assert client.message() == "joined"
    return client


def test_a_broadcast_reaches_the_room_and_its_sender(serve):
    port = serve("ws_rooms").port
    a, b, c = join(port, "red"), join(port, "red+blue"), join(port, "blue")
    assert stats(port) == {"connections": 3, "rooms": {"red": 2, "blue": 2}}
    a.send(text("hello"))
    assert json.loads(a.message()) == {"said": "hello"} == json.loads(b.message())
    assert json.loads(get(port, "/say/blue/x")) == {"reached": 2}
    assert (b.message(), c.message()) == ("x", "x")
    assert json.loads(get(port, "/say/all/y")) == {"reached": 3}
    assert [client.message() for client in (a, b, c)] == ["y"] * 3
    assert json.loads(get(port, "/say/nobody/z")) == {"reached": 0}


def test_leaving_by_every_way_empties_the_rooms(serve):
    served = serve("ws_rooms")
    port = served.port
    a, b, c = join(port, "red+blue"), join(port, "red"), join(port, "red")
    a.send(text("leave blue"))
    assert a.message() == "left"
    assert stats(port) == {"connections": 3, "rooms": {"red": 3}}
    a.send(close(1000))
    b.reset()
    c.sock.close()
    eventually(lambda: stats(port) == {"connections": 0, "rooms": {}}, "the rooms are empty")


def test_a_member_that_is_gone_leaves_all_rooms_at_the_next_broadcast(serve):
    served = serve("ws_rooms")
    stays = join(served.port, "red")
    with Raw(served.port) as client:
        client.open("/forgetful/red")
        assert client.message() == "joined"
    served.wait_for_log("forgetful: gone")
    assert json.loads(get(served.port, "/say/red/x")) == {"reached": 1}
    assert stays.message() == "x"
    assert stats(served.port) == {"connections": 1, "rooms": {"red": 1}}


def test_a_member_that_does_not_read_is_closed_and_the_others_get_everything(serve):
    served = serve("ws_rooms", heap="500K", max_clients=8, write_timeout=60)
    port = served.port
    stalled = join(port, "red", receive_buffer=4096)
    healthy = [join(port, "red", timeout=30) for _ in range(3)]
    done = Raw(port, timeout=60)
    done.request("GET /burst/6000/1000")
    for n in range(6000):
        for client in healthy:
            assert client.message()[:6] == "%06d" % n
    assert done.response()[2] == b"done"
    served.wait_for_log("join: ended 1013 too slow for this room")
    assert served.log().count("join: ended") == 1
    eventually(lambda: stats(port)["connections"] == 3, "the stalled member has left")
    assert stalled.sock.fileno() >= 0


def test_a_broadcast_in_a_tight_loop_closes_only_those_who_cannot_follow(serve):
    # Nobody can follow for ever while nothing else runs; but memory stays bounded, and the server lives.
    served = serve("ws_rooms", heap="500K", max_clients=8)
    clients = [join(served.port, "red", receive_buffer=4096) for _ in range(3)]
    assert json.loads(get(served.port, "/tight/8000/1000")) == {"least": 0}
    eventually(lambda: served.log().count("join: ended 1013") == 3, "all have been told")
    assert stats(served.port) == {"connections": 0, "rooms": {}}
    assert len(clients) == 3


def test_a_member_that_vanishes_while_a_broadcast_goes_on_harms_nobody(serve):
    served = serve("ws_rooms", max_clients=10)
    port = served.port
    stays = [join(port, "red", timeout=30) for _ in range(2)]
    leaves = [join(port, "red") for _ in range(5)]
    done = Raw(port, timeout=60)
    done.request("GET /burst/1000/100")
    for n in range(1000):
        for client in stays:
            assert client.message()[:6] == "%06d" % n
        if n % 100 == 50 and leaves:
            leaves.pop().reset()
    assert done.response()[2] == b"done"
    eventually(lambda: stats(port) == {"connections": 2, "rooms": {"red": 2}}, "the others have left")


def test_close_all_tells_everybody(serve):
    port = serve("ws_rooms").port
    clients = [join(port, "red") for _ in range(3)]
    assert get(port, "/close-all") == b"closed"
    for client in clients:
        assert client.closing() == (1012, "")
        client.send(close(1012))
        assert client.at_end()
