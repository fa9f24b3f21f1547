"""What WebSocket handlers import, in one place: WebSocket, WebSocketDisconnect, WebSocketException."""

from .endpoints.websocket import WebSocket
from .exceptions import WebSocketDisconnect, WebSocketException

__all__ = ("WebSocket", "WebSocketDisconnect", "WebSocketException")
