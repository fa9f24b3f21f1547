"""DNS over UDP (RFC 1035), as far as a board needs it: a question to the gateway, and a server with one answer."""

import asyncio
import os
import socket

from ..log import report
from ..transport import ticks, ticks_add, ticks_diff

_LONGEST = 512  # bytes of a question over UDP
_BURST = 8  # questions answered in one turn: a flood does not stop the loop
_POLL = 0.05
_TTL = b"\x00\x00\x00\x05"  # 5 s: the phone must not keep the answer when it is back in its own network
# The root's name servers, which every resolver knows; any answer will do.
_QUESTION = b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01"


async def ask(host: str, port: int, patience: float) -> bool:
    """Whether `host` answers a question within `patience` seconds."""
    mark = os.urandom(2)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.sendto(mark + _QUESTION, socket.getaddrinfo(host, port)[0][-1])
        deadline = ticks_add(ticks(), int(patience * 1000))
        while True:
            late = ticks_diff(ticks(), deadline) >= 0
            try:
                if sock.recv(_LONGEST)[:2] == mark:
                    return True
            except OSError:
                pass  # nothing yet; or "refused", which only a host without the service says
            if late:
                return False
            await asyncio.sleep(_POLL)
    except OSError:
        return False  # no route: the link is down
    finally:
        sock.close()


class CatchAll:
    """A name server that answers every question with one address, so that any page leads to the portal.

    address   dotted IPv4 address, which is also where it listens
    port      default 53
    """

    def __init__(self, address: str, port: int = 53, listen: "str | None" = None):
        self.packed = bytes([int(part) for part in address.split(".")])
        self.where = (listen or address, port)
        self.sock = None
        self.answered = 0  # counter

    def open(self) -> None:
        """Bind the port. OSError when that is not possible."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setblocking(False)
            sock.bind(socket.getaddrinfo(self.where[0], self.where[1])[0][-1])
        except OSError:
            sock.close()
            raise
        self.sock = sock

    async def run(self) -> None:
        """Answer until close(): the body of a task."""
        while self.sock is not None:
            self.turn()
            await asyncio.sleep(_POLL)

    def turn(self) -> None:
        """Answer what waits, but not more than a few."""
        for _ in range(_BURST):
            if self.sock is None:
                return
            try:
                question, peer = self.sock.recvfrom(_LONGEST)
            except OSError:
                return  # nothing waits
            try:
                answer = reply(question, self.packed)
                if answer is not None:
                    self.sock.sendto(answer, peer)
                    self.answered += 1
            except (OSError, MemoryError) as error:
                report("DNS", error)

    def close(self) -> None:
        """Free the port."""
        if self.sock is not None:
            sock = self.sock
            self.sock = None
            sock.close()


def reply(question: bytes, address: bytes) -> "bytes | None":
    """The answer to a question: `address` for A, no records for other types (AAAA must not wait). None: not a question.

    Answered is the first question only, without anything that follows it (EDNS, RFC 6891).
    """
    # QR, opcode and one question (RFC 1035 section 4.1.1)
    if len(question) < 17 or question[2] & 0xF8 or question[4:6] != b"\x00\x01":
        return None
    end = 12
    while question[end]:
        if question[end] > 63:
            return None  # a pointer has nothing to point at in a question
        end += question[end] + 1
        if end + 5 > len(question):
            return None
    end += 5
    kind = question[end - 4 : end - 2]
    found = kind == b"\x00\x01"
    # Authoritative, recursion available, no error.
    head = question[:2] + bytes([0x84 | question[2] & 1, 0x80, 0, 1, 0, found, 0, 0, 0, 0])
    answer = head + question[12:end]
    if found:
        answer += b"\xc0\x0c\x00\x01\x00\x01" + _TTL + b"\x00\x04" + address
    return answer
