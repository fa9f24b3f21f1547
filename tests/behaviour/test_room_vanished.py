"""Members that are gone without FIN or RST, as a phone out of reach: nobody else notices, their place is free soon."""

import contextlib
import socket
import struct
import time

import pytest
from live import Events, Socket, get, stats
from raw import Raw, frame
from serving import eventually
from vanishing import vanish

from viperhttp.protocol.sse import HEARTBEAT

QUICK = {"ping_interval": 0.5, "pong_timeout": 0.5, "write_timeout": 2, "max_clients": 8}
SLOW = {"receive_buffer": 4096, "timeout": 30}
TCP_INFO_UNACKED = 24  # offset in Linux's struct tcp_info


class Answering(Socket):
    """A WebSocket that answers PINGs, as a browser does."""

    def frame(self):
        while True:
            byte0, payload = Raw.frame(self)
            if byte0 != 0x89:
                return byte0, payload
            self.send(frame(0x8A, payload))


KINDS = pytest.mark.parametrize("kind", [Answering, Events])


def fed(port, client, count=75, hertz=50):
    """Publish at this rate: the median of the ms from the board's publishing to the arrival, beyond the fastest."""
    get(port, f"/feed/latest/{count}/100/0/{hertz}")
    first, found = None, []
    while len(found) < count:
        message = client.next()
        if message[2] != "msg":
            continue
        if first is None:
            first = message[4] - 1000 * time.monotonic()
        found.append(1000 * time.monotonic() + first - message[4])
    return sorted(found)[count // 2] - min(found)


@KINDS
def test_a_healthy_members_latency_is_its_own_beside_members_that_vanished(serve, kind, record_property):
    served = serve("live", rooms={"latest": {"policy": "latest"}}, stream={"heartbeat": 0.5}, **QUICK)
    port = served.port
    with contextlib.ExitStack() as stack:
        members = [stack.enter_context(one) for one in (kind(port, timeout=30), Answering(port), Events(port, **SLOW))]
        for member in members:
            member.until("sync")
        healthy, *others = members
        alone = fed(port, healthy)
        for member in others:
            how = vanish(member.sock)
        record_property("vanished by", how)
        print("vanished by", how)
        beside = fed(port, healthy)
        # The median of 75: a busy machine delays some, a server that waits for anybody delays all.
        assert beside < 5 * alone + 20, (alone, beside, how)
        if how != "dropped packets":
            get(port, "/feed/latest/400/1000/0/0")  # more than its window takes
        eventually(lambda: stats(port, "latest")["members"] == 1, f"both are found: {how}", 15)
        fed(port, healthy, 5)


def test_an_event_stream_that_vanished_is_found_by_its_heartbeats_though_nothing_is_published(serve):
    port = serve("live", stream={"heartbeat": 0.2}, write_timeout=1, ping_interval=None).port
    with Events(port) as stays, Events(port) as gone, Raw(port) as plain, Events(port, viper=False) as plain_gone:
        plain.request("GET /live", ["Accept: text/event-stream"])
        plain.read_until(b"\r\n\r\n")
        stays.until("sync")
        gone.until("sync")
        plain_gone.event()
        eventually(lambda: stats(port, "latest")["members"] == 4, "all are in")
        if {vanish(gone.sock), vanish(plain_gone.sock)} != {"dropped packets"}:
            gone.reset()
            plain_gone.reset()
        eventually(lambda: stats(port, "latest")["members"] == 2, "their heartbeats find them", 15)
        while stays.next()[2] != "beat":
            pass
        plain.read_until(HEARTBEAT)


def test_packets_are_dropped():
    """What vanish() says is so."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = socket.create_connection(server.getsockname())
        ours, _ = server.accept()
        with peer, ours:
            how = vanish(peer)
            ours.sendall(b"x")
            if how == "dropped packets":
                peer.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    peer.recv(1)
                info = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
                assert struct.unpack_from("I", info, TCP_INFO_UNACKED)[0] == 1
            else:
                assert peer.recv(1) == b"x"
