"""Updates of the application over HTTP: a tar archive streams into the spare folder and is put on trial."""

import asyncio
import hashlib
import os
from binascii import hexlify

from ..app.asking import current_request
from ..exceptions import HTTPException
from ..log import report
from .slots import remove
from .untar import Unpacker

_TYPE = "application/x-tar"
_RESERVE = 16384  # bytes of flash that stay free, for settings


class Updates:
    """POST an archive to install it, GET what runs.

    slots    a Slots
    auth     who may (see viperhttp.auth); needed
    restart  coroutine function that resets the board; None: somebody else does

    POST needs Content-Length, Content-Type application/x-tar (which no form of another page can send), X-SHA256 (hex,
    of the whole archive) and may have X-Version. The archive goes through one buffer into the folder that does not
    run. It counts only when its digest was right; the next boot tries it, see viperhttp.device.slots.
    """

    def __init__(self, slots, auth, restart=None):
        if auth is None:
            raise ValueError("updates need auth: whoever can send one owns the board")
        self.slots = slots
        self.auth = auth
        self.restart = restart
        self.busy = False
        self.task = None

    def mount(self, app, path: str = "/ota") -> None:
        """Serve `path` of an application."""
        app.get(path)(self.status)
        app.post(path, stream_body=True)(self.install)

    def status(self):
        """The handler of GET."""
        self.auth.check(current_request())
        found = self.slots.status()
        found["free"] = free_bytes(self.slots.root or "/")
        return found

    async def install(self):
        """The handler of POST; its route needs stream_body=True."""
        request = current_request()
        self.auth.check(request)
        wanted, size = self._checked(request)
        if self.busy:
            raise HTTPException(409, "another update is under way")
        self.busy = True
        folder = None
        try:
            folder = self.slots.prepare()
            free = free_bytes(self.slots.root or "/")
            if free is not None and free < size + _RESERVE:
                raise HTTPException(507, "%d bytes do not fit: %d are free" % (size, max(0, free - _RESERVE)))
            files = await _unpack(request, folder, wanted)
            name = self.slots.put_on_trial(request.header("x-version") or wanted[:8])
        except BaseException as error:
            if folder is not None:
                remove(folder)
            self.busy = False
            if isinstance(error, ValueError):
                raise HTTPException(422, str(error))
            if isinstance(error, OSError):
                raise HTTPException(507, "it cannot be written: %s" % error)
            raise
        report("version %s is in %s" % (self.slots.version(name), name))
        if self.restart is not None:
            self.task = asyncio.create_task(self.restart())
        else:
            self.busy = False
        return {"folder": name, "files": files, "bytes": size, "restarts": self.restart is not None}

    def _checked(self, request) -> tuple:
        if (request.header("content-type") or "").split(";")[0].strip() != _TYPE:
            raise HTTPException(415, "an update is %s" % _TYPE)
        wanted = (request.header("x-sha256") or "").lower()
        if len(wanted) != 64:
            raise HTTPException(400, "X-SHA256 is missing: the archive's SHA-256 in hex")
        try:
            return wanted, int(request.header("content-length"))
        except (TypeError, ValueError):
            raise HTTPException(411, "an update needs Content-Length")


async def _unpack(request, folder: str, wanted: str) -> int:
    unpacker = Unpacker(folder)
    digest = hashlib.sha256()
    try:
        while True:
            data = await request.connection.read_some()
            if not data:
                break
            digest.update(data)
            unpacker.feed(data)
            await asyncio.sleep(0)  # flash is slow: the others have their turn between two pieces
    finally:
        unpacker.abort()
    if hexlify(digest.digest()).decode() != wanted:
        raise ValueError("the archive has another SHA-256: it was damaged on its way")
    unpacker.end()
    if hasattr(os, "sync"):
        os.sync()
    return unpacker.files


def free_bytes(path: str) -> "int | None":
    """Free bytes of the file system, where it tells."""
    try:
        stat = os.statvfs(path)
    except (AttributeError, OSError):
        return None
    return stat[1] * stat[4]
