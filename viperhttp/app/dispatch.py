"""From a request to a handler's call, and from what the handler returns or raises to the answer."""

from asyncio import CancelledError

from ..config import MICROPYTHON
from ..connection.ws import CONNECTING, OPEN
from ..endpoints.request import Request
from ..endpoints.responses import Response, to_response
from ..endpoints.websocket import WebSocket
from ..exceptions import HTTPException, ProtocolError, WebSocketDisconnect, WebSocketException
from ..log import report
from ..protocol import handshake
from ..protocol.codes import GOING_AWAY, INTERNAL_ERROR, NORMAL, POLICY_VIOLATION, sendable
from ..transport import current

WEBSOCKET = "WEBSOCKET"  # the method name under which a route keeps its WebSocket handler
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
            methods, params = self.app.router.find(head.path)
        except ValueError as error:
            raise ProtocolError(400, "%s in the path" % error)
        if handshake.is_upgrade(head):
            return self._upgrade(connection, head, methods, params)
        if methods is None:
            return self._unrouted(connection, head)
        method = head.method
        endpoint = methods.get(method)
        if endpoint is None and method == "HEAD":
            endpoint = methods.get("GET")
        if endpoint is None:
            return self._not_allowed(connection, methods)
        connection.request = Request(self.app, connection, head, params)
        self._limit_body(connection, endpoint)
        self._call(connection, endpoint.handler, params)

    def _limit_body(self, connection, endpoint) -> None:
        limit = connection.server.config.max_body
        if connection.body is not None and connection.head.length > limit:
            raise ProtocolError(413, "body larger than %d bytes" % limit)

    def _unrouted(self, connection, head) -> None:
        found = self.app.find_static(head.path)
        if found is None:
            return self._text(connection, 404, "Not Found")
        if head.method not in ("GET", "HEAD"):
            return self._text(connection, 405, "Method Not Allowed", [("Allow", "GET, HEAD")])
        if isinstance(found, str):
            return connection.respond(308, [("Location", found)], b"")
        connection.request = Request(self.app, connection, head, {})
        connection.start(found.send_to(connection))

    def _not_allowed(self, connection, methods) -> None:
        allowed = [name for name in methods if name != WEBSOCKET]
        if not allowed:
            # Section 2.2 of RFC 9110's upgrade rules: say what would be understood.
            upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
            return self._text(connection, 426, "this path speaks WebSocket", upgrade)
        if "GET" in allowed and "HEAD" not in allowed:
            allowed.append("HEAD")
        self._text(connection, 405, "Method Not Allowed", [("Allow", ", ".join(sorted(allowed)))])

    def _text(self, connection, status: int, text: str, headers=()) -> None:
        connection.respond(status, _TEXT + list(headers), (text + "\n").encode())

    def _call(self, connection, handler, params: dict) -> None:
        global _sync_request
        _sync_request = connection.request
        try:
            result = handler(**params)
        except Exception as error:
            return self.finished(connection, None, error)
        finally:
            _sync_request = None
        if hasattr(result, "send") and not hasattr(result, "send_to"):
            connection.start(result)
        else:
            self.finished(connection, result, None)

    # ---- WebSockets ------------------------------------------------------

    def _upgrade(self, connection, head, methods, params):
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
        ws = WebSocket(self.app, connection, head, endpoint, params, accept_value)
        ws.begin_handshake()
        try:
            coro = endpoint.bind(ws, params)
        except Exception as error:
            self.finished(ws, None, error)
        else:
            ws.start(coro)
        return ws

    # ---- ends ------------------------------------------------------------

    def finished(self, channel, value, error) -> None:
        """A handler has returned or raised."""
        if channel.kind == "ws":
            self._ws_finished(channel, error)
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
                report(where, error, self.debug)
                connection.drop()
            return
        try:
            if error is not None:
                response = self._error_response(where, error)
            else:
                response = to_response(value, self.app.json.dumps, "the handler of " + where)
            if type(response) is Response:
                connection.respond(response.status_code, response.headers, response.body)
            else:
                connection.start(response.send_to(connection))
        except Exception as fault:
            report(where, fault, self.debug)
            connection.refuse(500, "Internal Server Error")

    def _error_response(self, where: str, error) -> Response:
        if isinstance(error, HTTPException):
            detail = error.detail if error.detail is not None else ""
            body = self.app.json.dumps({"detail": detail})
            return Response(body, error.status_code, error.headers, "application/json")
        if isinstance(error, CancelledError):
            return Response("the server stops\n", 503)
        report(where, error, self.debug)
        if self.debug:
            return Response("%s: %s\n" % (type(error).__name__, error), 500)
        return Response("Internal Server Error\n", 500)

    def _ws_finished(self, ws, error) -> None:
        if ws.phase == CONNECTING:
            self._refuse(ws, error)
        elif error is not None and not isinstance(error, (WebSocketException, HTTPException, CancelledError)):
            report("WebSocket " + ws.route.pattern, error, self.debug)
        if ws.phase == OPEN:
            code, reason = _close_for(error)
            ws.start_close(code, reason)

    def _refuse(self, ws, error) -> None:
        ws.close_code = POLICY_VIOLATION
        if error is None or isinstance(error, WebSocketException):
            ws.refuse(403, _TEXT, b"Forbidden\n")
        elif isinstance(error, HTTPException):
            body = self.app.json.dumps({"detail": error.detail}).encode()
            ws.refuse(error.status_code, [("Content-Type", "application/json")], body)
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
    return channel if channel.kind == "ws" else channel.request


class HttpEndpoint:
    """A handler of requests."""

    def __init__(self, handler):
        self.handler = handler


class WsEndpoint:
    """A handler of WebSockets, with the settings of its route. `limit` is its largest message in bytes."""

    def __init__(self, pattern: str, handler, protocols, limit: int):
        self.pattern = pattern
        self.handler = handler
        self.protocols = protocols
        self.limit = limit
        self.plain = False  # the handler takes no path parameters

    def bind(self, ws, params: dict):
        """The handler's coroutine. Calling an async function only binds arguments: a TypeError is a mismatch."""
        if params and not self.plain:
            try:
                return self._coroutine(self.handler(ws, **params))
            except TypeError:
                self.plain = True
        return self._coroutine(self.handler(ws))

    def _coroutine(self, result):
        if not hasattr(result, "send"):
            raise TypeError("the handler of WebSocket route %s must be `async def`" % self.pattern)
        return result


def is_plain_function(handler) -> bool:
    """Whether `handler` is certainly not async (an async closure on MicroPython cannot be told)."""
    if MICROPYTHON:
        return type(handler) is type(is_plain_function)
    import inspect

    return inspect.isfunction(handler) and not inspect.iscoroutinefunction(handler)
