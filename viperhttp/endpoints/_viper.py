"""MicroPython: the loop over a room's sockets as machine code; see fan.py for what it does."""

import micropython
from micropython import const

from ..protocol.kernels import ST

_N = const(1)  # fan.N


@micropython.native
def run(socks, data):
    try:
        n = ST[_N]
        for sock in socks:
            took = sock.write(data, n)
            if took is n:  # small integers are the same object here, and `==` costs more
                continue
            ST[_N] = took or 0
            return True
    except OSError:
        return False
