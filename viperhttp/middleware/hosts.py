"""TrustedHostMiddleware: only requests for names that this server has."""

from ..exceptions import HTTPException


class TrustedHostMiddleware:
    """Refuses requests and WebSockets whose Host header is not one of ours with 400.

    A page of a stranger's domain whose name resolves to the board's address (DNS rebinding) counts as the board's
    own page to a browser, and to the rule on origins; its Host header gives it away.

    allowed_hosts  names or addresses without port, such as "board.local", "192.168.4.1", "*.example.com"; "*" is all
    """

    def __init__(self, allowed_hosts=("*",)):
        if isinstance(allowed_hosts, str):
            allowed_hosts = (allowed_hosts,)
        self.hosts = [name.lower() for name in allowed_hosts]
        for name in self.hosts:
            if "*" in name[1:] or (name[:1] == "*" and name != "*" and name[1:2] != "."):
                raise ValueError("allowed host %r: a wildcard is '*' or '*.example.com'" % name)

    def trusts(self, host: str) -> bool:
        """Whether a Host header's value is ours."""
        host = _without_port(host.lower())
        for name in self.hosts:
            if name == "*" or name == host or (name[:2] == "*." and host.endswith(name[1:])):
                return True
        return False

    async def __call__(self, request, call_next):
        """Let the request pass, or refuse it."""
        self.ws_check(request)
        return await call_next(request)

    def ws_check(self, request) -> bool:
        """True, or HTTPException 400."""
        if not self.trusts(request.header("host", "")):
            raise HTTPException(400, "Invalid host header")
        return True


def _without_port(host: str) -> str:
    if host[:1] == "[":
        return host[: host.find("]") + 1]
    return host.split(":")[0].rstrip(".")
