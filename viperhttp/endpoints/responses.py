"""What handlers return, as a status, headers and a body."""

from ..protocol.response import pairs

TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
JSON = "application/json"
BYTES = "application/octet-stream"


class Response:
    """A whole response.

    body          str, bytes, or None; content is the same
    status_code   default 200
    headers       dict, or a list of (name, value); names and values with line breaks are refused
    content_type  default text/plain for str, application/octet-stream for bytes; media_type is the same
    background    a BackgroundTask or BackgroundTasks, run when the response is sent
    """

    background = None

    def __init__(
        self,
        body=b"",
        status_code: int = 200,
        headers=None,
        content_type=None,
        media_type=None,
        content=None,
        background=None,
    ):
        if background is not None:
            self.background = background
        if content is not None:
            body = content
        content_type = content_type or media_type
        if isinstance(body, str):
            content_type = content_type or TEXT
            body = body.encode()
        elif body is None:
            body = b""
        elif body:
            content_type = content_type or BYTES
        self.body = body
        self.status_code = status_code
        self.fields = pairs(headers)  # what is sent, in order
        if content_type and not self.has("content-type"):
            self.fields.insert(0, ("Content-Type", content_type))

    @property
    def headers(self):
        """The headers: a list of (name, value) that also takes response.headers["Name"] = value."""
        if type(self.fields) is list:
            from .fields import Fields

            self.fields = Fields(self.fields)
        return self.fields

    @headers.setter
    def headers(self, headers):
        self.fields = pairs(headers)

    def set_cookie(self, name: str, value: str = "", **options) -> None:
        """Add a Set-Cookie header (RFC 6265) of this name and value.

        options  max_age in seconds (None: until the browser ends), expires, path ("/"), domain, secure, httponly (both
                 False), samesite ("lax"). ValueError for what a browser would not take
        """
        from .cookies import set_cookie

        self.fields.append(("Set-Cookie", set_cookie(name, value, **options)))

    def delete_cookie(self, name: str, path: str = "/", domain: "str | None" = None, **options) -> None:
        """Tell the client to forget the cookie `name`; path and domain must be those that it was set with."""
        self.set_cookie(name, "", path=path, domain=domain, max_age=0, **options)

    def has(self, name: str) -> bool:
        """Whether header `name` (lower case) is set."""
        for key, _ in self.fields:
            if key.lower() == name:
                return True
        return False

    async def send_to(self, connection) -> None:
        """Send it as the answer on an HttpConnection."""
        connection.respond(self.status_code, self.fields, self.body)


def to_response(value, dumps, where: str):
    """What a handler returned as a Response: dict and list become JSON, str text, (body, status[, headers])."""
    status = 200
    headers = None
    if isinstance(value, tuple):
        if len(value) == 2:
            value, status = value
        elif len(value) == 3:
            value, status, headers = value
        else:
            raise TypeError("%s returned a tuple of %d; it is (body, status[, headers])" % (where, len(value)))
        if isinstance(status, dict):
            raise TypeError("%s returned (body, headers); it is (body, status, headers)" % where)
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise TypeError("%s returned status %r; it is a number from 200 to 599" % (where, status))
    if hasattr(value, "send_to"):
        if status != 200:
            value.status_code = status
        value.fields.extend(pairs(headers))
        return value
    if value is None:
        return Response(b"", 204 if status == 200 else status, headers)
    if isinstance(value, (dict, list)) or isinstance(value, (int, float, bool)):
        return Response(dumps(value), status, headers, JSON)
    if isinstance(value, (str, bytes, bytearray, memoryview)):
        return Response(value if isinstance(value, str) else bytes(value), status, headers)
    raise TypeError(
        "%s returned %s; a handler returns str, bytes, dict, list, None, a tuple or a Response"
        % (where, type(value).__name__)
    )
