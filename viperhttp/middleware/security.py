"""SecurityHeadersMiddleware: what a browser should not do with this server's pages."""


class SecurityHeadersMiddleware:
    """Adds headers to every answer; what a handler has set stays.

    csp       Content-Security-Policy, such as "default-src 'self'"; None (default) sends none
    frame     X-Frame-Options: "DENY" (default) or "SAMEORIGIN", whether pages may stand in a frame; None
    referrer  Referrer-Policy, default "same-origin": other sites do not learn this board's addresses; None
    hsts      seconds for Strict-Transport-Security, for servers behind HTTPS only; None (default)
    headers   more of them, a dict
    X-Content-Type-Options: nosniff is always sent.
    """

    def __init__(self, csp=None, frame="DENY", referrer="same-origin", hsts=None, headers=None):
        self.headers = [("X-Content-Type-Options", "nosniff")]
        if hsts is not None:
            hsts = "max-age=%d" % hsts
        for name, value in (
            ("X-Frame-Options", frame),
            ("Referrer-Policy", referrer),
            ("Content-Security-Policy", csp),
            ("Strict-Transport-Security", hsts),
        ):
            if value is not None:
                self.headers.append((name, value))
        self.headers.extend((headers or {}).items())

    async def __call__(self, request, call_next):
        """Add the headers."""
        response = await call_next(request)
        for name, value in self.headers:
            response.headers.setdefault(name, value)
        return response
