"""From a request to a handler's call, and from what the handler returns or raises to the answer.

The ordinary ways are here: a WebSocket is opened and ends, a handler returns a dict, a list or a text. For the others
see answers.py.
"""

from asyncio import CancelledError, sleep

from ..cold import Cold, complete
from ..config import MICROPYTHON, const
from ..connection.ws import CONNECTING, OPEN
from ..endpoints.websocket import WebSocket
from ..exceptions import HTTPException, ProtocolError, WebSocketDisconnect, WebSocketException
from ..log import report
from ..protocol import handshake
from ..protocol.codes import sendable
from ..transport import current
from .routes import WEBSOCKET

_HANDLER = const(2)  # connection.phases.HANDLER

# How the head of a plain answer begins, by the type of what the handler has returned.
_JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_STARTS: dict = {dict: _JSON, list: _JSON, str: b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"}

_calling = None  # the connection whose handler is being called; a plain (not async) one runs meanwhile


class HandlerMemoryError(MemoryError):
    """A handler has ended with MemoryError, and its memory is free again."""


async def _without_memory():
    await sleep(0)
    raise HandlerMemoryError("the handler took all that was free")


class Dispatcher(Cold):
    """The application's side of a Server."""

    _cold = ("viperhttp.app.answers.Answers",)

    def __init__(self, app):
        self.app = app
        self.debug = app.debug

    # ---- requests --------------------------------------------------------

    def handle(self, connection, head):
        """A request is complete up to its body. Returns the WebSocket that takes the connection over, if any."""
        app = self.app
        methods = app.table.static.get(head.path)
        connection.params = None
        if methods is None:
            methods = self.find(connection, head)
        if head.upgrade and handshake.is_upgrade(head):
            return self._upgrade(connection, head, methods)
        endpoint = methods and methods.get(head.method)
        if endpoint is None or connection.body is not None or app.pipeline is not None:
            return self.handle_other(connection, head, methods)
        if endpoint.query or endpoint.deps:
            return self.handle_other(connection, head, methods)
        try:
            result = self.call(endpoint, connection, None)
        except Exception as error:
            return self.finished(connection, None, error)
        if hasattr(result, "send"):
            connection.start(result)
        else:
            self.finished(connection, result, None)

    def call(self, endpoint, connection, extra):
        """What the handler returns, a coroutine when it is async."""
        global _calling
        _calling = connection
        try:
            return endpoint.call(connection.params, extra)
        finally:
            _calling = None

    # ---- WebSockets ------------------------------------------------------

    def _upgrade(self, connection, head, methods):
        app = self.app
        params = connection.params or {}
        judged = False
        if app.middlewares:
            judged = self.judge(connection)
            if judged is None:
                return None
        endpoint = methods and methods.get(WEBSOCKET)
        if endpoint is None:
            return self.refuse_upgrade(connection, 404, "no WebSocket at this path")
        try:
            accept_value = handshake.check(head)
        except ProtocolError as error:
            if error.code != 426:
                raise
            return self.refuse_upgrade(connection, 426, error.reason, [("Sec-WebSocket-Version", "13")])
        ws = (WebSocket if endpoint.idle_timeout is None else self.idle())(
            connection, head, endpoint, params, accept_value
        )
        ws.begin_handshake()
        ws.handshake.origin_checked = judged
        try:
            if endpoint.origins is not None and not endpoint.query and not ws.origin_allowed():
                raise WebSocketException(1008)
            if app.ws_hooks or endpoint.query or endpoint.deps:
                coro = self.admit(ws)
            else:
                coro = endpoint.bind(ws, params)
        except Exception as error:
            self.finished(ws, None, error)
        else:
            ws.start(coro)
        return ws

    # ---- ends ------------------------------------------------------------

    def finished(self, channel, value, error) -> None:
        """A handler has returned or raised."""
        if channel.kind != "ws":
            start = None
            if error is None and channel.head is not None and channel.phase == _HANDLER:
                start = _STARTS.get(type(value))
            if start is None or channel.sock is None or not channel.is_plain():
                if type(error) is MemoryError and channel.sock is not None:
                    # What the handler held is free only when its task is: until then no answer can be made.
                    return channel.start(_without_memory())
                return self.http_finished(channel, value, error)
            body = self._text(channel, value)
            if body is not None:
                channel.answer(start, body)
        else:
            if value is not None and channel.call is not None and hasattr(value, "close"):
                value.close()  # ws.each() or ws.relay(), which nobody is going to await
                channel.slim()
            else:
                self._ws_finished(channel, error)
            if channel.at_end is not None:
                channel.at_end()

    def _text(self, connection, value):
        # The bytes of a plain answer; None when the answer is that there is none.
        try:
            text = value if type(value) is str else self.app.json.dumps(value)
            return text.encode() if type(text) is str else text
        except Exception as error:
            self.no_response(connection, "%s %s" % (connection.head.method, connection.head.path), error)

    def _ws_finished(self, ws, error) -> None:
        if ws.phase == CONNECTING:
            if error is None and ws.route.auto_accept:
                ws.accept_by_itself()  # a handler with nothing to say
            else:
                return self.refuse_handshake(ws, error)
        if isinstance(error, WebSocketDisconnect):
            if self.is_uncaught(ws, error):
                self._report_ws(ws, error)
        elif error is not None and not isinstance(error, (WebSocketException, HTTPException, CancelledError)):
            self._report_ws(ws, error)
        if ws.phase == OPEN:
            code, reason = _close_for(error)
            ws.start_close(code, reason)

    def _report_ws(self, ws, error) -> None:
        report("WebSocket " + ws.route.pattern, error, self.debug)
        if self.debug:
            from .debugging import tell_loop

            tell_loop("WebSocket " + ws.route.pattern, error)

    def is_uncaught(self, ws, error) -> bool:
        """Whether a disconnect that ended a handler is an error: where caught_close_codes counts, and lacks it."""
        return ws.by_peer and (ws.route.auto_accept or ws.let_out) and not ws.route.catches(error.code)

    def disconnected(self, channel) -> None:
        """A connection is closed."""


def _close_for(error) -> tuple:
    """(code, reason) of the CLOSE for a handler that ended with `error`: the one place that maps them."""
    if error is None or isinstance(error, WebSocketDisconnect):
        return 1000, ""
    if isinstance(error, WebSocketException):
        return (error.code, error.reason or "") if sendable(error.code) else (1011, "")
    if isinstance(error, HTTPException):
        return 1008, ""
    if isinstance(error, CancelledError):
        return 1001, "the server stops"
    return 1011, ""


def current_request():
    """The Request whose handler is running; in a WebSocket handler, the WebSocket. LookupError elsewhere.

    On CPython also in tasks that the handler makes. On MicroPython these know no handler: call it before, and pass on.
    """
    channel = _calling or current()
    if channel is None:
        raise LookupError(
            "no request is being handled here; call current_request() in the handler, and pass what it returns to a"
            " task that the handler makes (on MicroPython create_task, gather and wait_for make one that has none)"
        )
    return channel if channel.kind == "ws" else channel.request  # type: ignore[union-attr]


if not MICROPYTHON:
    complete(Dispatcher)
