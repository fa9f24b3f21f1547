"""Numbers of RFC 6455 and RFC 9110: opcodes, close codes, status phrases."""

# Opcodes (RFC 6455 section 5.2)
CONTINUATION = 0
TEXT = 1
BINARY = 2
CLOSE = 8
PING = 9
PONG = 10

FIN = 0x80

# Close codes (RFC 6455 section 7.4.1)
NORMAL = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
UNSUPPORTED_DATA = 1003
NO_STATUS = 1005
ABNORMAL = 1006
INVALID_PAYLOAD = 1007
POLICY_VIOLATION = 1008
TOO_BIG = 1009
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013

MAX_CONTROL = 125  # payload of a control frame (RFC 6455 section 5.5)
MAX_REASON = 123  # the same less the code


def sendable(code: int) -> bool:
    """Whether `code` may stand in a CLOSE frame (RFC 6455 section 7.4; 1004 to 1006 and 1015 may not)."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


_PHRASES = (
    b"100 Continue|101 Switching Protocols|200 OK|201 Created|202 Accepted|204 No Content|206 Partial Content|"
    b"301 Moved Permanently|302 Found|303 See Other|304 Not Modified|307 Temporary Redirect|"
    b"308 Permanent Redirect|400 Bad Request|401 Unauthorized|403 Forbidden|404 Not Found|"
    b"405 Method Not Allowed|408 Request Timeout|409 Conflict|413 Content Too Large|414 URI Too Long|"
    b"415 Unsupported Media Type|416 Range Not Satisfiable|417 Expectation Failed|418 I'm a Teapot|"
    b"422 Unprocessable Content|426 Upgrade Required|428 Precondition Required|429 Too Many Requests|"
    b"431 Request Header Fields Too Large|500 Internal Server Error|501 Not Implemented|503 Service Unavailable|"
    b"504 Gateway Timeout|505 HTTP Version Not Supported|"
)


def status_line(status: int) -> bytes:
    """The "200 OK" of a status line; an unknown status gets an empty phrase (RFC 9112 section 4)."""
    text = b"%d " % status
    at = _PHRASES.find(text)
    if at < 0:
        return text
    return _PHRASES[at : _PHRASES.find(b"|", at)]
