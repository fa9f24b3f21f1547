"""What an HttpConnection waits for."""

FIRST_BYTE, HEAD, HANDLER, STREAM, SKIP, FLUSH, LINGER = range(7)
