"""Broadcasts: a slow or dead member costs nobody else anything, on both runtimes."""

import json

from raw import Raw, close, text


def broadcast(sender, size):
    """Have a message of `size` bytes sent to all; what the sender is told."""
    sender.send(text(str(size)))
    assert sender.frame() == (0x82, bytes(size)), "a sender gets its own message"
    return json.loads(sender.message())


def test_a_member_that_does_not_read_is_closed_and_delays_nobody(serve):
    served = serve("edge_room")
    with Raw(served.port) as sender, Raw(served.port) as reader, Raw(served.port, receive_buffer=4096) as slow:
        for client in (sender, reader, slow):
            client.open("/room")
        broadcasts = 0
        answer = {"reached": 3}
        while answer["reached"] == 3:
            answer = broadcast(sender, 6000)
            assert reader.frame() == (0x82, bytes(6000))
            broadcasts += 1
            assert broadcasts < 3000, "the slow member's queue has no end"
        assert answer == {"reached": 2, "stats": {"connections": 2, "rooms": {"all": 2, "other": 2}}}
        byte0, payload = slow.frame()
        while byte0 == 0x82:
            assert payload == bytes(6000), "what it gets is whole"
            byte0, payload = slow.frame()
        assert (byte0, payload[:2]) == (0x88, b"\x03\xf5")
        assert broadcast(sender, 10)["reached"] == 2


def test_a_dead_member_leaves_all_rooms(serve):
    served = serve("edge_room")
    with Raw(served.port) as sender:
        sender.open("/room")
        for leave in ("reset", "close"):
            with Raw(served.port) as other:
                other.open("/room")
                assert broadcast(sender, 5)["reached"] == 2
                assert other.frame() == (0x82, bytes(5))  # unread, it would make a reset of the close
                if leave == "reset":
                    other.reset()
                else:
                    other.send(close(4001))
            served.wait_for_log("left: 1006" if leave == "reset" else "left: 4001")
            answer = broadcast(sender, 5)
            assert answer == {"reached": 1, "stats": {"connections": 1, "rooms": {"all": 1, "other": 1}}}
