"""The exceptions that applications see: WebSocket ends, HTTP errors, wrong use."""


class WebSocketException(Exception):
    """Raise it to close the WebSocket with `code` and `reason`; the server logs nothing.

    code    close code sent to the peer (RFC 6455 section 7.4), default 1000
    reason  text of at most 123 UTF-8 bytes, or None

    Before `accept()` it refuses the handshake with HTTP 403.
    """

    def __init__(self, code: int = 1000, reason: "str | None" = None):
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class WebSocketDisconnect(WebSocketException):
    """The WebSocket is closed: by the peer, by the application, or by a lost connection.

    code    the peer's close code; 1005 when its CLOSE carried none, 1006 when the TCP
            connection ended without a CLOSE (RFC 6455 section 7.1.5)
    reason  the peer's text, "" when there was none
    """

    def __init__(self, code: int = 1000, reason: str = ""):
        super().__init__(code, reason)


class HTTPException(Exception):
    """Raise it in a handler to answer with `status_code` and a JSON body {"detail": detail}.

    headers  extra response headers, a dict, or None
    """

    def __init__(self, status_code: int, detail=None, headers=None):
        super().__init__(status_code, detail)
        self.status_code = status_code
        self.detail = detail
        self.headers = headers


class ProtocolError(Exception):
    """The peer broke a protocol: `code` is a close code (frames) or an HTTP status (requests)."""

    def __init__(self, code: int, reason: str):
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
