"""RequestIDMiddleware and AccessLogMiddleware: which request was that, and how long did it take."""

import os
from binascii import hexlify

from ..protocol.http1 import TOKEN
from ..transport import ticks, ticks_diff

_LONGEST = 64


class RequestIDMiddleware:
    """Gives each request an id: request.state["request_id"], and a header of the answer.

    header  default X-Request-ID. A client's own id of at most 64 token characters is taken over
    """

    def __init__(self, header: str = "X-Request-ID"):
        self.header = header

    async def __call__(self, request, call_next):
        """Add the id."""
        given = request.header(self.header)
        if not given or len(given) > _LONGEST or given.encode().strip(TOKEN):
            given = hexlify(os.urandom(8)).decode()
        request.state["request_id"] = given
        response = await call_next(request)
        response.headers[self.header] = given
        return response


class AccessLogMiddleware:
    """Prints a line for each request: client, method, path, status and milliseconds to the answer.

    write  called with the line, default print
    """

    def __init__(self, write=print):
        self.write = write

    async def __call__(self, request, call_next):
        """Print the line."""
        start = ticks()
        response = await call_next(request)
        client = request.client
        line = "%s %s %s %d %d ms" % (
            client[0] if client else "-",
            request.method,
            request.path,
            response.status_code,
            ticks_diff(ticks(), start),
        )
        self.write(line)
        return response
