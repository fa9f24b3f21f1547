"""Responses, cookies and background tasks under test. Arguments: PORT, config as JSON."""

import asyncio
import json
import sys

import viperhttp
from viperhttp import (
    BackgroundTask,
    BackgroundTasks,
    EventSourceResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from viperhttp.background import spawn

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))


@app.get("/to/{code:int}")
async def redirect(code):
    return RedirectResponse("/wanted?a=1&b=%20", code)


@app.get("/to/odd")
async def odd():
    return RedirectResponse("/ü b\r\nX-Evil: 1")


@app.get("/json")
async def as_json():
    return JSONResponse([1, "ü"], 201, {"X-A": "1"})


@app.get("/null")
async def null():
    return JSONResponse(None)


@app.get("/html")
async def html():
    return HTMLResponse("<p>ü")


@app.get("/text")
async def text():
    return PlainTextResponse(b"bytes")


@app.get("/headers")
async def headers():
    response = Response("x", headers={"X-One": "1"})
    assert "x-one" in response.headers and response.headers["X-ONE"] == "1"
    assert response.headers.get("X-None") is None
    response.headers["x-one"] = "2"
    response.headers["X-Two"] = "2"
    del response.headers["X-Two"]
    del response.headers["X-Never"]
    response.headers.append(("X-Many", "a"))
    response.headers.append(("X-Many", "b"))
    return response


@app.get("/cookies")
async def cookies():
    response = Response("x")
    response.set_cookie("a", "1")
    options = {"max_age": 60, "path": "/b", "domain": "x.example", "secure": True, "httponly": True}
    response.set_cookie("b", "2", samesite="none", **options)
    response.delete_cookie("c")
    return response


@app.get("/echo-cookies")
async def echo_cookies():
    return viperhttp.current_request().cookies


async def later(name, times=1):
    for _ in range(times):
        await asyncio.sleep(0.01)
    print("later", name)


def fails():
    raise ValueError("in the background")


@app.get("/one")
async def one():
    return Response("at once", background=BackgroundTask(later, "one", times=2))


@app.get("/plain-function")
async def plain_function():
    return HTMLResponse("x", background=BackgroundTask(print, "plain", "function"))


@app.get("/many")
async def many():
    tasks = BackgroundTasks()
    tasks.add_task(later, "first")
    tasks.add_task(fails)
    tasks.add_task(later, name="third")
    return JSONResponse({}, background=tasks)


@app.get("/streamed")
async def streamed():
    response = viperhttp.StreamingResponse(["a", "b"], media_type="text/plain")
    response.background = BackgroundTask(later, "streamed")
    return response


running = 0
most = 0


async def count():
    global running, most
    running += 1
    most = max(most, running)
    await asyncio.sleep(0.05)
    running -= 1


@app.get("/flood/{n:int}")
async def flood(n):
    return {"taken": [spawn(count) for _ in range(n)].count(True)}


@app.get("/most")
async def at_most():
    return {"most": most, "running": running}


async def ticks():
    try:
        for i in range(3):
            yield {"data": {"i": i}, "id": i}
        await asyncio.sleep(30)
    finally:
        print("stream closed")


@app.get("/events")
async def events():
    return EventSourceResponse(ticks(), headers={"X-A": "1"}, retry=1500, heartbeat=0.05)


@app.get("/few-events")
async def few_events():
    return EventSourceResponse([{"event": "a", "data": "1"}, "2"])


app.run(int(sys.argv[1]))
