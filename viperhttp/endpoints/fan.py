"""MicroPython: one frame to many WebSockets, with as little per member as can be.

A Part of a room keeps a list of the sockets that take a frame at once: open, and nothing waits for them. It is made
anew when a connection anywhere has begun or ceased to be like that (outbox.CHANGES), which is rare. What is left is

run(socks, data)  Write the first ST[N] bytes of `data` to each socket that the iterator `socks` gives. None when all
                  took them; True when the last one took only a part, now ST[N] bytes; False when its write failed. It
                  can go on behind that one. Machine code where there is an emitter.
"""

from ..protocol.frames import frame
from ..protocol.kernels import NAME, ST, pack
from ..transport.buffers import TX
from ..transport.cork import CORK
from ..transport.hub import hub
from ..transport.outbox import CHANGES

N = 1  # in ST, where scan() has a length, which nobody looks at once the message is delivered
_OPEN = 1  # connection.ws.OPEN

run = None
if NAME == "viper":
    try:
        from ._viper import run
    except (SyntaxError, ValueError, ImportError, MemoryError):  # as in protocol.kernels
        pass
if run is None:
    from ._pure import run


class Part:
    """Members of one kind. Whoever changes `members` has to set `version` and `rest` to None.

    socks    the sockets of those that take a frame at once
    rest     the others
    version  CHANGES[0] when these were found
    """

    socks = rest = version = None

    def __init__(self, members: list):
        self.members = members

    def __len__(self):
        return len(self.members)


def send_text(part: Part, text: str, exclude):
    """Send a text to the members but `exclude`; see send_frame."""
    n = len(text)
    if n + 4 <= len(TX):
        n = pack(TX, 0x181, text, n)
        if n:
            return _send(part, TX, n, exclude)
    return send_frame(part, frame(0x81, text.encode()), exclude)


def send_frame(part: Part, data: bytes, exclude):
    """Send a ready frame to the members but `exclude`; return a list of those that could not take it, or are gone.

    None or an empty list: all took it. What a socket takes only a part of waits in its own queue.
    """
    return _send(part, data, len(data), exclude)


def _send(part, data, n: int, exclude):
    if CORK.channel is not None:
        CORK.pull_out(CORK.channel)  # what its handler has sent goes first
    if part.version is not CHANGES[0]:
        _sort(part)
    if exclude is not None:
        part = _without(part, exclude)
    ST[N] = n
    exclude = iter(part.socks)  # one more name would put the frame on the heap
    how = run(exclude, data)
    if how is None:
        return part.rest
    return _not_so_simple(part, exclude, data, n, how)


def _sort(part) -> None:
    part.version = CHANGES[0]
    part.socks = socks = []
    part.rest = rest = []
    for ws in part.members:
        if ws.out is None and ws.phase == _OPEN:
            socks.append(ws.sock)
        else:
            rest.append(ws)


def _without(part, one):
    other = Part(None)
    other.socks = [sock for sock in part.socks if sock is not getattr(one, "sock", None)]
    other.rest = [ws for ws in part.rest if ws is not one]
    return other


def _not_so_simple(part, left, data, n: int, how) -> list:
    # A socket has not taken the frame just so: the one before those that are left.
    socks = part.socks
    rest = list(part.rest)
    if data is TX:
        data = bytes(memoryview(TX)[:n])  # what follows may write something else into it
    while how is not None:
        left = list(left)
        ws = hub.channels.get(socks[-1 - len(left)])
        if ws is not None:
            if not how:
                ws.lost_in_put()
                rest.append(ws)
            elif ws.wait_with(data, ST[N]) < 0:
                rest.append(ws)
        left = iter(left)
        ST[N] = n
        how = run(left, data)
    return rest
