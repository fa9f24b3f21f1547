"""WebSockets that are not just opened and closed: refused handshakes, what stands before a handler, its errors."""

from asyncio import CancelledError

from ..exceptions import HTTPException, WebSocketDisconnect, WebSocketException
from ..log import report
from ..protocol.response import pairs

_TEXT = [("Content-Type", "text/plain; charset=utf-8")]


class Refusals:
    """Mixin of Dispatcher."""

    # ---- before the handler ----------------------------------------------

    def judge(self, connection, endpoint):
        """Whether middleware has judged the Origin of a handshake; None when it was refused."""
        judged = False
        if self.app.middlewares:
            from .gate import check_middleware

            request = connection.request
            try:
                status, judged = check_middleware(self.app.middlewares, request)
            except Exception as error:
                response = self.error_response(request, error)
                connection.respond(response.status_code, response.fields, response.body)
                return None
            if status:
                _refuse(connection, status, "refused")
                return None
        if endpoint is None:
            _refuse(connection, 404, "no WebSocket at this path")
            return None
        return judged

    def refuse_version(self, connection, error) -> None:
        """A handshake that is not sound. ProtocolError, unless it only asks for another version (section 4.4)."""
        if error.code != 426:
            raise error
        _refuse(connection, 426, error.reason, [("Sec-WebSocket-Version", "13")])

    def admit(self, ws):
        """The coroutine of a handler that something stands before."""
        endpoint = ws.route
        if endpoint.origins is not None and not endpoint.query and not ws.origin_allowed():
            raise WebSocketException(1008)
        if not (self.app.ws_hooks or endpoint.query or endpoint.deps):
            return endpoint.bind(ws, ws.path_params)
        from .gate import admit

        return admit(self.app, ws)

    def idle(self):
        """The class of WebSockets with idle_timeout."""
        from ..endpoints.idle import IdleWebSocket

        return IdleWebSocket

    # ---- ends ------------------------------------------------------------

    def refuse_handshake(self, ws, error) -> None:
        """The handler has ended, and not accepted."""
        ws.close_code = error.code if isinstance(error, WebSocketException) else 1008
        if error is None or isinstance(error, WebSocketException):
            ws.refuse(403, _TEXT, b"Forbidden\n")
        elif isinstance(error, HTTPException):
            body = self.app.json.dumps({"detail": error.detail}).encode()
            headers = [("Content-Type", "application/json")] + pairs(error.headers)
            ws.refuse(error.status_code, headers, body)
        elif isinstance(error, CancelledError):
            ws.refuse(503, _TEXT, b"the server stops\n")
        else:
            report("WebSocket " + ws.route.pattern, error, self.debug)
            ws.refuse(500, _TEXT, b"Internal Server Error\n")

    def ws_failed(self, ws, error) -> tuple:
        """A handler that has accepted ended with `error`: tell of it, and return (code, reason) for the CLOSE."""
        if isinstance(error, WebSocketDisconnect):
            if self.is_uncaught(ws, error):
                self._report_ws(ws, error)
        elif not isinstance(error, (WebSocketException, HTTPException, CancelledError)):
            self._report_ws(ws, error)
        return _close_for(error)

    def _report_ws(self, ws, error) -> None:
        report("WebSocket " + ws.route.pattern, error, self.debug)
        if self.debug:
            from .debugging import tell_loop

            tell_loop("WebSocket " + ws.route.pattern, error)

    def is_uncaught(self, ws, error) -> bool:
        """Whether a disconnect that ended a handler is an error: where caught_close_codes counts, and lacks it."""
        if not ws.by_peer or not (ws.route.auto_accept or ws.let_out):
            return False
        caught = ws.route.caught
        return caught is not all and error.code not in caught  # the built-in `all` means every code


def _refuse(connection, status: int, text: str, headers=()) -> None:
    # Answer a handshake with an error as text.
    connection.respond(status, _TEXT + list(headers), (text + "\n").encode())


def _close_for(error) -> tuple:
    """(code, reason) of the CLOSE for a handler that ended with `error`: the one place that maps them."""
    if isinstance(error, WebSocketDisconnect):
        return 1000, ""
    if isinstance(error, WebSocketException):
        from ..protocol.frames import sendable  # here: a server without WebSockets refuses them, too

        return (error.code, error.reason or "") if sendable(error.code) else (1011, "")
    if isinstance(error, HTTPException):
        return 1008, ""
    if isinstance(error, CancelledError):
        return 1001, "the server stops"
    return 1011, ""
