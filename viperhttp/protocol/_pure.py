"""Byte loops in plain Python, for boards without a viper emitter; see kernels.py for what each one does.

Frames of at most 11 words (locals, stack, 3 for each `try`): MicroPython puts a larger one on the heap at each call.
"""


def xor_loop(b, i, n):
    # The mask stands in the four bytes before the payload.
    p = b[i - 4]
    q = b[i - 3]
    r = b[i - 2]
    s = b[i - 1]
    n += i
    while i + 4 <= n:
        b[i] ^= p
        b[i + 1] ^= q
        b[i + 2] ^= r
        b[i + 3] ^= s
        i += 4
    if i < n:
        b[i] ^= p
        if i + 1 < n:
            b[i + 1] ^= q
            if i + 2 < n:
                b[i + 2] ^= r


def xor_int(b, i, n, mask):
    # By big integers: 100 instructions a byte against 550, but it allocates. Pays from about 400 bytes.
    key = int.from_bytes((mask * ((n + 3) >> 2))[:n], "little")
    b[i : i + n] = (int.from_bytes(b[i : i + n], "little") ^ key).to_bytes(n, "little")


def xor_ahead(b, i, n):
    # A function of its own: this slice within scan() would make scan's frame too large for the stack.
    xor_int(b, i, n, bytes(b[i - 4 : i]))


XOR_INT_FROM = 400


def scan(b, off, end, st):
    if end - off < 6 or not b[off + 1] & 0x80 or b[off] not in b"\x81\x82\x88\x89\x8a":
        return 0
    n = b[off + 1] & 0x7F
    h = off + 6
    if n >= 126:
        if n == 127 or b[off] & 8 or end - off < 8:
            return 0
        n = b[off + 2] << 8 | b[off + 3]
        if n < 126:
            return 0
        h += 2
    if end < h + n or n > st[3]:
        return 0
    st[0] = b[off]
    st[1] = n
    st[2] = h + n
    st[4] = 0
    st[5] = 1
    if n >= XOR_INT_FROM:
        xor_ahead(b, h, n)
    else:
        xor_loop(b, h, n)
    return h


def unmask(b, off, n, mask):
    if n >= 16:
        return xor_int(b, off, n, bytes(mask))
    i = 0
    while i < n:
        b[off + i] ^= mask[i & 3]
        i += 1


def _lead(c):
    # The state after a lead byte: continuation bytes to come, bounds of the next (RFC 3629 section 4).
    if c < 0xC2:
        return -1
    if c < 0xE0:
        return 0xBF8001
    if c < 0xF0:
        return 0xBFA002 if c == 0xE0 else 0x9F8002 if c == 0xED else 0xBF8002
    if c < 0xF5:
        return 0xBF9003 if c == 0xF0 else 0x8F8003 if c == 0xF4 else 0xBF8003
    return -1


def utf8(b, i, n, st):
    n += i
    while i < n:
        c = b[i]
        i += 1
        if st:
            if c < (st >> 8) & 0xFF or c > st >> 16:
                return -1
            st = (st & 0xFF) - 1
            if st:
                st |= 0xBF8000
        elif c >= 0x80:
            st = _lead(c)
            if st < 0:
                return -1
    return st


def visible(b, i, end):
    while i < end:
        c = b[i]
        if c < 32 and c != 9 or c == 127:
            return i
        i += 1
    return -1


def pack(dst, at, src, n):
    if at & 0x100:
        src = src.encode()
        if len(src) != n:
            return 0
    dst[at >> 9] = at & 0xFF
    at = (at >> 9) + 1
    if n < 126:
        dst[at] = n
        dst[at + 1 : at + 1 + n] = src
        return n + 2
    dst[at] = 126
    dst[at + 1] = n >> 8
    dst[at + 2] = n & 255
    dst[at + 3 : at + 3 + n] = src
    return n + 4


def _decode(view):
    try:
        return str(view, "utf-8")
    except UnicodeError:
        return None


def text(view, doubt):
    # As many characters as bytes: ASCII, whatever MicroPython's decoder accepts.
    found = _decode(view)
    if doubt and found is not None and len(found) != len(view) and utf8(view, 0, len(view), 0):
        return None
    return found
