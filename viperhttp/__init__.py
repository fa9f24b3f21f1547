"""viperhttp: a WebSocket and HTTP server that fits on a microcontroller. Names load when they are first used."""

__version__ = "0.1.0"

_WHERE = {
    "ViperHTTP": "app.application",
    "current_request": "app.dispatch",
    "Depends": "app.depends",
    "Query": "app.depends",
    "Router": "app.router",
    "BackgroundTask": "endpoints.background",
    "BackgroundTasks": "endpoints.background",
    "ConnectionManager": "rooms.manager",
    "EventSourceResponse": "endpoints.eventsource",
    "FileResponse": "endpoints.static",
    "HTMLResponse": "endpoints.extra",
    "JSONResponse": "endpoints.extra",
    "PlainTextResponse": "endpoints.extra",
    "RedirectResponse": "endpoints.extra",
    "Request": "endpoints.request",
    "Response": "endpoints.responses",
    "StreamingResponse": "endpoints.streaming",
    "WebSocket": "endpoints.websocket",
    "HTTPException": "exceptions",
    "WebSocketDisconnect": "exceptions",
    "WebSocketException": "exceptions",
    "TestClient": "testing",
}

_MODULES = (
    "asgi",
    "auth",
    "background",
    "device",
    "exceptions",
    "middleware",
    "sensors",
    "sessions",
    "socketio",
    "status",
    "testing",
    "websockets",
)


def __getattr__(name):
    if name in _MODULES:
        # MicroPython does not look for a module of that name by itself where there is a __getattr__.
        return _load("viperhttp." + name, name)
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError("module 'viperhttp' has no attribute %r" % name)
    value = getattr(_load("viperhttp." + where, name), name)
    globals()[name] = value
    return value


def _load(module, name):
    import gc

    if not hasattr(gc, "threshold"):
        return __import__(module, None, None, (name,))
    # Compiling leaves garbage between what stays. Collected often, the heap keeps a large block free: 110 kB of
    # 128 kB after this import (unix port, 256 kB heap), where it was 8 kB without.
    before = gc.threshold()
    gc.threshold(8192)
    try:
        return __import__(module, None, None, (name,))
    finally:
        gc.threshold(before)
        gc.collect()
