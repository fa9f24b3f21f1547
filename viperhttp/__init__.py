"""viperhttp: a WebSocket and HTTP server that fits on a microcontroller. Names load when they are first used."""

__version__ = "0.1.0"

_WHERE = {
    "ViperHTTP": "app.application",
    "current_request": "app.dispatch",
    "Depends": "app.depends",
    "Query": "app.depends",
    "Router": "app.routes",
    "ConnectionManager": "endpoints.rooms",
    "FileResponse": "endpoints.static",
    "Request": "endpoints.request",
    "Response": "endpoints.responses",
    "StreamingResponse": "endpoints.streaming",
    "WebSocket": "endpoints.websocket",
    "HTTPException": "exceptions",
    "WebSocketDisconnect": "exceptions",
    "WebSocketException": "exceptions",
}


def __getattr__(name):
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError("module 'viperhttp' has no attribute %r" % name)
    module = __import__("viperhttp." + where, None, None, (name,))
    value = getattr(module, name)
    globals()[name] = value
    return value
