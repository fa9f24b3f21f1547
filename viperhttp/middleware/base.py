"""BaseHTTPMiddleware: a class around every HTTP request."""


class BaseHTTPMiddleware:
    """Override `async def dispatch(self, request, call_next)`, or give a function.

    dispatch  async function(request, call_next): `response = await call_next(request)` is the inner Response, whose
              headers may be changed by response.headers["Name"] = value; what it returns is the answer
    app       taken and kept for classes that hand it on to super().__init__(app); not needed

    WebSockets do not pass here; a method ws_check(ws) takes part in their handshakes (see app.add_middleware).
    """

    function = None  # what dispatch= gave

    def __init__(self, app=None, dispatch=None):
        self.app = app
        if dispatch is not None:
            self.function = dispatch

    def __call__(self, request, call_next):
        return self.dispatch(request, call_next)

    async def dispatch(self, request, call_next):
        """Make the answer to a request."""
        function = self.function
        return await (call_next(request) if function is None else function(request, call_next))
