"""One message of a room, and the forms in which its members get it: each is made once, for all of a kind."""

from binascii import b2a_base64

from ..protocol import sse
from ..protocol.frames import frame
from .group import PLAIN, SSE, VIPER, payload

KINDS = 4
_LATE = 4  # added to a kind: without a seq, for a member that gets it out of turn


class Message:
    """What was published, once.

    raw   the payload as plain members get it: str, or bytes of a binary message
    json  raw is JSON text already
    t     the manager's clock in ms
    """

    def __init__(self, room, seq: int, data, key, event, t: int):
        self.room = room
        self.seq = seq
        self.key = key
        self.event = event
        self.t = t
        self.forms = None
        self.raw = payload(data, room.manager.dumps)
        self.json = self.raw is not data and isinstance(self.raw, str)

    def form(self, kind: int, late: bool = False) -> bytes:
        """The bytes for members of a kind."""
        if late and kind != PLAIN:
            kind += _LATE
        forms = self.forms
        if forms is None:
            forms = self.forms = {}
        data = forms.get(kind)
        if data is None:
            data = forms[kind] = self._make(kind % _LATE, kind >= _LATE)
        return data

    def _make(self, kind: int, late: bool) -> bytes:
        raw = self.raw
        if isinstance(raw, bytes):
            if kind < SSE:
                return frame(0x82, raw)
            return self._event("bin", b2a_base64(raw)[:-1], late)
        if kind == PLAIN:
            return frame(0x81, raw.encode())
        if kind == SSE:
            return self._event(self.event, raw, late)
        text = self.array(0 if late else self.seq)
        return frame(0x81, text.encode()) if kind == VIPER else self._event(None, text, late)

    def value(self) -> str:
        """The payload as JSON."""
        return self.raw if self.json else _text(self.room.manager.dumps(self.raw))

    def array(self, seq: int) -> str:
        """The message of viper.v1."""
        dumps = self.room.manager.dumps
        tail = "]" if self.key is None else "," + _text(dumps(self.key)) + "]"
        event = '"msg"' if self.event is None else _text(dumps(self.event))
        return "[%d,%s,%s,%s,%d%s" % (seq, _text(dumps(self.room.name)), event, self.value(), self.t, tail)

    def _event(self, event, data, late: bool) -> bytes:
        item = {"data": data}
        if event is not None:
            item["event"] = event
        if not late:
            item["id"] = "%s-%d" % (self.room.manager.epoch, self.seq)
        return sse.event(item)


def notice(manager, kind: int, seq: int, room: str, event: str, data) -> "bytes | None":
    """A message of the protocol itself, for one member; None where plain members get none."""
    if kind == PLAIN:
        return None
    if kind == SSE:
        # Its resume point moves; the page sees nothing.
        return sse.event({"id": "%s-%d" % (manager.epoch, seq)}) if seq else None
    text = _text(manager.dumps([seq, room, event, data, manager.clock()]))
    if kind == VIPER:
        return frame(0x81, text.encode())
    item = {"data": text}
    if seq:
        item["id"] = "%s-%d" % (manager.epoch, seq)
    return sse.event(item)


def _text(text) -> str:
    return text if isinstance(text, str) else str(text, "utf-8")  # an application's adapter may give bytes
