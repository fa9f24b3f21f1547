"""What a connection waits for: the values of `phase`.

As with protocol/codes.py, modules for boards write those that they need as constants: see there.
"""

# HttpConnection
FIRST_BYTE, HEAD, HANDLER, STREAM, SKIP, FLUSH, LINGER = range(7)

# WsConnection. CONNECTING: nothing answered yet. CLOSING: our CLOSE is out, or will be; the peer's is awaited.
CONNECTING, OPEN, CLOSING, CLOSED = range(4)
