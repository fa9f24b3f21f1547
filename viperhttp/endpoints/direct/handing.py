"""MicroPython: what handing messages on takes besides protocol/kernels.py; machine code where that is to be had.

relay(buf, off, end, st)  The whole, unfragmented text and binary messages that begin at buf[off], up to the first that
                          scan() would not take or that is something else, are made frames of a server in place, one
                          behind the other. Returns where they stand, with st[1] their bytes, st[2] the offset behind
                          what was taken, st[4] 0, and st[0] 0 when that is `end`, 1 when it is not, -1 when the last
                          one taken is no UTF-8 and therefore not among them. 0: nothing was taken.
hand(ws, message)         ws.call(message); returns the exception that it raised, or None.
hand_view(ws, view, is_text)  The same with ws.call[0] and two arguments.
"""

from ...protocol.kernels import NAME

if NAME == "viper":
    try:
        from ._viper import hand, hand_view, relay
    except (ImportError, ValueError, MemoryError):  # no file, of another machine, no room for machine code
        NAME = "pure"
if NAME != "viper":
    from ._pure import hand, hand_view, relay

__all__ = ("hand", "hand_view", "relay")
