"""Byte loops as machine code, by MicroPython's viper emitter; see kernels.py for what each one does.

Words are read and written only at addresses that are a multiple of four: an RP2040 faults otherwise.
"""
# ruff: noqa: F821  (ptr8 and ptr32 are names of the viper emitter)

import sys
from array import array

import micropython


@micropython.viper
def scan(buf, offs: int, end: int, st: ptr32) -> int:
    b = ptr8(buf)
    n = end - offs
    if n < 6:
        return 0
    b0 = b[offs]
    ln = b[offs + 1]
    if b0 != 0x81 and b0 != 0x82 and b0 != 0x88 and b0 != 0x89 and b0 != 0x8A:
        return 0
    if not (ln & 0x80):
        return 0
    ln &= 0x7F
    h = offs + 6
    if ln >= 126:
        if ln == 127 or b0 & 8 or n < 8:
            return 0
        ln = b[offs + 2] << 8 | b[offs + 3]
        if ln < 126:
            return 0
        h += 2
    if end < h + ln or ln > st[3]:
        return 0
    st[0] = b0
    st[1] = ln
    st[2] = h + ln
    st[4] = 0
    m = ptr8(int(b) + h - 4)
    p = ptr8(int(b) + h)
    i = 0
    c = 0
    if ln >= 12:
        while (int(p) + i) & 3:
            t = p[i] ^ m[i & 3]
            p[i] = t
            c |= t
            i += 1
        w = m[i & 3] | m[(i + 1) & 3] << 8 | m[(i + 2) & 3] << 16 | m[(i + 3) & 3] << 24
        q = int(p) + i
        k = (ln - i) >> 2
        i += k << 2
        e = q + ((k & -4) << 2)
        z = q + (k << 2)
        while q < e:
            r = ptr32(q)
            t = r[0] ^ w
            r[0] = t
            c |= t
            t = r[1] ^ w
            r[1] = t
            c |= t
            t = r[2] ^ w
            r[2] = t
            c |= t
            t = r[3] ^ w
            r[3] = t
            c |= t
            q += 16
        while q < z:
            r = ptr32(q)
            t = r[0] ^ w
            r[0] = t
            c |= t
            q += 4
    while i < ln:
        t = p[i] ^ m[i & 3]
        p[i] = t
        c |= t
        i += 1
    st[5] = (c >> 7) & 0x1010101
    return h


@micropython.viper
def unmask(buf, offs: int, n: int, mask: ptr8) -> int:
    p = ptr8(int(ptr8(buf)) + offs)
    i = 0
    c = 0
    if n >= 12:
        while (int(p) + i) & 3:
            t = p[i] ^ mask[i & 3]
            p[i] = t
            c |= t
            i += 1
        w = mask[i & 3] | mask[(i + 1) & 3] << 8 | mask[(i + 2) & 3] << 16 | mask[(i + 3) & 3] << 24
        q = int(p) + i
        k = (n - i) >> 2
        i += k << 2
        e = q + ((k & -4) << 2)
        z = q + (k << 2)
        while q < e:
            r = ptr32(q)
            t = r[0] ^ w
            r[0] = t
            c |= t
            t = r[1] ^ w
            r[1] = t
            c |= t
            t = r[2] ^ w
            r[2] = t
            c |= t
            t = r[3] ^ w
            r[3] = t
            c |= t
            q += 16
        while q < z:
            r = ptr32(q)
            t = r[0] ^ w
            r[0] = t
            c |= t
            q += 4
    while i < n:
        t = p[i] ^ mask[i & 3]
        p[i] = t
        c |= t
        i += 1
    return (c >> 7) & 0x1010101


@micropython.viper
def utf8(buf, offs: int, n: int, st: int) -> int:
    b = ptr8(int(ptr8(buf)) + offs)
    need = st & 0xFF
    lo = (st >> 8) & 0xFF
    hi = (st >> 16) & 0xFF
    i = 0
    while i < n:
        c = b[i]
        i += 1
        if need:
            if c < lo or c > hi:
                return -1
            lo = 0x80
            hi = 0xBF
            need -= 1
        elif c < 0x80:
            # a run of ASCII goes by words once the address is even to four
            if not ((int(b) + i) & 3):
                p = ptr32(int(b) + i)
                j = 0
                k = (n - i) >> 2
                while j < k:
                    if (p[j] >> 7) & 0x1010101:
                        break
                    j += 1
                i += j << 2
        else:
            lo = 0x80
            hi = 0xBF
            if c < 0xC2:
                return -1
            if c < 0xE0:
                need = 1
            elif c < 0xF0:
                need = 2
                if c == 0xE0:
                    lo = 0xA0
                elif c == 0xED:
                    hi = 0x9F
            elif c < 0xF5:
                need = 3
                if c == 0xF0:
                    lo = 0x90
                elif c == 0xF4:
                    hi = 0x8F
            else:
                return -1
    if need:
        return need | lo << 8 | hi << 16
    return 0


@micropython.viper
def visible(buf, offs: int, end: int) -> int:
    b = ptr8(buf)
    i = offs
    while i < end:
        c = b[i]
        if c < 32:
            if c != 9:
                return i
        elif c == 127:
            return i
        i += 1
    return -1


@micropython.viper
def pack(dst: ptr8, how: int, src: ptr8, n: int) -> int:
    dst = ptr8(int(dst) + (how >> 9))
    h = 2
    if n < 126:
        dst[1] = n
    else:
        dst[1] = 126
        dst[2] = n >> 8
        dst[3] = n
        h = 4
    dst[0] = how
    d = int(dst) + h
    s = int(src)
    e = d + n
    c = 0
    if not ((d ^ s) & 3):
        while d < e and d & 3:
            b = ptr8(s)[0]
            ptr8(d)[0] = b
            c |= b
            d += 1
            s += 1
        z = e - 3
        while d < z:
            w = ptr32(s)[0]
            ptr32(d)[0] = w
            c |= w
            d += 4
            s += 4
    while d < e:
        b = ptr8(s)[0]
        ptr8(d)[0] = b
        c |= b
        d += 1
        s += 1
    if how & 0x100 and ((c >> 7) & 0x1010101):
        return 0
    return h + n


# str() looks every text up among all names of the program: 4 000 to 10 000 instructions, more with each module. A
# bytes object differs from a str only in the word that says what it is; here it gets that of `_MODEL`.
_MODEL = str(memoryview(b"the model of a str that is no name"), "utf-8")
_CELL = array("O", [None, _MODEL])  # what stands in it can be seen as addresses

if sys.maxsize >> 31 > 1:

    @micropython.viper
    def _as_str(cell: ptr32):
        o = ptr32(cell[0] | cell[1] << 32)
        t = ptr32(cell[2] | cell[3] << 32)
        o[1] = t[1]
        o[0] = t[0]

else:

    @micropython.viper
    def _as_str(cell: ptr32):
        ptr32(cell[0])[0] = ptr32(cell[1])[0]


@micropython.viper
def _word(cell: ptr32, wide: int, i: int) -> int:
    if wide:
        p = ptr32(cell[0] | cell[1] << 32)
        return p[i << 1] | p[(i << 1) + 1] << 32
    return ptr32(cell[0])[i]


@micropython.viper
def _place(data: ptr8) -> int:
    return int(data)


def _as_expected() -> bool:
    # Both kinds of object are [kind, hash, length, place of the bytes], and the bytes are where the last word says.
    wide = sys.maxsize >> 31 > 1
    kinds = []
    for thing in (bytes(b"fifteen letters"), bytes(b"seven ."), _MODEL):
        _CELL[0] = thing
        if _word(_CELL, wide, 2) != len(thing) or _word(_CELL, wide, 3) != _place(thing):
            return False
        kinds.append(_word(_CELL, wide, 0))
    _CELL[0] = None
    return kinds[0] == kinds[1] != kinds[2]


if _as_expected():

    @micropython.viper
    def text(view, doubt: int):
        if doubt:
            if utf8(view, 0, len(view), 0):
                return None
        data = bytes(view)
        if not data or data is view:  # not made here
            return str(view, "utf-8")
        _CELL[0] = data
        _as_str(_CELL)
        return data

else:

    def text(view, doubt):
        if doubt and utf8(view, 0, len(view), 0):
            return None
        return str(view, "utf-8")
