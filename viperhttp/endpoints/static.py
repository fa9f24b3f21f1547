"""Static files: gzip siblings, ETag, ranges, streamed through one small buffer."""

import os

from ..exceptions import HTTPException
from ..protocol.url import unquote
from .responses import Response

_PIECE = 1024  # bytes read and sent at a time
_TYPES = {
    "html": "text/html; charset=utf-8",
    "htm": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "ico": "image/x-icon",
    "wasm": "application/wasm",
    "woff2": "font/woff2",
    "pdf": "application/pdf",
    "webmanifest": "application/manifest+json",
}
_DIRECTORY = 0x4000


def content_type(name: str) -> str:
    """The media type for a file name."""
    return _TYPES.get(name[name.rfind(".") + 1 :].lower(), "application/octet-stream")


class StaticFiles:
    """Serves the files below folder `root`.

    html  also serve index.html for a folder
    """

    def __init__(self, root: str, html: bool = False):
        self.root = root.rstrip("/") or "/"
        self.html = html

    def find(self, path: str) -> "FileResponse | str | None":
        """The file for an undecoded path below the prefix; "/" when that must be added to it; None: not found."""
        try:
            segments = [unquote(part) for part in path.split("/")]
        except ValueError:
            return None
        folder = segments[-1] == ""
        names = segments[:-1] if folder else segments
        for name in names:
            # Decoded, a segment may hold anything; only a plain name may reach the file system.
            if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name or ":" in name:
                return None
        path = "/".join([self.root] + names) if self.root != "/" else "/" + "/".join(names)
        kind = _kind(path)
        if kind == "dir":
            if not self.html:
                return None
            if not folder:
                return "/"
            path += "/index.html"
        elif folder:
            return None
        if _kind(path) != "file" and _kind(path + ".gz") != "file":
            return None
        return FileResponse(path)


def _kind(path: str) -> "str | None":
    try:
        return "dir" if os.stat(path)[0] & _DIRECTORY else "file"
    except OSError:
        return None


class FileResponse(Response):
    """A file as a response.

    path     a `.gz` sibling is sent when the client takes gzip
    headers  dict or pairs
    """

    def __init__(self, path: str, media_type=None, status_code: int = 200, headers=None, content_type=None):
        Response.__init__(self, b"", status_code, headers, media_type or content_type or _type_of(path))
        self.path = path

    async def send_to(self, connection) -> None:
        """Send it as the answer on an HttpConnection."""
        head = connection.head
        path, zipped = self._choose(head)
        try:
            stat = os.stat(path)
        except OSError:
            raise HTTPException(404, "Not Found")
        size = stat[6]
        etag = '"%x-%x%s"' % (int(stat[8]), size, "-gz" if zipped else "")
        headers = self.fields + [("ETag", etag), ("Vary", "Accept-Encoding")]
        if not self.has("cache-control"):
            headers.append(("Cache-Control", "no-cache"))  # ask each time; the ETag makes the answer short
        if _matches(head.get("if-none-match"), etag):
            return connection.respond(304, headers[1:], b"")
        if zipped:
            headers.append(("Content-Encoding", "gzip"))
        else:
            headers.append(("Accept-Ranges", "bytes"))
        first, last = 0, size - 1
        status = self.status_code
        wanted = head.get("range") if head.method == "GET" else None  # RFC 9110 section 14.2
        if wanted and not zipped and status == 200 and head.get("if-range", etag) == etag:
            span = _range(wanted, size)
            if span == ():
                return connection.respond(416, [("Content-Range", "bytes */%d" % size)], b"")
            if span is not None:
                first, last = span
                status = 206
                headers.append(("Content-Range", "bytes %d-%d/%d" % (first, last, size)))
        await _send(connection, path, status, headers, first, last - first + 1)

    def _choose(self, head) -> tuple:
        zipped = self.path + ".gz"
        plain = _kind(self.path) == "file"
        if _takes_gzip(head) and not (plain and head.get("range")) and _kind(zipped) == "file":
            return zipped, True
        if not plain and _kind(zipped) == "file":
            return zipped, True  # there is nothing else to send
        return self.path, False


async def _send(connection, path: str, status: int, headers: list, first: int, left: int) -> None:
    with open(path, "rb") as file:
        connection.begin(status, headers, left)
        if connection.head.method != "HEAD":
            if first:
                file.seek(first)
            piece = bytearray(_PIECE)
            view = memoryview(piece)
            while left > 0:
                n = file.readinto(view[:left] if left < _PIECE else piece)
                if not n:
                    return connection.drop()  # the file shrank: the promised length cannot be kept
                try:
                    await connection.send_body(view[:n] if n < _PIECE else piece)
                except OSError:
                    return
                left -= n
    connection.end()


def _type_of(path: str) -> str:
    return content_type(path[path.rfind("/") + 1 :])


def _takes_gzip(head) -> bool:
    # What is said of gzip itself counts more than what is said of "*", wherever it stands.
    anything = False
    for line in head.all("accept-encoding"):
        for item in line.lower().split(","):
            name, _, weight = item.partition(";")
            name = name.strip()
            if name in ("gzip", "*"):
                wanted = weight.replace(" ", "") not in ("q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000")
                if name == "gzip":
                    return wanted
                anything = wanted
    return anything


def _matches(condition: "str | None", etag: str) -> bool:
    if not condition:
        return False
    for item in condition.split(","):
        item = item.strip()
        if item == "*" or item == etag or item == "W/" + etag:
            return True
    return False


def _range(text: str, size: int) -> "tuple | None":
    """(first, last) of one byte range; () when it cannot be satisfied, None when it is to be ignored."""
    if text[:6].lower() != "bytes=":
        return None
    first, separator, last = text[6:].strip().partition("-")
    # isdigit() would know digits that int() does not. Several ranges, with a comma, fail here too.
    if not separator or (first + last).encode().strip(b"0123456789") or not (first or last):
        return None
    if not first:
        n = min(int(last), size)
        return (size - n, size - 1) if n else ()
    start = int(first)
    stop = min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    return (start, stop) if start < size else ()
