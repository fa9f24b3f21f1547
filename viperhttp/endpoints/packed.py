"""A file that a Python module holds: compressed when that was built, unpacked by the browser."""

from binascii import a2b_base64

from ..cold import forget
from .responses import HTML, Response


def packed(request, data, headers: list) -> Response:
    """The file in module `data` (DIGEST, SIZE, PIECES) as a Response, or 304 when the browser has it.

    The module is forgotten: the next visitor loads it again, until then its kilobytes serve the application.
    """
    forget(data.__name__)
    etag = '"%s"' % data.DIGEST
    headers = [("ETag", etag), ("Cache-Control", "no-cache"), ("Vary", "Accept-Encoding")] + headers
    if request.head.get("if-none-match") == etag:
        return Response(b"", 304, headers[:3])
    headers.append(("Content-Encoding", "gzip"))
    return _Packed(data, headers)


def page_headers(data) -> list:
    """The headers of a page whose module has its policy."""
    return [
        ("Content-Type", HTML),
        # The page's own script and nothing else: whatever a route's description holds, it cannot run.
        ("Content-Security-Policy", data.POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    ]


class _Packed(Response):
    # The pieces are base64, as source text holds bytes best, and are decoded one at a time.
    def __init__(self, data, headers: list):
        Response.__init__(self, b"", 200, headers)
        self.data = data

    async def send_to(self, connection) -> None:
        """Send it as the answer on an HttpConnection."""
        connection.begin(self.status_code, self.fields, self.data.SIZE)
        if connection.head.method != "HEAD":
            for piece in self.data.PIECES:
                try:
                    await connection.send_body(a2b_base64(piece))
                except OSError:
                    return
        connection.end()
