"""Plain Python for handing.py, for boards without a viper emitter. The frame of relay() is within 11 words."""

from ...protocol.kernels import scan, text


def relay(b, off, end, st):
    if end - off < 6 or b[off] not in b"\x81\x82":
        return 0
    off = scan(b, off, end, st)
    if not off:
        return 0
    # Of a short text max() tells sooner that it is ASCII than a str that is made of it.
    if st[0] == 0x81 and (not 0 < st[1] < 64 or max(b[off : st[2]]) > 127) and text(b[off : st[2]], 1) is None:
        st[0] = -1
        st[1] = 0
        return off
    if st[1] < 126:
        off -= 2
        b[off + 1] = st[1]
    else:
        off -= 4
        b[off + 1] = 126
        b[off + 2] = st[1] >> 8
        b[off + 3] = st[1] & 255
    b[off] = st[0]
    st[0] = st[2] != end
    st[1] = st[2] - off
    return off


def hand(ws, message):
    try:
        ws.call(message)
    except Exception as error:
        return error


def hand_view(ws, view, is_text):
    try:
        ws.call[0](view, is_text)
    except Exception as error:
        return error
