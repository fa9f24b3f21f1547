"""Where the names stand that viperhttp has to offer: modules, and what is in which of them."""

MODULES = "asgi auth background device exceptions middleware sensors sessions socketio status testing websockets"
# A module, and what it has. Text: as a dict, each of these would be a name for ever on a board.
WHERE = """\
app.application ViperHTTP
app.asking current_request
app.depends Depends Query
app.router Router
endpoints.background BackgroundTask BackgroundTasks
rooms.manager ConnectionManager
endpoints.eventsource EventSourceResponse
endpoints.static FileResponse
endpoints.extra HTMLResponse JSONResponse PlainTextResponse RedirectResponse
endpoints.request Request
endpoints.responses Response
endpoints.streaming StreamingResponse
endpoints.websocket WebSocket
exceptions HTTPException WebSocketDisconnect WebSocketException
testing TestClient"""


def where(name: str) -> "str | None":
    """The module that has a name, behind "viperhttp."; "" when it is a module itself, None when it is not there."""
    if name in MODULES.split(" "):
        return ""
    for line in WHERE.split("\n"):
        words = line.split(" ")
        if name in words[1:]:
            return words[0]
    return None


def every() -> list:
    """All names but those of modules."""
    return [name for line in WHERE.split("\n") for name in line.split(" ")[1:]]
