"""Fan-out at 1, 4, 16 and 64 members, and beside a member that never reads: viperhttp, Microdot, websockets.

    .venv/bin/python tools/bench/fanout.py            # a minute or two
    .venv/bin/python tools/bench/fanout.py --members 4,16

Processor time of the server per recipient (from the kernel's accounting; compare within one run only), least of three.
The column "stalled" has one more member that never reads, and messages of 4 kB: the share of them that the healthy
members got, until nothing came for two seconds. Each member of Microdot's room is awaited, as its users write it;
websockets is its broadcast() on CPython.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import selectors
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import toolbox
from catalog import Bench

HANDSHAKE = (
    b"GET /room HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SMALL, LARGE = 100, 4000
RECIPIENTS = 6400  # messages times members, so that each row costs about the same
STALLED_MESSAGES = 1500  # 6 MB: more than the system's buffers hold for a member that does not read
QUIET = 2.0  # seconds without a byte after which a room has come to a stop


class Room:
    """A server in a process of its own, and its members."""

    def __init__(self, server, members: int):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [part.replace("{port}", str(self.port)) for part in server.command]
        self.process = subprocess.Popen(
            command,
            cwd=toolbox.ROOT,
            env={**os.environ, **dict(server.environment)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.members = [self._join() for _ in range(members)]

    def _join(self, buffer: int = 0) -> socket.socket:
        deadline = time.monotonic() + 20
        while True:
            member = socket.socket()
            if buffer:
                member.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            member.settimeout(10)
            try:
                member.connect(("127.0.0.1", self.port))
                break
            except ConnectionRefusedError:
                member.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        member.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        member.sendall(HANDSHAKE)
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += member.recv(1)
        return member

    def stall(self) -> None:
        """One more member, that never reads."""
        self.stalled = self._join(4096)

    def cpu(self) -> float:
        """Seconds of processor time that the server has used."""
        return int(pathlib.Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9

    def say(self, count: int, size: int) -> int:
        """One member says `count` messages, one after the other; the bytes that all members got."""
        head = bytes([0x81, 0x80 | size]) if size < 126 else bytes([0x81, 0xFE, size >> 8, size & 255])
        frame = head + bytes(4) + b"x" * size
        whole = (2 if size < 126 else 4) + size
        speaker = self.members[0]
        got = 0
        with selectors.DefaultSelector() as waiting:
            for member in self.members:
                waiting.register(member, selectors.EVENT_READ)
            for n in range(count):
                speaker.sendall(frame)
                wanted = (n + 1) * whole * len(self.members)
                while got < wanted:
                    ready = waiting.select(QUIET)
                    if not ready:
                        return got
                    for key, _ in ready:
                        got += len(key.fileobj.recv(1 << 18))
        return got

    def close(self) -> None:
        """End the server."""
        for member in self.members:
            member.close()
        self.process.kill()
        self.process.wait()


def per_recipient(server, members: int) -> float:
    """Microseconds of processor time for one more recipient of a small message."""
    count = max(20, RECIPIENTS // members)
    best = None
    for _ in range(3):
        room = Room(server, members)
        try:
            room.say(10, SMALL)
            before = room.cpu()
            room.say(count, SMALL)
            each = (room.cpu() - before) / (count * members) * 1e6
        finally:
            room.close()
        best = each if best is None else min(best, each)
    return best


def beside_stalled(server, members: int) -> float:
    """The share of the large messages that the healthy members got beside one that never reads."""
    room = Room(server, members)
    try:
        room.stall()
        return room.say(STALLED_MESSAGES, LARGE) / (STALLED_MESSAGES * (LARGE + 4) * members)
    finally:
        room.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--members", default="1,4,16,64", help="numbers of members, default 1,4,16,64")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    sizes = [int(text) for text in options.members.split(",")]
    bench = Bench(heap="8M")
    servers = {
        "viperhttp, MicroPython": bench.ours("room"),
        "Microdot, MicroPython": bench.microdot("room"),
        "viperhttp, CPython": bench.ours_on_cpython("room"),
        "websockets, CPython": bench.host("websockets", "cpython_peers.py", "websockets", "room"),
    }
    rows = {}
    for name, server in servers.items():
        rows[name] = {str(n): round(per_recipient(server, n), 1) for n in sizes}
        rows[name]["stalled"] = round(beside_stalled(server, 4), 3)
    if options.json:
        print(json.dumps(rows, indent=1))
        return 0
    print("us of processor time per recipient at N members; share delivered beside a stalled member")
    print(f"{'':24}" + "".join(f"{n:>9}" for n in sizes) + "   stalled")
    for name, row in rows.items():
        print(f"{name:24}" + "".join(f"{row[str(n)]:9.1f}" for n in sizes) + f"{100 * row['stalled']:9.1f}%")
    return 0


if __name__ == "__main__":
    sys.exit(main())
