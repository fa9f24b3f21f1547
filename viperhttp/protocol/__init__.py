"""Bytes in, events out: HTTP/1.1, the WebSocket handshake and frames, UTF-8, SSE. No sockets, clocks or tasks."""
