"""Chooses the byte loops for this machine: viper, plain Python, or CPython's own C methods.

Each set has the same six functions:

scan(buf, off, end, st)   A whole, unfragmented client frame of an ordinary kind (text, binary, close, ping, pong;
                          masked, shortest length form, payload at most st[3] bytes) at buf[off:end] is unmasked in
                          place; returns the payload's offset, with st[0] the first byte, st[1] the payload's length,
                          st[2] the offset behind it, st[4] 0, and st[5] 0
                          only when all bytes are ASCII. Anything else returns 0 and changes nothing:
                          frames.Assembly looks closer.
unmask(buf, off, n, mask) XOR buf[off:off+n] with the four bytes of mask (RFC 6455 section 5.3). It returns 0 only when
                          all bytes are ASCII then; the plain ones do not look.
utf8(buf, off, n, state)  Strict UTF-8 (RFC 3629) over buf[off:off+n]; state 0 at the start of a text. Returns the
                          state for the next piece (0 between characters), -1 at the first wrong byte. MicroPython's
                          own decode accepts overlong forms, surrogates and code points above U+10FFFF.
pack(dst, how, src, n)    A server frame of n bytes (under 65 536) of src; returns its length. The low 8 bits of `how`
                          are its first byte, what stands above the low 9 the place in dst. With 0x100 in it, src is
                          a str of n characters, and the result 0 when it is not ASCII. (A fifth argument would make
                          the frame of send_text too large for the stack.)
text(view, doubt)         The bytes as str; with `doubt` (they are not known to be ASCII, or checked) None when they
                          are not strict UTF-8.
visible(buf, off, end)    Offset of the first control character but TAB, or -1 (RFC 9110 section 5.5).

VIPERHTTP_KERNELS=pure in the environment, or `viperhttp.protocol.setting.KERNELS = "pure"` before the first import,
forces the plain ones (tests run both). On CPython "auto" unmasks by the C function of the `websockets` package where
that happens to be installed; "cpython" keeps to the standard library.
"""

import sys
from array import array

from . import setting

# What scan() found, at BYTE0 0, LENGTH 1 and NEXT 2: first byte, payload length, offset behind the frame; at LIMIT 3
# the largest payload it may take; at SENT_IN_A_ROW 4 what a handler sends without receiving, which scan() sets to 0;
# at NOT_ASCII 5 whether a byte of it may be none of ASCII's.
ST = array("i", [0, 0, 0, 0, 0, 0])

NAME = setting.KERNELS
if NAME == "auto":
    NAME = "viper" if sys.implementation.name == "micropython" else "cpython"

if NAME == "viper":
    # No emitter: SyntaxError (source), ValueError (.mpy of another machine); no room for machine code: MemoryError.
    try:
        from ._viper import pack, scan, text, unmask, utf8, visible
    except (SyntaxError, ValueError, ImportError, MemoryError):
        NAME = "pure"
elif NAME == "cpython":
    from ._cpython import pack, scan, text, unmask, utf8, visible
if NAME == "pure":
    from ._pure import pack, scan, text, unmask, utf8, visible

__all__ = ("NAME", "ST", "pack", "scan", "text", "unmask", "utf8", "visible")
