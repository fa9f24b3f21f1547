"""The only layer that knows sockets: MicroPython's hub over select.poll, or CPython's asyncio transports.

Both offer the same names:

Channel    a connection's socket, its send queue, and the task of its handler; subclasses get
           feed, eof, lost, drained, started, ended and check called. Channel.current() is that of the running handler
Listener   the listening socket
DONE       what to await when there is nothing to wait for
TX         scratch buffer in which a frame header is written before `Channel.write_framed`
ticks, ticks_diff, ticks_add    milliseconds, as MicroPython's time module has them
SENT, QUEUED, LOST              what a write returns
changed()  called when a connection has begun, or ceased, to take a frame at once
"""

from ..config import MICROPYTHON
from .outbox import LOST, QUEUED, SENT, changed

if MICROPYTHON:
    from . import waitfor  # mends asyncio's  # noqa: F401
    from .channel import DONE, TX, Channel
    from .clock import ticks, ticks_add, ticks_diff
    from .hub import Listener
else:
    from .aio import TX, Channel, Listener
    from .clock import ticks, ticks_add, ticks_diff
    from .done import DONE

__all__ = (
    "DONE",
    "LOST",
    "QUEUED",
    "SENT",
    "TX",
    "Channel",
    "Listener",
    "changed",
    "ticks",
    "ticks_add",
    "ticks_diff",
)
