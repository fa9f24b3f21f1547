"""The page /docs: compressed when it was built, unpacked by the browser."""

import sys
from binascii import a2b_base64

from ...endpoints.responses import HTML, Response


def page(request):
    """The page as a Response, or 304 when the browser has it."""
    from . import page_data

    etag = '"%s"' % page_data.DIGEST
    headers = [("ETag", etag), ("Cache-Control", "no-cache"), ("Vary", "Accept-Encoding")]
    if request.head.get("if-none-match") == etag:
        _forget()
        return Response(b"", 304, headers)
    headers += [
        ("Content-Type", HTML),
        ("Content-Encoding", "gzip"),
        # The page's own script and nothing else: whatever a route's description holds, it cannot run.
        ("Content-Security-Policy", page_data.POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    ]
    return Page(page_data.PIECES, page_data.SIZE, headers)


class Page(Response):
    """The page's pieces, base64 as a module holds them, decoded one at a time."""

    def __init__(self, pieces, size: int, headers: list):
        Response.__init__(self, b"", 200, headers)
        self.pieces = pieces
        self.size = size

    async def send_to(self, connection) -> None:
        """Send it as the answer on an HttpConnection."""
        connection.begin(self.status_code, self.headers, self.size)
        _forget()
        if connection.head.method != "HEAD":
            for piece in self.pieces:
                try:
                    await connection.send_body(a2b_base64(piece))
                except OSError:
                    return
        connection.end()


def _forget() -> None:
    # The next visitor loads the data again; until then its kilobytes serve the application.
    name = __name__ + "_data"
    if sys.modules.pop(name, None) is not None:
        package = sys.modules.get(__name__.rpartition(".")[0])
        if package is not None and hasattr(package, "page_data"):
            del package.page_data
