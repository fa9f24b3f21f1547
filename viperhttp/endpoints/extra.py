"""Responses with a fixed media type, and redirects."""

import json

from .responses import HTML, JSON, TEXT, Response

REDIRECTS = (301, 302, 303, 307, 308)
_KEEP = b"!#$%&'()*+,-./:;=?@[]_~"  # what stands in a URL as it is (RFC 3986), percent escapes included


class JSONResponse(Response):
    """An object as JSON; a handler that returns a dict or a list gets the same.

    content  what json.dumps() takes; status_code, headers, background as Response has them
    dumps  what turns it into JSON, default json.dumps
    """

    def __init__(self, content=None, status_code: int = 200, headers=None, dumps=json.dumps, background=None):
        Response.__init__(self, dumps(content), status_code, headers, JSON, background=background)


class HTMLResponse(Response):
    """HTML from `content`, a str or UTF-8 bytes; the rest is as Response has it."""

    def __init__(self, content="", status_code: int = 200, headers=None, background=None):
        Response.__init__(self, content, status_code, headers, HTML, background=background)


class PlainTextResponse(Response):
    """Text from `content`, a str or UTF-8 bytes; the rest is as Response has it."""

    def __init__(self, content="", status_code: int = 200, headers=None, background=None):
        Response.__init__(self, content, status_code, headers, TEXT, background=background)


class RedirectResponse(Response):
    """Sends the client to `url`, absolute or not; what may not stand in a URL is percent-encoded.

    status_code  307 (default) and 308 keep the method and body, 303 makes it a GET, 301 and 302 leave that to the
                 client; 301 and 308 are permanent (RFC 9110 section 15.4). ValueError for another
    """

    def __init__(self, url: str, status_code: int = 307, headers=None, background=None):
        if status_code not in REDIRECTS:
            raise ValueError("redirect status %r is not one of %s" % (status_code, REDIRECTS))
        Response.__init__(self, b"", status_code, headers, background=background)
        self.fields.append(("Location", _quoted(url)))


def _quoted(url: str) -> str:
    out = []
    for byte in url.encode():
        plain = byte in _KEEP or 0x30 <= byte <= 0x39 or 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A
        out.append(chr(byte) if plain else "%%%02X" % byte)
    return "".join(out)
