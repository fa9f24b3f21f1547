"""An application with a route for each case of the HTTP tests. Arguments: PORT, config as JSON."""

import asyncio
import json
import sys

import viperhttp
from viperhttp import HTTPException, Response, current_request

config = json.loads(sys.argv[2])
debug = config.pop("debug", False)
app = viperhttp.ViperHTTP(config=config, debug=debug)

gates = {}


def gate(name):
    """An event that a request to /open/NAME sets."""
    if name not in gates:
        gates[name] = asyncio.Event()
    return gates[name]


@app.get("/")
async def index():
    return "hello"


@app.get("/open/{name}")
async def open_gate(name):
    gate(name).set()
    return "open"


@app.get("/wait/{name}")
async def wait(name):
    await gate(name).wait()
    return "waited for " + name


@app.get("/n/{n:int}")
async def number(n):
    return "n=%d" % n


@app.get("/sync/{n:int}")
def sync_number(n):
    return "sync=%d" % n


@app.get("/never")
async def never():
    print("never: started")
    try:
        await asyncio.Event().wait()
    finally:
        print("never: finally")


# -- bodies ----------------------------------------------------------------


@app.post("/body")
async def body():
    data = await current_request().body()
    return Response(data, content_type="application/octet-stream")


@app.post("/size")
async def size():
    return {"size": len(await current_request().body())}


@app.post("/twice")
async def twice():
    request = current_request()
    return {"same": await request.body() == await request.body(), "text": await request.text()}


@app.post("/json")
async def read_json():
    return {"got": await current_request().json()}


@app.post("/text")
async def read_text():
    return await current_request().text()


@app.post("/pieces")
async def pieces():
    request = current_request()
    total = 0
    while True:
        piece = await request.read()
        if not piece:
            return {"total": total}
        total += len(piece)


@app.post("/unread")
async def unread():
    return "did not look"


@app.post("/unread-sync")
def unread_sync():
    return "did not look"


@app.post("/late/{name}")
async def late(name):
    await gate(name).wait()
    return {"size": len(await current_request().body())}


@app.post("/tell")
async def tell():
    try:
        data = await current_request().body()
        print("body:", len(data))
        return "whole"
    except HTTPException as error:
        print("told:", error.status_code)
        raise


# -- answers ---------------------------------------------------------------


@app.get("/dict")
async def a_dict():
    return {"a": 1, "b": [True, None]}


@app.get("/list")
async def a_list():
    return [1, "zwei", 3.5]


@app.get("/bool")
async def a_bool():
    return True


@app.get("/str")
async def a_str():
    return "grün"


@app.get("/bytes")
async def some_bytes():
    return b"\x00\xff"


@app.get("/none")
async def nothing():
    return None


@app.get("/empty")
async def empty():
    return ""


@app.get("/created")
async def created():
    return {"id": 7}, 201


@app.get("/teapot")
def teapot():
    return "short and stout", 418, {"X-Kind": "teapot", "Content-Type": "text/x-tea"}


@app.get("/none-201")
async def none_201():
    return None, 201


@app.get("/response")
async def response():
    return Response("<p>", 202, {"X-A": "1", "X-N": 5}, content_type="text/html; charset=utf-8")


@app.get("/pairs")
async def header_pairs():
    return Response("ok", headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])


@app.get("/body-with/{status:int}")
async def body_with(status):
    return "a body that must not be sent", status


@app.get("/own-length")
async def own_length():
    return Response("12345", headers={"Content-Length": "3", "Transfer-Encoding": "chunked"})


@app.get("/own-close")
async def own_close():
    return Response("bye", headers={"Connection": "close"})


@app.get("/inject/{where}")
async def inject(where):
    bad = "a\r\nX-Evil: 1"
    if where == "value":
        return "x", 200, {"X-A": bad}
    if where == "name":
        return Response("x", headers={bad: "1"})
    if where == "type":
        return Response("x", content_type=bad)
    if where == "stream":
        return viperhttp.StreamingResponse(["x"], media_type=bad)
    raise HTTPException(403, "no", {"X-A": bad})


@app.get("/object")
async def an_object():
    return object()


@app.get("/object-inside")
async def an_object_inside():
    return {"x": object()}


@app.get("/tuple-4")
async def four():
    return 1, 2, 3, 4


@app.get("/response-tuple")
async def response_in_a_tuple():
    return Response("x"), 201


@app.get("/boom")
async def boom():
    raise RuntimeError("the secret of the database")


@app.get("/boom-sync")
def boom_sync():
    raise RuntimeError("the secret of the database")


@app.get("/boom-later")
async def boom_later():
    await asyncio.sleep(0)
    return 1 // 0


@app.get("/http-error")
async def http_error():
    raise HTTPException(409, {"why": "taken"}, {"X-Reason": "taken"})


@app.get("/http-error-sync")
def http_error_sync():
    raise HTTPException(404, "no such thing")


@app.get("/large/{n:int}")
async def large(n):
    return b"0123456789abcdef" * (n // 16)


# -- streams ---------------------------------------------------------------


@app.get("/stream")
async def stream():
    async def pieces():
        yield "one,"
        await asyncio.sleep(0)
        yield b"two,"
        yield ""
        yield "three"

    return viperhttp.StreamingResponse(pieces(), media_type="text/plain")


@app.get("/stream-sync")
def stream_sync():
    return viperhttp.StreamingResponse((str(i) for i in range(5)), media_type="text/plain")


@app.get("/stream-list")
def stream_list():
    return viperhttp.StreamingResponse(["a", b"b", "c"])


@app.get("/stream-breaks")
async def stream_breaks():
    async def pieces():
        yield "first"
        await asyncio.sleep(0)
        raise RuntimeError("broke in the middle")

    return viperhttp.StreamingResponse(pieces(), media_type="text/plain")


@app.get("/flood")
async def flood():
    async def pieces():
        piece = b"x" * 1000
        try:
            while True:
                yield piece
        finally:
            print("flood: finally")

    return viperhttp.StreamingResponse(pieces())


# -- the request -----------------------------------------------------------


async def deeper():
    await asyncio.sleep(0)
    return current_request().query_params["who"]


@app.get("/who")
async def who():
    before = current_request().query_params["who"]
    await asyncio.sleep(0)
    inside = await deeper()
    name = current_request().query_params.get("gate")
    if name:
        await gate(name).wait()
    return {"before": before, "inside": inside, "after": (await deeper()), "path": current_request().path}


@app.get("/who-sync")
def who_sync():
    return plain_helper()


def plain_helper():
    request = current_request()
    return {"who": request.query_params["who"], "method": request.method}


@app.get("/no-request")
async def no_request():
    return {"outside": outside}


try:
    current_request()
    outside = "a request"
except LookupError as error:
    outside = str(error)


@app.route("/describe/{x}", methods=["GET", "PUT"])
async def describe(x):
    request = current_request()
    return {
        "method": request.method,
        "path": request.path,
        "params": request.path_params,
        "query": request.query_params,
        "query_string": request.query_string,
        "host": request.headers["Host"],
        "none": request.headers.get("x-none"),
        "many": request.headers.all("X-Many"),
        "cookies": request.cookies,
        "url": request.url,
        "client": request.client[0],
        "x": x,
    }


@app.websocket("/ws")
async def ws_only(ws):
    await ws.accept()
    await ws.send_text("hi")


@app.on_event("startup")
async def started():
    await asyncio.sleep(0)
    print("event: startup")


@app.on_event("startup")
def started_sync():
    print("event: startup, sync")


@app.on_event("shutdown")
async def stopped():
    await asyncio.sleep(0)
    print("event: shutdown")


app.run(int(sys.argv[1]), host="127.0.0.1")
