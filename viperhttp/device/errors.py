"""The last errors, kept over a reboot: a bounded list, written to flash seldom."""

from ..log import listen
from ..transport import ticks, ticks_diff
from .settings import Store

KEEP = 12  # errors
_LONGEST = 160  # characters of one
_FIRST_WRITE = 5000  # ms after the first error: what comes with it is written with it
_NEXT_WRITE = 600000  # ms between two writes: a fault in every request must not wear the flash out


class Errors:
    """Collects what viperhttp.log.report() says, and what add() is told.

    path   the file; default /errors.json

    Each entry is {"text":, "times":, "boot":, "at": seconds since that boot}. The same text again only counts.
    """

    def __init__(self, path: str = "/errors.json"):
        self.store = Store(path)
        self.boot = self.store.get("boot", 0) + 1  # of those boots that had an error to write
        self.entries = list(self.store.get("errors") or [])
        self.written = None  # tick of the last write
        self.due = None  # tick of the first error that is not written
        self.started = ticks()

    def listen(self) -> None:
        """Take all that is reported from now on."""
        listen(self.add)

    def add(self, text: str) -> None:
        """Note an error."""
        if len(text) > _LONGEST:
            text = text[: _LONGEST - 3] + "..."
        at = ticks_diff(ticks(), self.started) // 1000
        for entry in self.entries:
            if entry["text"] == text and entry["boot"] == self.boot:
                entry["times"] += 1
                entry["at"] = at
                break
        else:
            if len(self.entries) >= KEEP:
                del self.entries[0]
            self.entries.append({"text": text, "times": 1, "boot": self.boot, "at": at})
        if self.due is None:
            self.due = ticks()

    def tick(self) -> None:
        """Write what is due; called every second or so."""
        now = ticks()
        if self.due is None or ticks_diff(now, self.due) < _FIRST_WRITE:
            return
        if self.written is None or ticks_diff(now, self.written) >= _NEXT_WRITE:
            self.flush()

    def flush(self) -> None:
        """Write now: before a reset."""
        if self.due is None:
            return
        self.due = None
        self.written = ticks()
        self.store.update({"boot": self.boot, "errors": self.entries})
        try:
            self.store.save()
        except OSError as error:
            print("viperhttp: errors are not kept:", error)  # report() would lead back to here


_keeper = None


def keeper() -> Errors:
    """The one Errors of this board, which listens from the first call on."""
    global _keeper
    if _keeper is None:
        _keeper = Errors()
        _keeper.listen()
    return _keeper
