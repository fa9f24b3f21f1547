"""What a Request and a WebSocket tell of the client and its request, parsed when asked for."""

from .headers import Headers


class Info:
    """Mixin of Request and WebSocket: over `head`, `peer` and `server`."""

    def _get_path(self) -> str:
        """The path as sent, still percent-encoded."""
        return self.head.path

    def _get_query_string(self) -> str:
        """What stands behind the "?", as sent."""
        return self.head.query

    def _get_query_params(self) -> dict:
        """The fields of the query string; the last of equal names."""
        from ..protocol.url import parse_query

        return parse_query(self.head.query)

    _get_query_parameters = _get_query_params

    def _get_headers(self) -> Headers:
        """The headers, case-insensitive."""
        return Headers(self.head, self.head.dropped)

    def header(self, name: str, default=None):
        """The header `name`, in any case, or `default`."""
        return self.headers.get(name, default)

    def _get_cookies(self) -> dict:
        """Names and values of the Cookie header (RFC 6265 section 5.4)."""
        found = {}
        for line in self.head.all("cookie"):
            for piece in line.split(";"):
                name, separator, value = piece.strip().partition("=")
                if separator and name not in found:
                    found[name] = value.strip('"')
        return found

    def _get_session(self) -> dict:
        """What the server keeps for this client; see viperhttp.sessions. RuntimeError without SessionMiddleware."""
        for middleware in self.app.middlewares:
            if hasattr(middleware, "session_of"):
                return middleware.session_of(self)
        raise RuntimeError("no sessions here; app.add_middleware(viperhttp.sessions.SessionMiddleware) gives them")

    def _get_origin(self) -> "str | None":
        """The Origin header."""
        return self.head.get("origin")

    def _get_scheme(self) -> str:
        """http, or ws for a WebSocket."""
        return self._scheme

    def _get_url(self) -> str:
        """The full URL, as far as the client told its host."""
        target = self.head.path
        if self.head.query:
            target += "?" + self.head.query
        return "%s://%s%s" % (self._scheme, self.head.get("host", ""), target)

    def _get_client(self) -> "tuple | None":
        """(host, port) of the other end."""
        return _address(self.peer)


def _address(peer) -> "tuple | None":
    # (host, port) of what accept() tells, a tuple or on MicroPython's unix port a C sockaddr_in, or of what
    # websocket._packed() has made of that.
    if peer and type(peer[0]) is int and type(peer) is tuple:
        high, low = peer
        return "%d.%d.%d.%d" % (high >> 16, high >> 8 & 255, high & 255, low >> 16), low & 0xFFFF
    if peer is None or isinstance(peer, tuple):
        return peer[:2] if peer else None
    if len(peer) >= 8 and peer[0] == 2:
        return "%d.%d.%d.%d" % (peer[4], peer[5], peer[6], peer[7]), peer[2] << 8 | peer[3]
    return None
