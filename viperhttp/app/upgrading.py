"""A WebSocket is opened and ends, in the ordinary way; for the others see refusals.py.

Loaded when the server starts where there is a WebSocket, and with it all that WebSockets need: a server without any
has 13 kB more for itself.
"""

from ..config import const
from ..endpoints.websocket import WebSocket
from ..exceptions import ProtocolError, WebSocketDisconnect
from ..log import report
from ..protocol import handshake

_CONNECTING = const(0)  # connection.phases.CONNECTING
_OPEN = const(1)  # connection.phases.OPEN

_NO_MEMORY = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Upgrading:
    """Mixin of Dispatcher."""

    def upgrade(self, connection, head, endpoint):
        """A request for a WebSocket that there is, `endpoint`. Returns it, or None where it was refused."""
        app = self.app
        params = connection.params
        judged = False
        if app.middlewares:
            judged = self.judge(connection, endpoint)
            if judged is None:
                return None
        try:
            accept_value = handshake.check(head)
        except ProtocolError as error:
            return self.refuse_version(connection, error)
        kind = WebSocket if endpoint.idle_timeout is None else self.idle()
        ws = kind(connection, head, endpoint, params, accept_value, judged)
        try:
            if endpoint.origins is not None or app.ws_hooks or endpoint.query or endpoint.deps:
                coro = self.admit(ws)
            else:
                coro = endpoint.bind(ws, params)
        except Exception as error:
            self.finished(ws, None, error)
        else:
            ws.start(coro)
        return ws

    def ws_finished(self, ws, value, error) -> None:
        """A WebSocket's handler has returned or raised."""
        if value is None or ws.call is None or not hasattr(value, "close"):
            self._over(ws, error)
        else:
            value.close()  # ws.each() or ws.relay(), which nobody is going to await
            ws.slim()
        if ws.at_end is not None:
            ws.at_end()

    def _over(self, ws, error) -> None:
        try:
            code = 1000
            reason = ""
            if ws.phase == _CONNECTING:
                if error is None and ws.route.auto_accept:
                    ws.accept_by_itself()  # a handler with nothing to say
                else:
                    self.refuse_handshake(ws, error)
            elif error is not None and (type(error) is not WebSocketDisconnect or ws.route.auto_accept or ws.let_out):
                code, reason = self.ws_failed(ws, error)
            if ws.phase == _OPEN:
                ws.start_close(code, reason)
        except MemoryError:
            # There is none for loading what tells one error from the other: this needs nothing more.
            if ws.phase == _CONNECTING:
                ws.write(_NO_MEMORY, len(_NO_MEMORY))
                ws.drop()
            elif ws.phase == _OPEN:
                ws.start_close(1011, "")
            report("WebSocket " + ws.route.pattern, error)
