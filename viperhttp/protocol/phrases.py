"""The status line of a response: numbers and phrases of RFC 9110."""

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
