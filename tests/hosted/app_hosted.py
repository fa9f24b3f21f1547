"""The application that tests/hosted runs under uvicorn and granian."""

import asyncio

import viperhttp
from viperhttp import Response, StreamingResponse, ViperHTTP

app = ViperHTTP(title="Hosted")
app.state.log = []  # what handlers saw, for the tests to ask


@app.on_event("startup")
async def started():
    app.state.log.append("startup")


@app.get("/log")
async def log():
    return app.state.log


@app.get("/hello/{name}")
async def hello(name):
    request = viperhttp.current_request()
    answer = Response("hello " + name, headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    answer.headers["X-Seen"] = "%s %s %s" % (request.query_string, request.header("x-mine"), request.client[0])
    return answer


@app.post("/size", stream_body=True)
async def size():
    request = viperhttp.current_request()
    pieces = []
    while True:
        piece = await request.read()
        if not piece:
            return {"bytes": sum(pieces), "largest": max(pieces + [0])}
        pieces.append(len(piece))


@app.post("/small")
async def small():
    return {"bytes": len(await viperhttp.current_request().body())}


@app.get("/large")
async def large():
    return b"0123456789abcdef" * 50000


@app.get("/fails")
async def fails():
    raise RuntimeError("as intended")


@app.get("/events")
async def events():
    async def stream():
        for n in range(3):
            yield {"event": "tick", "id": n, "data": {"n": n}}

    return StreamingResponse(stream(), media_type="text/event-stream")


@app.get("/endless")
async def endless():
    async def stream():
        try:
            while True:
                yield {"data": "again"}
                await asyncio.sleep(0.01)
        finally:
            app.state.log.append("stream closed")

    return StreamingResponse(stream(), media_type="text/event-stream")


@app.websocket("/echo", protocols=["chat.v2", "chat.v1"], max_message=4_000_000)
async def echo(ws):
    await ws.accept(headers={"X-Served": "viperhttp"})
    while True:
        message = await ws.receive()
        if message["type"] == "close":
            app.state.log.append("closed %s %s" % (message["code"], message.get("reason", "")))
            return
        if message.get("text") == "bye":
            return await ws.close(4001, "because")
        if message.get("text") == "raise":
            raise RuntimeError("as intended")
        await ws.send(message["text"] if message["type"] == "text" else message["bytes"])


@app.websocket("/small")
async def small_messages(ws):
    await ws.accept()
    async for message in ws.iter_text():
        await ws.send_text(message)


@app.websocket("/closes-first")
async def closes_first(ws):
    await ws.close(4401, "who are you?")


@app.websocket("/rejects")
async def rejects(ws):
    await ws.reject(401, "who are you?")


@app.websocket("/silent")
async def silent(ws):
    pass


@app.websocket("/raises")
async def raises(ws):
    raise RuntimeError("as intended")
