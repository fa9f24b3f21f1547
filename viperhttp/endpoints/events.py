"""WebSocket messages as ASGI events, for receive_event() and send_event()."""

from ..exceptions import WebSocketDisconnect


async def receive_event(ws) -> dict:
    """The next websocket.receive event with "text" or "bytes"; at the end websocket.disconnect, once."""
    try:
        message = await ws.receive_any()
    except WebSocketDisconnect as end:
        if ws.told:
            raise
        ws.told = True
        return {"type": "websocket.disconnect", "code": end.code, "reason": end.reason}
    kind = "text" if isinstance(message, str) else "bytes"
    return {"type": "websocket.receive", kind: message}


async def send_event(ws, event: dict) -> None:
    """Do what an ASGI event says. ValueError for one that is none."""
    kind = event.get("type")
    if kind == "websocket.accept":
        await ws.accept(event.get("subprotocol"), event.get("headers"))
    elif kind == "websocket.close":
        await ws.close(event.get("code", 1000), event.get("reason") or "")
    elif kind == "websocket.send":
        if event.get("text") is not None:
            await ws.send_text(event["text"])
        else:
            await ws.send_bytes(event.get("bytes", b""))
    else:
        raise ValueError("event %r is not websocket.accept, websocket.send or websocket.close" % (kind,))
