"""Form bodies, urlencoded and multipart: part by part as they come, or small ones as a mapping."""

import os

from ..exceptions import HTTPException, ProtocolError
from ..protocol.kernels import utf8
from ..protocol.multipart import DATA, END, MORE, MultipartReader, PartHead, parameters
from ..protocol.urlencoded import UrlencodedReader

MAX_PARTS = 32
MAX_FIELD = 8192  # bytes
_PIECE = 1024  # bytes written to a file at a time


class Part:
    """One part of a form: a field, or a file.

    name          of the field
    filename      of a file, without folders; None for a field that is no file
    content_type  as the client says

    It can be read once, before the next part is asked for.
    """

    def __init__(self, parts: "Parts", head: PartHead):
        self.name = head.name
        self.filename = head.filename
        self.content_type = head.content_type
        self._parts = parts
        self._rest = b""
        self._ended = False

    async def read(self, n: int = -1, limit: int = MAX_FIELD) -> bytes:
        """Up to `n` bytes of the data, b"" behind its end; without `n` all of it.

        limit  of the whole data when `n` is not given, in bytes; more is HTTPException 413
        """
        if n < 0:
            return await self._read_all(limit)
        if not self._rest:
            self._rest = await self._next()
        data = self._rest[:n]
        self._rest = self._rest[n:]
        return data

    async def _read_all(self, limit: int) -> bytes:
        data = bytearray()
        while True:
            piece = await self.read(_PIECE)
            if not piece:
                return bytes(data)
            if len(data) + len(piece) > limit:
                raise HTTPException(413, "form field %r is larger than %d bytes" % (self.name, limit))
            data.extend(piece)

    async def text(self, limit: int = MAX_FIELD) -> str:
        """All of the data as UTF-8 text; HTTPException 400 when it is none, 413 beyond `limit` bytes."""
        data = await self.read(-1, limit)
        if utf8(data, 0, len(data), 0):  # str() does not look closely on MicroPython
            raise HTTPException(400, "form field %r is not UTF-8 text" % self.name)
        return str(data, "utf-8")

    async def save(self, path: str, limit: "int | None" = None) -> int:
        """Write the data to the file `path`; return its size in bytes.

        limit  in bytes; more is HTTPException 413. After an error the file is removed.
        """
        return await save(self.read, path, limit)

    def __aiter__(self):
        """`async for piece in part`: the data as it comes."""
        return self

    async def __anext__(self) -> bytes:
        piece = await self.read(_PIECE)
        if not piece:
            raise StopAsyncIteration
        return piece

    async def _next(self) -> bytes:
        if self._ended:
            return b""
        kind, data = await self._parts.event()
        if kind == DATA:
            return data
        self._ended = True
        return b""

    async def skip(self) -> None:
        """Read away what is left of the data."""
        self._rest = b""
        while not self._ended:
            await self._next()


class Parts:
    """`async for part in request.parts():` gives each Part of a form while its body arrives."""

    def __init__(self, request, max_parts: int = MAX_PARTS):
        self._request = request
        self._reader = _reader(request)
        self._left = max_parts
        self._part = None

    def __aiter__(self):
        return self

    async def __anext__(self) -> Part:
        if self._part is not None:
            await self._part.skip()
            self._part = None
        kind, head = await self.event()
        if kind == END:
            await self._drain()
            raise StopAsyncIteration
        if not self._left:
            raise HTTPException(413, "the form has too many parts")
        self._left -= 1
        self._part = Part(self, head)
        return self._part

    async def event(self) -> tuple:
        """(PART, head), (DATA, bytes), (PART_END, None) or (END, None)."""
        while True:
            try:
                event = self._reader.take()
                if event[0] != MORE:
                    return event
                piece = await self._request.read()
                if piece:
                    self._reader.feed(piece)
                else:
                    self._reader.close()
            except ProtocolError as error:
                raise HTTPException(error.code, error.reason)

    async def _drain(self) -> None:
        # What stands behind the final boundary means nothing.
        while await self._request.read():
            pass


class Form:
    """The fields of a form: form["name"], form.get("name"), form.all("name"), "name" in form, form.items().

    A value is a str; of a file its bytes, with `files` holding {name: (filename, content_type)}.
    Of equal names [] and get() give the last.
    """

    def __init__(self):
        self._pairs = []
        self.files: dict = {}

    def add(self, name: str, value) -> None:
        """One more field: its name, and its text or the bytes of a file as the value."""
        self._pairs.append((name, value))

    def all(self, name: str) -> list:
        """Every value of `name`, in order."""
        return [value for key, value in self._pairs if key == name]

    def get(self, name: str, default=None):
        """The value of `name`, or `default`."""
        values = self.all(name)
        return values[-1] if values else default

    def items(self) -> list:
        """(name, value) pairs as they came."""
        return list(self._pairs)

    def keys(self) -> list:
        """The names, as they came."""
        return [name for name, _ in self._pairs]

    def __getitem__(self, name: str):
        values = self.all(name)
        if not values:
            raise KeyError(name)
        return values[-1]

    def __contains__(self, name) -> bool:
        return bool(self.all(name))

    def __iter__(self):
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self._pairs)

    def __repr__(self) -> str:
        return "Form(%r)" % self._pairs


async def read_form(request, max_parts: int = MAX_PARTS, max_field: int = MAX_FIELD) -> Form:
    """The whole form in memory; see Request.form()."""
    form = Form()
    async for part in Parts(request, max_parts):
        if part.filename is None:
            form.add(part.name, await part.text(max_field))
        else:
            form.files[part.name] = part.filename, part.content_type
            form.add(part.name, await part.read(-1, max_field))
    return form


async def save(read, path: str, limit: "int | None" = None) -> int:
    """Write what `await read(n)` gives to a file, up to `limit` bytes; see Part.save()."""
    total = 0
    complete = False
    file = open(path, "wb")
    try:
        while True:
            piece = await read(_PIECE)
            if not piece:
                break
            total += len(piece)
            if limit is not None and total > limit:
                raise HTTPException(413, "the file is larger than %d bytes" % limit)
            file.write(piece)
        complete = True
    finally:
        file.close()
        if not complete:
            os.remove(path)
    return total


def _reader(request):
    kind = request.header("content-type", "")
    fields = parameters(kind.encode())
    if fields[""].lower() == "application/x-www-form-urlencoded":
        return UrlencodedReader()
    if fields[""].lower() == "multipart/form-data":
        try:
            return MultipartReader(fields.get("boundary", ""))
        except ProtocolError as error:
            raise HTTPException(400, error.reason)
    raise HTTPException(415, "a form is multipart/form-data or application/x-www-form-urlencoded, not %r" % kind)
