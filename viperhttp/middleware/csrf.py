"""CSRFMiddleware: forms and scripts of other sites cannot act with a user's session."""

from ..compare import same
from ..exceptions import HTTPException
from ..protocol.url import parse_query

_SAFE = ("GET", "HEAD", "OPTIONS")


class CSRFMiddleware:
    """Refuses requests that change something and do not carry the session's token, with 403. Add it behind
    SessionMiddleware.

    The page has the token from `request.session.csrf_token`, and sends it back in a header or in a form's field.

    header  name of the header, default X-CSRF-Token
    field   name of the field of an urlencoded form, default csrf_token; multipart forms need the header
    exempt  beginnings of paths that are let through, such as ("/api/",) for clients with tokens of their own
    """

    def __init__(self, header: str = "X-CSRF-Token", field: str = "csrf_token", exempt=()):
        self.header = header
        self.field = field
        self.exempt = (exempt,) if isinstance(exempt, str) else tuple(exempt)

    async def __call__(self, request, call_next):
        """Let the request pass, or refuse it."""
        if request.method not in _SAFE and not self._exempt(request.path):
            wanted = request.session.get("_csrf")
            given = request.header(self.header) or await self._from_form(request)
            if not wanted or not given or not same(given, wanted):
                raise HTTPException(403, "the CSRF token is missing or wrong")
        return await call_next(request)

    def _exempt(self, path: str) -> bool:
        for prefix in self.exempt:
            if path.startswith(prefix):
                return True
        return False

    async def _from_form(self, request):
        if not request.header("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
            return None
        try:
            return parse_query(await request.text()).get(self.field)
        except ValueError:
            return None
