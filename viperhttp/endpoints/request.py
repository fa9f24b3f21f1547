"""The HTTP request that a handler sees."""

from ..cold import complete
from ..config import MICROPYTHON
from ..exceptions import HTTPException
from ..protocol.kernels import utf8
from .requestinfo import RequestInfo


class Request(RequestInfo):
    """One HTTP request.

    method       "GET", "POST", ...
    path_params  dict of the route's parameters, decoded and converted
    app          the application
    state        dict for hooks and handlers to share things in
    """

    _body: "bytes | None" = None
    _form = None
    _scrap: "dict | None" = None  # behind `state`

    def __init__(self, app, connection, head, path_params: dict):
        self.app = app
        self.connection = connection
        self.head = head
        self.path_params = path_params
        self.method = head.method

    def _get_peer(self):
        """The address of the other end, as accept() told it."""
        return self.connection.peer

    def _get_state(self) -> dict:
        """A dict for hooks and handlers to share things in."""
        if self._scrap is None:
            self._scrap = {}
        return self._scrap

    async def body(self) -> bytes:
        """The whole body. HTTPException 413 when it exceeds config max_body, 400 or 408 when it does not arrive."""
        if self._body is None:
            pieces = []
            while True:
                piece = await self.connection.read_some()
                if not piece:
                    break
                pieces.append(piece)
            self._body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return self._body

    async def text(self) -> str:
        """The body as UTF-8 text. HTTPException 400 when it is none."""
        body = await self.body()
        if utf8(body, 0, len(body), 0):  # str() does not look closely on MicroPython
            raise HTTPException(400, "the body is not UTF-8 text")
        return str(body, "utf-8")

    async def json(self):
        """The body as JSON. HTTPException 400 that says so when it is none."""
        body = await self.body()
        if MICROPYTHON and utf8(body, 0, len(body), 0):  # its json.loads() does not look either
            raise HTTPException(400, "the body of %s %s is not JSON: not UTF-8" % (self.method, self.path))
        try:
            return self.app.json.loads(body)
        except (ValueError, UnicodeError) as error:
            raise HTTPException(400, "the body of %s %s is not JSON: %s" % (self.method, self.path, error))

    async def read(self) -> bytes:
        """The next piece of the body, b"" behind its end: a large body without holding it in memory."""
        return await self.connection.read_some()

    async def save(self, path: str, limit: "int | None" = None) -> int:
        """Write the body to the file `path`, in pieces; return its size in bytes.

        limit  in bytes; more is HTTPException 413. After an error the file is removed. On a route with
               stream_body=True config max_body does not apply.
        """
        from .forms import save

        left = b""

        async def read(n: int) -> bytes:
            nonlocal left
            data = left or await self.read()
            left = data[n:]
            return data[:n]

        return await save(read, path, limit)

    def parts(self, max_parts: int = 32):
        """`async for part in request.parts():` the parts of a form, urlencoded or multipart, as they arrive.

        Each is a forms.Part: name, filename, content_type, `await part.read(n)`, `await part.text()`,
        `await part.save(path, limit=...)`. More than `max_parts` are HTTPException 413, what is no form 415, a
        malformed one 400. With stream_body=True on the route a form may be larger than config max_body.
        """
        from .forms import Parts

        return Parts(self, max_parts)

    async def form(self, max_parts: int = 32, max_field: int = 8192):
        """A small form as a mapping, see forms.Form: form["name"] is the text of a field, or the bytes of a file.

        More than `max_parts` parts, or one larger than `max_field` bytes, is HTTPException 413.
        """
        if self._form is None:
            from .forms import read_form

            self._form = await read_form(self, max_parts, max_field)
        return self._form


if not MICROPYTHON:
    complete(Request)
