"""From a request to a handler's call, and from what the handler returns or raises to the answer."""

from asyncio import CancelledError

from ..connection.ws import CONNECTING, OPEN
from ..endpoints.request import Request
from ..endpoints.responses import Response, pairs, to_response
from ..endpoints.websocket import WebSocket
from ..exceptions import HTTPException, ProtocolError, WebSocketDisconnect, WebSocketException
from ..log import report
from ..protocol import handshake
from ..protocol.codes import GOING_AWAY, INTERNAL_ERROR, NORMAL, POLICY_VIOLATION, sendable
from ..transport import current
from .routes import WEBSOCKET

NO_LIMIT = 0x3FFFFFFF  # more than any Content-Length that the parser takes
_TEXT = [("Content-Type", "text/plain; charset=utf-8")]

_sync_request = None  # the request whose plain (not async) handler is running


class Dispatcher:
    """The application's side of a Server."""

    def __init__(self, app):
        self.app = app
        self.debug = app.debug

    # ---- requests --------------------------------------------------------

    def handle(self, connection, head):
        """A request is complete up to its body. Returns the WebSocket that takes the connection over, if any."""
        try:
            methods, params = self.app.table.find(head.path)
        except ValueError as error:
            raise ProtocolError(400, "%s in the path" % error)
        if handshake.is_upgrade(head):
            return self._upgrade(connection, head, methods, params)
        connection.request = request = Request(self.app, connection, head, params or {})
        if connection.body is not None:
            # Now: with middleware, the first bytes of the body come before the handler's turn.
            endpoint = self.find_endpoint(head.method, methods)
            if endpoint is not None and endpoint.streams:
                connection.body.limit = NO_LIMIT if endpoint.streams is True else endpoint.streams
        pipeline = self.app.pipeline
        if pipeline is not None:
            # Middleware sees every request, also those that no route takes.
            connection.start(pipeline.run(request, methods))
            return None
        try:
            result = self.answer(request, methods)
        except Exception as error:
            return self.finished(connection, None, error)
        if hasattr(result, "send"):
            connection.start(result)
        else:
            self.finished(connection, result, None)

    def answer(self, request, methods):
        """What the route's handler returns (a coroutine when it is async), or the Response where there is none."""
        global _sync_request
        endpoint = self.find_endpoint(request.method, methods)
        if endpoint is None:
            return self._no_endpoint(request, methods)
        body = request.connection.body
        if body is not None and request.head.length > body.limit:
            raise HTTPException(413, "body larger than %d bytes" % body.limit)
        if endpoint.query or endpoint.deps:
            from .depends import call_with

            return call_with(self.app, endpoint, request)
        _sync_request = request
        try:
            return endpoint.call(request.path_params, None)
        finally:
            _sync_request = None

    def find_endpoint(self, method: str, methods):
        """The endpoint for a method; HEAD is GET without its body."""
        if methods is None:
            return None
        endpoint = methods.get(method)
        if endpoint is None and method == "HEAD":
            endpoint = methods.get("GET")
        return endpoint

    def _no_endpoint(self, request, methods):
        if methods is None:
            return self._static(request)
        allowed = [name for name in methods if name != WEBSOCKET]
        if not allowed:
            # RFC 9110 section 15.5.22: say what would be understood.
            upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
            return Response("this path speaks WebSocket\n", 426, upgrade)
        if "GET" in allowed and "HEAD" not in allowed:
            allowed.append("HEAD")
        return Response("Method Not Allowed\n", 405, [("Allow", ", ".join(sorted(allowed)))])

    def _static(self, request):
        found = self.app.find_static(request.head.path)
        if found is None:
            found = self._docs(request)
        if found is None:
            return Response("Not Found\n", 404)
        if request.method not in ("GET", "HEAD"):
            return Response("Method Not Allowed\n", 405, [("Allow", "GET, HEAD")])
        if isinstance(found, str):
            query = "?" + request.query_string if request.query_string else ""
            return Response(b"", 308, [("Location", found + query)])
        return found

    def _docs(self, request):
        # None unless it is for one of the three documents; only then is what makes them loaded.
        app = self.app
        path = request.head.path
        schema = app.openapi_url
        if not app.docs or not schema:
            return None
        if path not in (schema, app.docs_url) and path != schema[: schema.rfind("/") + 1] + "asyncapi.json":
            return None
        from .autodocs import answer

        return answer(app, request)

    # ---- WebSockets ------------------------------------------------------

    def _upgrade(self, connection, head, methods, params):
        origin_checked = False
        if self.app.middlewares:
            from .gate import check_middleware

            request = Request(self.app, connection, head, params or {})
            try:
                status, origin_checked = check_middleware(self.app.middlewares, request)
            except Exception as error:
                response = self.error_response(request, error)
                return connection.respond(response.status_code, response.fields, response.body)
            if status:
                return self._text(connection, status, "refused")
        endpoint = methods.get(WEBSOCKET) if methods is not None else None
        if endpoint is None:
            return self._text(connection, 404, "no WebSocket at this path")
        try:
            accept_value = handshake.check(head)
            handshake.offered(head)
        except ProtocolError as error:
            if error.code != 426:
                raise
            return self._text(connection, 426, error.reason, [("Sec-WebSocket-Version", "13")])
        if endpoint.idle_timeout is None:
            make = WebSocket
        else:
            from ..endpoints.idle import IdleWebSocket

            make = IdleWebSocket
        ws = make(self.app, connection, head, endpoint, params, accept_value)
        ws.begin_handshake()
        ws.origin_checked = origin_checked
        try:
            if endpoint.origins is not None and not ws.origin_allowed():
                raise WebSocketException(POLICY_VIOLATION)
            if self.app.ws_hooks or endpoint.query or endpoint.deps:
                from .gate import admit

                coro = admit(self.app, ws)
            else:
                coro = endpoint.bind(ws, params)
        except Exception as error:
            self.finished(ws, None, error)
        else:
            ws.start(coro)
        return ws

    def _text(self, connection, status: int, text: str, headers=()) -> None:
        connection.respond(status, _TEXT + list(headers), (text + "\n").encode())

    # ---- ends ------------------------------------------------------------

    def finished(self, channel, value, error) -> None:
        """A handler has returned or raised."""
        if channel.kind == "ws":
            self._ws_finished(channel, error)
            if channel.at_end is not None:
                channel.at_end()
        else:
            self._http_finished(channel, value, error)

    def _http_finished(self, connection, value, error) -> None:
        request = connection.request
        where = "%s %s" % (request.method, request.path) if request else "a request"
        if connection.sock is None or request is None:
            # Nobody is left to answer, or the answer is complete already.
            if error is not None and not isinstance(error, (CancelledError, OSError)):
                report(where, error, self.debug)
            return
        if connection.phase_streaming():
            # Half a body is out: the only honest end is to cut the connection.
            if error is not None:
                if not isinstance(error, (CancelledError, OSError)):
                    report(where, error, self.debug)
                connection.drop()
            return
        try:
            if error is not None:
                response = self.error_response(request, error)
            else:
                response = to_response(value, self.app.json.dumps, "the handler of " + where)
            if getattr(response, "background", None) is not None:
                connection.start(_send_and_go_on(response, connection))
            elif type(response) is Response:
                connection.respond(response.status_code, response.fields, response.body)
            else:
                connection.start(response.send_to(connection))
        except Exception as fault:
            self.no_response(connection, where, fault)

    def no_response(self, connection, where: str, error) -> None:
        """What a handler returned is no response, or cannot be sent as one."""
        report(where, error, self.debug)
        connection.refuse(500, "Internal Server Error")

    def error_response(self, request, error) -> Response:
        """The answer to an exception that nobody caught."""
        if isinstance(error, HTTPException):
            detail = error.detail if error.detail is not None else ""
            body = self.app.json.dumps({"detail": detail})
            return Response(body, error.status_code, error.headers, "application/json")
        if isinstance(error, CancelledError):
            return Response("the server stops\n", 503)
        report("%s %s" % (request.method, request.path), error, self.debug)
        if self.debug:
            return Response("%s: %s\n" % (type(error).__name__, error), 500)
        return Response("Internal Server Error\n", 500)

    def _ws_finished(self, ws, error) -> None:
        if ws.phase == CONNECTING:
            if error is None and ws.route.auto_accept:
                ws.accept_by_itself()  # a handler with nothing to say
            else:
                return self._refuse(ws, error)
        if isinstance(error, WebSocketDisconnect):
            if self.is_uncaught(ws, error):
                report("WebSocket " + ws.route.pattern, error, self.debug)
        elif error is not None and not isinstance(error, (WebSocketException, HTTPException, CancelledError)):
            report("WebSocket " + ws.route.pattern, error, self.debug)
        if ws.phase == OPEN:
            code, reason = _close_for(error)
            ws.start_close(code, reason)

    def is_uncaught(self, ws, error) -> bool:
        """Whether a disconnect that ended a handler is an error: where caught_close_codes counts, and lacks it."""
        return ws.by_peer and (ws.route.auto_accept or ws.let_out) and not ws.route.catches(error.code)

    def _refuse(self, ws, error) -> None:
        ws.close_code = error.code if isinstance(error, WebSocketException) else POLICY_VIOLATION
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

    def timed_out(self, connection) -> None:
        """A handler has not answered within response_timeout."""
        report("%s %s: no answer within response_timeout" % (connection.head.method, connection.head.path))
        connection.cancel()
        connection.refuse(504, "the handler did not answer in time")

    def disconnected(self, channel) -> None:
        """A connection is closed."""


async def _send_and_go_on(response, connection) -> None:
    from ..endpoints.background import spawn

    await response.send_to(connection)
    spawn(response.background)


def _close_for(error) -> tuple:
    """(code, reason) of the CLOSE for a handler that ended with `error`: the one place that maps them."""
    if error is None or isinstance(error, WebSocketDisconnect):
        return NORMAL, ""
    if isinstance(error, WebSocketException):
        return (error.code, error.reason or "") if sendable(error.code) else (INTERNAL_ERROR, "")
    if isinstance(error, HTTPException):
        return POLICY_VIOLATION, ""
    if isinstance(error, CancelledError):
        return GOING_AWAY, "the server stops"
    return INTERNAL_ERROR, ""


def current_request():
    """The Request whose handler is running; in a WebSocket handler, the WebSocket. LookupError elsewhere."""
    if _sync_request is not None:
        return _sync_request
    channel = current()
    if channel is None:
        raise LookupError("no request is being handled here; call current_request() in a handler")
    return channel if channel.kind == "ws" else channel.request  # type: ignore[attr-defined]
