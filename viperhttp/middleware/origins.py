"""WebSocketOriginMiddleware: whose pages may open WebSockets (RFC 6455 section 10.2)."""

from ..config import const

_POLICY_VIOLATION = const(1008)  # codes.POLICY_VIOLATION


class WebSocketOriginMiddleware:
    """Judges the Origin of every WebSocket handshake, in place of the default rule; HTTP requests pass.

    allowed_origins  such as "https://app.example.com", a str or several; case and a final "/" do not count;
                     "*" is every origin. "null" (a file, a sandboxed frame) is refused unless listed
    allow_missing    let clients without an Origin header in, or with an empty one: those that are no browsers

    Refused is with HTTP 403, close code 1008.
    """

    checks_origin = True

    def __init__(self, allowed_origins=(), allow_missing: bool = True):
        if isinstance(allowed_origins, str):
            allowed_origins = (allowed_origins,)
        self.allowed = [origin.rstrip("/").lower() for origin in allowed_origins]
        self.allow_missing = allow_missing

    def ws_check(self, request):
        """True, or the close code of a refusal."""
        origin = request.origin
        if not origin:
            allowed = self.allow_missing
        else:
            allowed = "*" in self.allowed or origin.rstrip("/").lower() in self.allowed
        return True if allowed else _POLICY_VIOLATION
