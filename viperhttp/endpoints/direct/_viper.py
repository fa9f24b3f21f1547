"""Machine code for messages that are handed on as they are; see handing.py. Words only at addresses even to four."""
# ruff: noqa: F821  (ptr8 and ptr32 are names of the viper emitter)

import micropython

from ...protocol.kernels import utf8


@micropython.viper
def relay(buf, offs: int, end: int, st: ptr32) -> int:
    b = ptr8(buf)
    at = offs
    out = 0  # where the next frame of the server goes
    start = 0
    bad = 1
    while True:
        n = end - at
        if n < 6:
            if not n:
                bad = 0
            break
        b0 = b[at]
        ln = b[at + 1]
        if b0 != 0x81 and b0 != 0x82:
            break
        if not (ln & 0x80):
            break
        ln &= 0x7F
        h = at + 6
        if ln >= 126:
            if ln == 127 or n < 8:
                break
            ln = b[at + 2] << 8 | b[at + 3]
            if ln < 126:
                break
            h += 2
        if end < h + ln or ln > st[3]:
            break
        if not start:
            start = out = at + 4
        # A server's header is four bytes shorter: the payload moves back by four for each frame before this one. So
        # its words stay words; but the mask may be overwritten, and is read first.
        k = out + h - at - 4
        move = h - k
        m0 = b[h - 4]
        m1 = b[h - 3]
        m2 = b[h - 2]
        m3 = b[h - 1]
        p = int(b) + h
        e = p + ln
        c = 0
        if ln >= 12:
            while p & 3:
                t = ptr8(p)[0] ^ m0
                ptr8(p - move)[0] = t
                c |= t
                p += 1
                t = m0
                m0 = m1
                m1 = m2
                m2 = m3
                m3 = t
            w = m0 | m1 << 8 | m2 << 16 | m3 << 24
            z = p + ((e - p) & -16)
            while p < z:
                r = ptr32(p)
                s = ptr32(p - move)
                t = r[0] ^ w
                s[0] = t
                c |= t
                t = r[1] ^ w
                s[1] = t
                c |= t
                t = r[2] ^ w
                s[2] = t
                c |= t
                t = r[3] ^ w
                s[3] = t
                c |= t
                p += 16
            z = p + ((e - p) & -4)
            while p < z:
                t = ptr32(p)[0] ^ w
                ptr32(p - move)[0] = t
                c |= t
                p += 4
        while p < e:
            t = ptr8(p)[0] ^ m0
            ptr8(p - move)[0] = t
            c |= t
            p += 1
            t = m0
            m0 = m1
            m1 = m2
            m2 = m3
            m3 = t
        at = h + ln
        if b0 == 0x81 and (c >> 7) & 0x1010101:
            if utf8(buf, k, ln, 0):
                bad = -1
                break
        b[out] = b0
        if ln < 126:
            b[out + 1] = ln
        else:
            b[out + 1] = 126
            b[out + 2] = ln >> 8
            b[out + 3] = ln
        out = k + ln
    st[0] = bad
    st[1] = out - start
    st[2] = at
    st[4] = 0
    return start


@micropython.native
def hand(ws, message):
    # Native functions have their frame on the C stack, however large it is (`except ... as` takes six words).
    try:
        ws.call(message)
    except Exception as error:
        return error


@micropython.native
def hand_view(ws, view, is_text):
    try:
        ws.call[0](view, is_text)
    except Exception as error:
        return error
