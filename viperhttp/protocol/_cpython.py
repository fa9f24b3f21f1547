"""Byte loops by CPython's C-coded methods; see kernels.py for what each one does."""

import re

from . import _pure, setting

apply_mask = None  # a C function of another package that XORs, where one is installed
if setting.KERNELS == "auto":
    try:
        from websockets.speedups import apply_mask  # type: ignore[assignment]
    except ImportError:
        pass

_from_bytes = int.from_bytes
_TABLES = [bytes(byte ^ mask for byte in range(256)) for mask in range(256)]
_HIDDEN = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

# Integers cost 84 instructions a byte at 125 bytes and 38 at 16 KiB, table look-ups 104 and 20.
TABLES_FROM = 200


def unmasked(piece, mask):
    """The bytes of `piece` (a bytearray, which may be changed, or bytes), XORed with the four of mask."""
    if apply_mask is not None:
        return apply_mask(piece, mask)
    n = len(piece)
    if n < TABLES_FROM:
        key = _from_bytes((bytes(mask) * ((n + 3) >> 2))[:n], "little")
        return (_from_bytes(piece, "little") ^ key).to_bytes(n, "little")
    if type(piece) is not bytearray:
        piece = bytearray(piece)
    # In place, and on a bytearray: bytes are twice as slow to cut in lanes and to translate.
    for lane in range(4):
        piece[lane::4] = piece[lane::4].translate(_TABLES[mask[lane]])
    return piece


def unmask(b, off, n, mask):
    end = off + n
    b[off:end] = unmasked(b[off:end], mask)


def scan(b, off, end, st):
    if end - off < 6:
        return 0
    b0 = b[off]
    n = b[off + 1]
    if n < 0x80 or b0 not in b"\x81\x82\x88\x89\x8a":
        return 0
    n &= 0x7F
    h = off + 6
    if n >= 126:
        if n == 127 or b0 & 8 or end - off < 8:
            return 0
        n = b[off + 2] << 8 | b[off + 3]
        if n < 126:
            return 0
        h += 2
    if end < h + n or n > st[3]:
        return 0
    st[0] = b0
    st[1] = n
    st[2] = h + n
    st[4] = 0
    st[5] = 1
    if n:
        unmask(b, h, n, b[h - 4 : h])
    return h


def utf8(b, off, n, st):
    end = off + n
    while st and off < end:
        st = _pure.utf8(b, off, 1, st)
        if st < 0:
            return -1
        off += 1
    # The last three bytes may be the start of a character; what stands before goes to the C decoder.
    tail = end
    for back in range(1, 4):
        if tail == end and off <= end - back and b[end - back] >= 0xC0:
            tail = end - back
    try:
        str(b[off:tail], "utf-8")
    except UnicodeDecodeError:
        return -1
    return _pure.utf8(b, tail, end - tail, st) if tail < end else st


def visible(b, off, end):
    found = _HIDDEN.search(b, off, end)
    return found.start() if found else -1


pack = _pure.pack


def text(view, doubt):
    try:
        return str(view, "utf-8")
    except UnicodeDecodeError:
        return None
