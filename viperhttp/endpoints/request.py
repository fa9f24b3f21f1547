"""The HTTP request that a handler sees."""

from ..config import MICROPYTHON
from ..exceptions import HTTPException
from ..protocol.kernels import utf8
from .info import RequestInfo


class Request(RequestInfo):
    """One HTTP request.

    method       "GET", "POST", ...
    path_params  dict of the route's parameters, decoded and converted
    app          the application
    state        dict for hooks and handlers to share things in
    """

    def __init__(self, app, connection, head, path_params: dict):
        self.app = app
        self.connection = connection
        self.head = head
        self.peer = connection.peer
        self.path_params = path_params
        self.method = head.method
        self.state: dict = {}
        self._body = None

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


