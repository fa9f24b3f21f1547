"""CORSMiddleware: which other origins' pages may read this server's answers (WHATWG Fetch, section 3.3)."""

from ..endpoints.responses import Response

_SIMPLE = ("accept", "accept-language", "content-language", "content-type")
_METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD"


class CORSMiddleware:
    """Add it first, so that also the answers of other middleware carry its headers.

    allow_origins          origins such as "https://app.example.com", a str or several; "*" is all
    allow_methods          for requests that a browser asks about first (preflight); "*" is all; default ("GET",)
    allow_headers          request headers besides the simple ones; "*" is all; default none
    allow_credentials      pages may send cookies and authorization; default False. ValueError together with "*":
                           every site could act as the user
    expose_headers         response headers that the page may read
    max_age                seconds a browser remembers a preflight; default 600
    allow_private_network  answer Chromium's question whether a public site may reach this private address

    A preflight is answered here, with 204, or 400 that says what is not allowed. CORS does not guard WebSockets:
    see allowed_origins and WebSocketOriginMiddleware.
    """

    def __init__(
        self,
        allow_origins=(),
        allow_methods=("GET",),
        allow_headers=(),
        allow_credentials: bool = False,
        expose_headers=(),
        max_age: int = 600,
        allow_private_network: bool = False,
    ):
        self.origins = [name.rstrip("/").lower() for name in several(allow_origins)]
        self.any_origin = "*" in self.origins
        if self.any_origin and allow_credentials:
            raise ValueError("allow_credentials with origin '*' lets every site act as the user; list the origins")
        methods = several(allow_methods)
        self.methods = _METHODS if "*" in methods else ", ".join([name.upper() for name in methods])
        self.request_headers = [name.lower() for name in several(allow_headers)]
        self.credentials = allow_credentials
        self.exposed = ", ".join(several(expose_headers))
        self.max_age = max_age
        self.private_network = allow_private_network

    def allowed(self, origin: str) -> bool:
        """Whether pages of `origin` may read."""
        return self.any_origin or origin.rstrip("/").lower() in self.origins

    async def __call__(self, request, call_next):
        """Answer a preflight, or add the headers to the inner response."""
        origin = request.origin
        if origin and request.method == "OPTIONS" and request.header("access-control-request-method"):
            return self._preflight(request, origin)
        response = await call_next(request)
        if not self.any_origin:
            response.headers.add_vary("Origin")  # also without an Origin: a cache must keep the answers apart
        if origin and self.allowed(origin):
            self._grant(response, origin)
            if self.exposed:
                response.headers["Access-Control-Expose-Headers"] = self.exposed
        return response

    def _grant(self, response, origin: str) -> None:
        response.headers["Access-Control-Allow-Origin"] = "*" if self.any_origin else origin
        if self.credentials:
            response.headers["Access-Control-Allow-Credentials"] = "true"

    def _preflight(self, request, origin: str):
        wrong = self._refusal(request, origin)
        vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        response = Response(wrong, 400 if wrong else 204, {"Vary": vary})
        if not self.allowed(origin):
            return response
        self._grant(response, origin)
        if wrong:
            return response
        headers = response.headers
        headers["Access-Control-Allow-Methods"] = self.methods
        wanted = request.header("access-control-request-headers")
        if wanted:
            headers["Access-Control-Allow-Headers"] = wanted
        headers["Access-Control-Max-Age"] = self.max_age
        if self.private_network and request.header("access-control-request-private-network") == "true":
            headers["Access-Control-Allow-Private-Network"] = "true"
        return response

    def _refusal(self, request, origin: str):
        if not self.allowed(origin):
            return "CORS: origin %s is not allowed\n" % origin
        method = request.header("access-control-request-method")
        if method not in self.methods.split(", "):
            return "CORS: method %s is not allowed\n" % method
        if "*" not in self.request_headers:
            for name in request.header("access-control-request-headers", "").split(","):
                name = name.strip().lower()
                if name and name not in _SIMPLE and name not in self.request_headers:
                    return "CORS: header %s is not allowed\n" % name
        return None


def several(names) -> list:
    """A str or several as a list."""
    return [names] if isinstance(names, str) else list(names)
