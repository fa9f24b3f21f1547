"""MicroPython without machine code: the loop over a room's sockets, in frames of 11 words; see fan.py."""

from micropython import const

from ..protocol.kernels import ST

_N = const(1)  # fan.N


def run(socks, data):
    try:
        data = _run(socks, data)
    except OSError:
        data = False
    return data


def _run(socks, data):
    # One name for three things: with another one the frame would be on the heap.
    n = ST[_N]
    for socks in socks:  # noqa: B020
        socks = socks.write(data, n)
        if socks is not n:  # small integers are the same object here
            ST[_N] = socks or 0
            return True
