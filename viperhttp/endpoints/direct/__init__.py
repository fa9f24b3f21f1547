"""ws.each() and ws.relay(): messages go to a function, or on to somebody else, as they arrive; no task waits for them.

Loaded at the first use. Its methods then become WebSocketBase's own, and a connection whose `call` is set has feed
functions of its own, so that the others' way is not touched.
"""

import asyncio

from ...config import MICROPYTHON, const
from ...connection.wsparts import WsParts
from ...exceptions import WebSocketDisconnect
from ...protocol.assembly import Assembly
from ...protocol.frames import frame
from ...protocol.kernels import text
from ...transport import DONE, LOST, ticks, ticks_diff
from ..websocket import WebSocket, WebSocketBase

if MICROPYTHON:
    from .path import DirectPath, behind, hand, hand_view
else:
    from ._cpython import DirectPath, behind, hand, hand_view

_CONNECTING = const(0)  # connection.phases.CONNECTING
_OPEN = const(1)  # connection.phases.OPEN
_TEXT = const(1)  # codes.TEXT
_FIN = const(0x80)  # codes.FIN
_OVERHEAD = const(32)  # of a waiting message, as in connection/ws.py
_SPARE_MS = 1000

ECHO = True  # `call` of relay() to the peer itself

_ordinary_wake = WebSocket.wake
_ordinary_part_done = WsParts._part_done
_ordinary_check = WebSocket.check


class Piecewise(Assembly):
    """An Assembly whose buffer the next message takes over: one of 16 KiB costs 200 000 instructions and more."""

    spare: list = [None, 0]  # a bytearray that nobody uses, and the tick of its last use

    def _start_data(self, opcode: int, length: int) -> None:
        spare = self.spare[0]
        if self.data is None and spare is not None and 2 * length >= len(spare) >= length <= self.limit:
            self.data = spare
            self.spare[0] = None
        Assembly._start_data(self, opcode, length)


def _give_back(part, data) -> None:
    # The message in `data` is done with.
    if type(part) is Piecewise and type(data) is bytearray:
        part.spare[0] = data
        part.spare[1] = ticks()


class Direct(DirectPath):
    """Methods that WebSocketBase gets. `call` is a function, a tuple with one that takes views, or a relay's target."""

    fault = False  # the error that is to be raised where the end is awaited; None: here and now
    holding = None  # the task that waits until what was sent has gone, before more is read

    def hand_over(self, message) -> None:
        """Deal with a message that came in pieces, or before."""
        call = self.call
        error = None
        if type(call) is tuple:
            text = type(message) is str
            view = memoryview(message if MICROPYTHON or not text else message.encode())
            error = hand_view(self, view, text)
        elif call is ECHO or isinstance(call, WebSocketBase):
            to = self if call is ECHO else call
            return self.pass_on(to, 0x181, message) if type(message) is str else self.pass_on(to, 0x82, message)
        elif hasattr(call, "pass_frame"):
            call.publish(message)
        else:
            error = hand(self, message)
        if error is not None:
            self.faulty(error)
        elif behind(self):
            self.hold_reading(self)

    def hand_over_all(self) -> None:
        """hand_over() what waits in `pending`, as long as that does not wait in its turn."""
        while self.pending is not None and self.call is not None and not self.fault:
            waiting = message = self.pending
            if type(waiting) is list:  # take(), but for reading on
                message = waiting.pop(1)
                waiting[0] -= len(waiting[1]) + _OVERHEAD
                if len(waiting) == 2:
                    self.pending = waiting[1]
            else:
                self.pending = None
            self.hand_over(message)
            if behind(self.call if isinstance(self.call, WebSocketBase) else self):
                return

    def direct_wake(self) -> None:
        """In place of wake(): there is a message in `pending`, or the connection has ended."""
        if self.call is None or self.pending is None:
            _ordinary_wake(self)
        elif self.holding is None:
            self.hand_over_all()

    def pass_on(self, to, kind: int, payload) -> None:
        """Send a message to `to`, or let it wait there."""
        result = LOST
        if to.phase == _OPEN:
            if to.out is None and not behind(to):
                result = to._emit(kind, payload, len(payload))
            else:
                payload = frame(kind & 0xFF, payload.encode() if kind == 0x181 else payload)
                result = to.write(payload, len(payload))
        if result == LOST:
            if to is not self:
                self.faulty(to.ended_error())
        elif behind(to):
            self.hold_reading(to)

    def new_part(self) -> Piecewise:
        """What collects a message that does not come in one piece."""
        return Piecewise(self.route.limit)

    def direct_part_done(self, part) -> None:
        """In place of _part_done(): a message that came in pieces is complete."""
        call = self.call
        binary = part.opcode - _TEXT
        if call is None or binary > 1 or self.holding is not None or self.pending is not None:
            return _ordinary_part_done(self, part)  # type: ignore[arg-type]
        payload = part.payload
        part.payload = None
        if part.idle():
            self.part = None
        if type(call) is tuple:
            error = hand_view(self, memoryview(payload), not binary)
            _give_back(part, payload)
            if error is not None:
                self.faulty(error)
            elif behind(self):
                self.hold_reading(self)
        elif call is ECHO or isinstance(call, WebSocketBase):
            if MICROPYTHON and call is ECHO and self.out is None and self.phase == _OPEN:
                self.echo_whole(_TEXT + binary | _FIN, payload)
            else:
                self.pass_on(self if call is ECHO else call, _TEXT + binary | _FIN, payload)
            _give_back(part, payload)
        else:
            self.hand_over(bytes(payload) if binary else text(payload, 0))

    def direct_check(self, now: int) -> None:
        """In place of check()."""
        _ordinary_check(self, now)
        spare = Piecewise.spare
        if spare[0] is not None and ticks_diff(now, spare[1]) >= _SPARE_MS:
            spare[0] = None

    def hold_reading(self, on) -> None:
        """Read no more until `on`, a WebSocket, has sent what waits for its peer."""
        if self.holding is None:
            self.pause()
            self.holding = asyncio.create_task(_go_on(self, on))

    def faulty(self, error) -> None:
        """A callback has raised, or the connection to which this one is relayed is over."""
        if self.fault is None or self.waiter is not None:
            self.fault = error
            self.pause()  # what comes next is not for this callback
            self.wake_later()
        else:
            self.leave()
            self.ended(None, error)

    def leave(self) -> None:
        """Messages go to receive() again."""
        if self.call is not None:
            del self.call
            self.unset_feed()
            if self.fault is not False:
                del self.fault
            if self.paused and self.holding is None and self.phase == _OPEN:
                self.read_on()

    def slim(self) -> None:
        """The handler has returned what each() or relay() gave it: the connection needs no task any more."""
        if MICROPYTHON:
            for name in ("task", "waiter", "pending"):
                if getattr(self, name) is None:
                    try:
                        delattr(self, name)
                    except AttributeError:
                        pass


def start(ws, call):
    """Begin; return what to await until the end."""
    if ws.phase != _OPEN:
        if ws.phase != _CONNECTING:
            return DONE
        ws.need_open()
    if ws.call is not None:
        raise RuntimeError("each() or relay() is under way on this connection already")
    if MICROPYTHON and ws.pending is None and ws.waiter is None:
        # Two names less in the connection's table before two more: see WebSocketBase.__init__.
        for name in ("waiter", "pending"):
            try:
                delattr(ws, name)
            except AttributeError:
                pass
    ws.call = call
    feed = ws.direct_feed()
    ws.set_feed(feed if ws.route.idle_timeout is None else _watched(ws, feed))
    if ws.pending is not None:
        ws.hold_reading(ws)
    return _until_end(ws)


def _watched(ws, feed):
    # On a route with idle_timeout: see IdleWebSocket.feed.
    from ...transport import ticks

    def watched(buf, off, end):
        ws._control_bytes = 0
        feed(buf, off, end)
        if end - off > ws._control_bytes:
            ws.active = ticks()

    return watched


async def _until_end(ws) -> None:
    try:
        while ws.phase == _OPEN and not ws.fault:
            await ws.park()
            if ws.pending is not None and ws.holding is None and not ws.fault:
                ws.fault = None
                ws.hand_over_all()
        if ws.pending is not None and not ws.fault:
            ws.fault = None
            ws.hand_over_all()
        if ws.fault:
            raise ws.fault
    finally:
        ws.leave()


async def _go_on(ws, on) -> None:
    try:
        while ws.phase == _OPEN:
            if behind(on):
                await on._wait_for_room(None)
            ws.hand_over_all()
            if not behind(on) and (ws.pending is None or ws.call is None or ws.fault):
                break
    except WebSocketDisconnect:
        pass  # on.phase says it
    finally:
        ws.holding = None
    if ws.phase != _OPEN or ws.fault:
        return
    if on is not ws and on.phase != _OPEN and ws.call is on:
        return ws.faulty(on.ended_error())
    try:
        ws.read_on()
    except OSError:
        ws.drop()


def each(ws, callback, view: bool):
    """See WebSocketBase.each."""
    if not callable(callback):
        raise TypeError("each() takes a function, not %s" % type(callback).__name__)
    return start(ws, (callback,) if view else callback)


def relay(ws, to):
    """See WebSocketBase.relay."""
    if to is None or to is ws:
        to = ECHO
    elif not isinstance(to, WebSocketBase) and not hasattr(to, "pass_frame"):
        raise TypeError("relay() takes a WebSocket or a room, not %s" % type(to).__name__)
    return start(ws, to)


for _class in (DirectPath, Direct):
    for _name, _value in _class.__dict__.items():
        if not _name.startswith("__"):
            setattr(WebSocketBase, _name, _value)
WebSocket._part_done = Direct.direct_part_done  # type: ignore
WebSocket.check = Direct.direct_check  # type: ignore
WebSocket.wake = Direct.direct_wake  # type: ignore
