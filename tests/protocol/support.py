"""What the protocol tests share; runs on CPython and on MicroPython."""

import sys

from viperhttp.exceptions import ProtocolError
from viperhttp.protocol import assembly
from viperhttp.protocol.kernels import ST, scan, utf8

MICROPYTHON = sys.implementation.name == "micropython"
BYTE0, LENGTH, NEXT, LIMIT = range(4)  # places in kernels.ST
MASK = b"\x37\xfa\x21\x3d"  # the mask of the RFC's examples (RFC 6455 section 5.7)


class Skip(Exception):
    """Raise Skip(reason) in a test that cannot run here."""


class Random:
    """The same numbers on every runtime (xorshift, 32 bits)."""

    def __init__(self, seed):
        self.state = seed or 1

    def below(self, n):
        x = self.state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self.state = x
        return x % n

    def bytes(self, n):
        return bytes([self.below(256) for _ in range(n)])

    def choice(self, items):
        return items[self.below(len(items))]


def raises(kind, function, *arguments):
    """Call function(*arguments); return the exception of that kind which it must raise."""
    try:
        got = function(*arguments)
    except kind as error:
        return error
    raise AssertionError("%s%r gave %r, not %s" % (function, arguments, got, kind.__name__))


def refused(code, function, *arguments):
    """Call function(*arguments), which must raise ProtocolError with that code; return the error."""
    error = raises(ProtocolError, function, *arguments)
    assert error.code == code, "%d (%s) instead of %d for %r" % (error.code, error.reason, code, arguments)
    assert error.reason
    return error


def masked(payload, mask=MASK):
    return bytes([byte ^ mask[i & 3] for i, byte in enumerate(payload)])


def client_frame(opcode, payload=b"", fin=True, mask=MASK, rsv=0, form=0, length=None):
    """A frame as a client sends it.

    mask    four bytes, or None for a frame without one
    form    bytes of the extended length: 0 for the shortest that fits, else 1 (none), 2 or 8
    length  the length to claim, where it is not the payload's
    """
    n = len(payload) if length is None else length
    form = form or (1 if n < 126 else 2 if n < 65536 else 8)
    bit = 0x80 if mask else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if form == 1:
        head += bytes([bit | n])
    elif form == 2:
        head += bytes([bit | 126]) + n.to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + n.to_bytes(8, "big")
    return head + mask + masked(payload, mask) if mask else head + payload


def cut(data, sizes):
    """`data` in pieces of these sizes; the last piece is what remains."""
    pieces = []
    at = 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    pieces.append(data[at:])
    return pieces


def ways(data):
    """`data` whole, a byte at a time, and cut in two at every place."""
    yield [data]
    yield [data[i : i + 1] for i in range(len(data))]
    for at in range(1, len(data)):
        yield [data[:at], data[at:]]


class Decoder:
    """Reads frames as a connection does: scan() where nothing is under way, Assembly for the rest.

    events  (opcode, payload) of what is complete
    fast    False never uses scan()
    view    True feeds memoryviews
    """

    def __init__(self, limit=1000, fast=True, view=False):
        self.assembly = assembly.Assembly(limit)
        self.fast = fast
        self.view = view
        self.limit = limit
        self.events = []

    def feed(self, data):
        # An odd offset, and bytes behind the end that do not belong to it.
        off = len(self.events) & 3
        buf = bytearray(off) + bytearray(data) + bytearray(b"\x81\x81\x81\x81\x81\x81\x81\x81")
        end = off + len(data)
        if self.view:
            buf = memoryview(buf)
        while off < end:
            ST[LIMIT] = self.limit
            at = scan(buf, off, end, ST) if self.fast and self.assembly.idle() else 0
            if at:
                off = self._scanned(buf, at)
                continue
            before = off
            off = self.assembly.feed(buf, off, end)
            assert off > before, "feed took nothing"
            assert off <= end, "feed read behind the end"
            if self.assembly.opcode:
                self.events.append((self.assembly.opcode, bytes(self.assembly.payload)))

    def _scanned(self, buf, at):
        opcode = ST[BYTE0] & 15
        n = ST[LENGTH]
        if opcode == 1 and utf8(buf, at, n, 0):
            raise ProtocolError(1007, "text is not UTF-8")
        self.events.append((opcode, bytes(buf[at : at + n])))
        return ST[NEXT]


def decode(pieces, limit=1000, fast=True, view=False):
    """Events of a stream that comes in these pieces."""
    decoder = Decoder(limit, fast, view)
    for piece in pieces:
        decoder.feed(piece)
    return decoder.events
