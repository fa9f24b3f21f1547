"""Answers that are not the ordinary ones: errors, whole Responses, files, what no route takes."""

from asyncio import CancelledError

from ..endpoints.request import Request
from ..endpoints.responses import Response, to_response
from ..exceptions import HTTPException
from ..log import report
from .routes import WEBSOCKET

_NO_LIMIT = 0x3FFFFFFF  # more than any Content-Length that the parser takes


class Answers:
    """Mixin of Dispatcher."""

    # ---- requests --------------------------------------------------------

    def make_request(self, connection) -> Request:
        """The Request that a connection is about."""
        return Request(self.app, connection, connection.head, connection.params or {})

    def handle_other(self, connection, head, methods) -> None:
        """A request that has a body, or whose route does not just call a handler."""
        request = connection.request
        if connection.body is not None:
            # Now: with middleware, the first bytes of the body come before the handler's turn.
            endpoint = self.find_endpoint(head.method, methods)
            limit = endpoint is not None and endpoint.docs and endpoint.docs.get("stream_body")
            if limit:
                connection.body.limit = _NO_LIMIT if limit is True else limit
        pipeline = self.app.pipeline
        if pipeline is not None:
            # Middleware sees every request, also those that no route takes.
            connection.start(pipeline.run(request, methods))
            return
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
        endpoint = self.find_endpoint(request.method, methods)
        if endpoint is None:
            return self._no_endpoint(request, methods)
        body = request.connection.body
        if body is not None and request.head.length > body.limit:
            raise HTTPException(413, "body larger than %d bytes" % body.limit)
        if endpoint.query or endpoint.deps:
            from .depends import call_with

            return call_with(self.app, endpoint, request)
        return self.call(endpoint, request.connection, None)

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
        found = self.app.find_static(request.head.path) if self.app.mounts else None
        if found is None:
            found = self._built_in(request)
        if found is None:
            return Response("Not Found\n", 404)
        if request.method not in ("GET", "HEAD"):
            return Response("Method Not Allowed\n", 405, [("Allow", "GET, HEAD")])
        if isinstance(found, str):
            query = "?" + request.query_string if request.query_string else ""
            return Response(b"", 308, [("Location", found + query)])
        return found

    def _built_in(self, request):
        # None unless it is for the browser's script or one of the three documents; only then are those loaded.
        app = self.app
        path = request.head.path
        if path == "/viper.js":
            from .browser import script

            return script(request)
        schema = app.openapi_url
        if not app.docs or not schema:
            return None
        if path not in (schema, app.docs_url) and path != schema[: schema.rfind("/") + 1] + "asyncapi.json":
            return None
        from .autodocs import answer

        return answer(app, request)

    # ---- ends ------------------------------------------------------------

    def http_finished(self, connection, value, error) -> None:
        """The handler of a request has returned or raised."""
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

    def timed_out(self, connection) -> None:
        """A handler has not answered within response_timeout."""
        report("%s %s: no answer within response_timeout" % (connection.head.method, connection.head.path))
        connection.cancel()
        connection.refuse(504, "the handler did not answer in time")


async def _send_and_go_on(response, connection) -> None:
    from ..endpoints.background import spawn

    await response.send_to(connection)
    spawn(response.background)
