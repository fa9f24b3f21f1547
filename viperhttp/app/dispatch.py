"""From a request to a handler's call, and from what the handler returns or raises to the answer.

The ordinary ways are here: a handler returns a dict, a list or a text. For the others see answers.py, for WebSockets
upgrading.py.
"""

from asyncio import sleep

from ..cold import Cold, complete
from ..config import MICROPYTHON, const
from ..log import report
from .routes import WEBSOCKET

_HANDLER = const(2)  # connection.phases.HANDLER
_STREAM = const(3)  # connection.phases.STREAM

# How the head of a plain answer begins, by the type of what the handler has returned.
_JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_STARTS: dict = {dict: _JSON, list: _JSON, str: b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"}

# What a handler raises that took all memory, once that is free again.
_MEMORY = MemoryError("the handler took all that was free")

calling = None  # the connection whose handler is being called; a plain (not async) one runs meanwhile


async def _without_memory():
    await sleep(0)
    raise _MEMORY


class Dispatcher(Cold):
    """The application's side of a Server."""

    _cold = (
        "viperhttp.app.upgrading.Upgrading upgrade ws_finished ",
        "viperhttp.app.answers.Answers make_request handle_other answer find_endpoint http_finished no_response"
        " error_response timed_out ",
        "viperhttp.app.refusals.Refusals judge refuse_version admit idle refuse_handshake ws_failed is_uncaught ",
    )

    def __init__(self, app):
        self.app = app
        self.debug = app.debug

    # ---- requests --------------------------------------------------------

    def handle(self, connection, head):
        """A request is complete up to its body. Returns the WebSocket that takes the connection over, if any."""
        app = self.app
        methods = app.paths.get(head.path)
        connection.params = None
        if methods is None:
            methods, connection.params = app.find_route(head.path)
        if head.upgrade and head.asks_for("websocket"):
            endpoint = methods and methods.get(WEBSOCKET)
            if endpoint is None:
                return self.judge(connection, None)
            return self.upgrade(connection, head, endpoint)
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
        global calling
        calling = connection
        try:
            return endpoint.call(connection.params, extra)
        finally:
            calling = None

    # ---- ends ------------------------------------------------------------

    def finished(self, channel, value, error) -> None:
        """A handler has returned or raised."""
        if channel.kind == "ws":
            return self.ws_finished(channel, value, error)
        if error is None and channel.head is not None and channel.phase == _HANDLER:
            start = _STARTS.get(type(value))
            if start is not None and channel.sock is not None and channel.is_plain():
                body = self._text(channel, value)
                if body is not None:
                    channel.answer(start, body)
                return
        self._finished_otherwise(channel, value, error)

    def _finished_otherwise(self, connection, value, error) -> None:
        if type(error) is MemoryError and error is not _MEMORY and connection.sock is not None:
            # What the handler held is free only when its task is: until then no answer can be made.
            return connection.start(_without_memory())
        try:
            self.http_finished(connection, value, error)
        except MemoryError as fault:
            # There is none for loading what makes the other answers, either: this one needs nothing more.
            report("an answer", fault)
            if connection.sock is None or connection.phase == _STREAM:
                connection.drop()
            else:
                connection.turn_away("500 Internal Server Error", "Internal Server Error\n")

    def _text(self, connection, value):
        # The bytes of a plain answer; None when the answer is that there is none.
        try:
            text = value if type(value) is str else self.app.json.dumps(value)
            return text.encode() if type(text) is str else text
        except Exception as error:
            self.no_response(connection, "%s %s" % (connection.head.method, connection.head.path), error)

    def disconnected(self, channel) -> None:
        """A connection is closed."""


if not MICROPYTHON:
    complete(Dispatcher)
