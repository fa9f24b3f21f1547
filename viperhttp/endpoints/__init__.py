"""What handlers work with: WebSocket, Request, responses, event streams, static files, rooms."""
