"""Sessions in files, each replaced in one step: a power cut leaves the old content or the new."""

import os
import time

_NEW = ".new"


class FileStore:
    """Keeps sessions in a folder; give it to SessionMiddleware(store=...).

    folder     made when it is missing; hold nothing else in it, and do not serve it
    max_files  default 256; beyond, the longest unused is deleted

    A session that the handler has not changed is written again only when a quarter of its time has passed.
    """

    def __init__(self, folder: str, max_files: int = 256):
        self.folder = folder.rstrip("/")
        self.max_files = max_files
        try:
            os.mkdir(self.folder)
        except OSError:
            os.listdir(self.folder)  # an error that says so, when it is not a folder

    def _path(self, key: str) -> str:
        return self.folder + "/" + key

    def load(self, key: str):
        """(time of the last change, JSON text) of a session, or None."""
        path = self._path(key)
        # FAT cannot rename onto a file: between deleting the old and naming the new one only that one is there.
        for name in (path, path + _NEW):
            try:
                with open(name) as file:
                    text = file.read()
                stamp = os.stat(name)[8]
            except OSError:
                continue
            if text[-1:] == "}":
                # A board's clock may have started anew: nothing is from the future.
                return min(stamp, time.time()), text
        return None

    def save(self, key: str, text: str, ttl: int) -> None:
        """Write a session; `ttl` tells which others are over, when there are too many."""
        path = self._path(key)
        if not _exists(path):
            self._make_room(ttl)
        with open(path + _NEW, "w") as file:
            file.write(text)
            file.flush()
            if hasattr(os, "fsync"):
                os.fsync(file.fileno())  # CPython
        if hasattr(os, "replace"):
            os.replace(path + _NEW, path)  # CPython
        else:
            os.rename(path + _NEW, path)

    def delete(self, key: str) -> None:
        """Delete a session."""
        _remove(self._path(key) + _NEW)
        _remove(self._path(key))

    def _make_room(self, ttl: int) -> None:
        now = time.time()
        ages = []
        for name in os.listdir(self.folder):
            path = self._path(name)
            try:
                age = now - os.stat(path)[8]
            except OSError:
                continue
            if age >= ttl:
                _remove(path)
            else:
                ages.append((age, path))
        ages.sort()
        while len(ages) >= self.max_files:
            _remove(ages.pop()[1])


def _exists(path: str) -> bool:
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError:
        pass
