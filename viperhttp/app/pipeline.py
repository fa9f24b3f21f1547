"""Middleware, hooks and exception handlers around HTTP handlers; exists only when an application has some."""

from ..config import MICROPYTHON
from ..endpoints.responses import to_response
from ..exceptions import HTTPException


class Pipeline:
    """What every HTTP request passes, outermost first.

    middleware  async functions or objects called with (request, call_next); `await call_next(request)` gives the
                Response of what is inside
    hooks       functions called with the request; what one returns, but None, is the answer
    handlers    {exception class or status: function(request, error)}
    """

    def __init__(self, app):
        self.app = app
        self.middleware: list = []
        self.hooks: list = []
        self.handlers: dict = {}

    async def run(self, request, methods):
        """The Response for a request."""
        return await self._enter(0, request, methods)

    async def _enter(self, i: int, request, methods):
        if i == len(self.middleware):
            return await self._inner(request, methods)

        async def call_next(request=request):
            return await self._enter(i + 1, request, methods)

        try:
            return self._response(request, await _value(self.middleware[i](request, call_next)))
        except Exception as error:
            return await self._failed(request, error)

    async def _inner(self, request, methods):
        try:
            for hook in self.hooks:
                value = await _value(hook(request))
                if value is not None:
                    return self._response(request, value)
            return self._response(request, await _value(self.app.dispatcher.answer(request, methods)))
        except Exception as error:
            return await self._failed(request, error)

    def _response(self, request, value):
        where = "the handler of %s %s" % (request.method, request.path)
        return to_response(value, self.app.json.dumps, where)

    async def _failed(self, request, error):
        handler = self.find_handler(error)
        if handler is None:
            return self.app.dispatcher.error_response(request, error)
        return self._response(request, await _value(handler(request, error)))

    def find_handler(self, error):
        """The exception handler for `error`: of its status first, then of its class or the nearest base."""
        if isinstance(error, HTTPException) and error.status_code in self.handlers:
            return self.handlers[error.status_code]
        best = None
        for key, handler in self.handlers.items():
            if not isinstance(key, int) and isinstance(error, key):
                if best is None or issubclass(key, best[0]):
                    best = key, handler
        return best[1] if best else None


async def _value(result):
    if hasattr(result, "__await__") or (MICROPYTHON and hasattr(result, "send")):
        return await result
    return result
