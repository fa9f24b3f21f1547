"""Settings on flash that survive a power cut: written beside the old file, checked, then renamed in its place."""

import hashlib
import json
import os
from binascii import hexlify

from ..config import MICROPYTHON
from ..log import report

NEW = ".new"  # being written
OLD = ".old"  # the version before
_MARK = "\n#"  # in front of the checksum, the file's last line
_DIGITS = 16
_LONGEST = 8192  # bytes of a file; more is no settings file


class Store:
    """A dict of JSON values in one file.

    path      the file; `path`.new and `path`.old stand beside it while it changes
    defaults  dict of what keys are that the file does not have

    The file is JSON and a last line with its checksum. A file without that line is taken, too: that is one written
    by hand. Wherever the power is cut during save(), the next load() gives the values before or those after.
    """

    def __init__(self, path: str, defaults: "dict | None" = None):
        self.path = path
        self.defaults = defaults or {}
        self.values: dict = {}
        self.saved = None  # the text on flash
        self.load()

    def load(self) -> None:
        """Read the file, or where it is damaged or missing, what an interrupted save() has left."""
        self.values = {}
        self.saved = None
        for name in (self.path, self.path + NEW, self.path + OLD):
            try:
                text = _read(name)
                values = parse(text)
            except OSError:
                continue  # it is not there
            except (ValueError, MemoryError) as error:
                report(name, error)
                continue
            self.values = values
            if name == self.path:
                self.saved = text
            elif name == self.path + NEW:
                self._finish()  # the cut came between the two renames: a later save() must not write over it
            return

    def save(self) -> bool:
        """Write the values where they differ from the file. True when it was written; OSError when it cannot be."""
        text = _signed(self.values)
        if text == self.saved:
            return False
        new = self.path + NEW
        try:
            with open(new, "w") as file:
                file.write(text)
                file.flush()
                if not MICROPYTHON:
                    os.fsync(file.fileno())  # CPython
            if _read(new) != text:
                raise OSError(5, "%s was not written as it should be" % new)
        except OSError:
            _remove(new)
            raise
        self._finish()
        self.saved = text
        return True

    def _finish(self) -> None:
        old = self.path + OLD
        if _is_there(self.path):
            _remove(old)  # FAT does not rename onto a file
            os.rename(self.path, old)
        os.rename(self.path + NEW, self.path)
        if MICROPYTHON and hasattr(os, "sync"):
            os.sync()

    def erase(self) -> None:
        """Forget everything, on flash too."""
        self.values = {}
        self.saved = None
        for name in (self.path + OLD, self.path + NEW, self.path):
            _remove(name)

    # ---- as a dict -------------------------------------------------------

    def get(self, key: str, default=None):
        """The value of a key, else that of the defaults, else `default`."""
        if key in self.values:
            return self.values[key]
        return self.defaults.get(key, default)

    def update(self, changes: dict) -> None:
        """Set several keys; save() writes them."""
        self.values.update(changes)

    def pop(self, key: str, default=None):
        """Remove a key and return what it was."""
        return self.values.pop(key, default)

    def __getitem__(self, key: str):
        if key in self.values:
            return self.values[key]
        return self.defaults[key]

    def __setitem__(self, key: str, value) -> None:
        self.values[key] = value

    def __contains__(self, key: str) -> bool:
        return key in self.values or key in self.defaults

    def __repr__(self) -> str:
        return "%s(%r)" % (self.path, self.values)


class Secrets(Store):
    """A Store that shows names, but no values."""

    def __repr__(self) -> str:
        return "%s(%s)" % (self.path, ", ".join([key + "=***" for key in self.values]))


class Settings(Store):
    """A board's settings, and its secrets in a file of their own.

    path     default /settings.json: may be shown and copied
    secrets  default /secrets.json: passwords; `settings.secrets` is that Store, whose repr shows none. It is not
             encrypted: whoever holds the board can read it

    save() writes both.
    """

    def __init__(
        self, path: str = "/settings.json", secrets: str = "/secrets.json", defaults: "dict | None" = None
    ):
        Store.__init__(self, path, defaults)
        self.secrets = Secrets(secrets)

    def save(self) -> bool:
        """Write what has changed; the secrets first, since the settings refer to them."""
        changed = self.secrets.save()
        return Store.save(self) or changed

    def erase(self) -> None:
        """Forget all settings and secrets."""
        self.secrets.erase()
        Store.erase(self)


def parse(text: str) -> dict:
    """The values in a file's text. ValueError when it is damaged."""
    at = text.rfind(_MARK)
    body = text
    if at >= 0:
        body = text[:at]
        if text[at + len(_MARK) :].strip() != checksum(body):
            raise ValueError("the checksum is wrong; delete the last line if you have edited the file")
    values = json.loads(body)
    if not isinstance(values, dict):
        raise ValueError("it holds no JSON object")
    return values


def checksum(text: str) -> str:
    """What the last line says."""
    return hexlify(hashlib.sha256(text.encode()).digest()).decode()[:_DIGITS]


def _signed(values: dict) -> str:
    body = json.dumps(values)
    return body + _MARK + checksum(body) + "\n"


def _read(name: str) -> str:
    size = os.stat(name)[6]
    if size > _LONGEST:
        raise ValueError("longer than %d bytes" % _LONGEST)
    # No more than it has: read(n) takes n bytes at once, which a full heap has not in one piece.
    with open(name, "rb") as file:
        return str(file.read(size), "utf-8")


def _is_there(name: str) -> bool:
    try:
        os.stat(name)
        return True
    except OSError:
        return False


def _remove(name: str) -> None:
    if _is_there(name):
        os.remove(name)
