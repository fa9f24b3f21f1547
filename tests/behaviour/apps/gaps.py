"""What the other applications leave out. Arguments: PORT, config as JSON."""

import asyncio
import json
import sys

import viperhttp
from viperhttp import Depends, HTTPException, Query, StreamingResponse, ViperHTTP
from viperhttp.exceptions import WebSocketDisconnect, WebSocketException

settings = json.loads(sys.argv[2])
app = ViperHTTP(debug=settings.pop("debug", False), config=settings)
MICROPYTHON = sys.implementation.name == "micropython"


def order(step, ok=True):
    """A query cast, a hook or a dependency that says that it was asked."""
    print("order:", step)
    return ok


def cast(text):
    order("query")
    return int(text)


@app.before_request(websocket=True)
async def hook(ws):
    if ws.path.startswith("/order"):
        order("hook")
        if ws.query_params.get("hook") == "close":
            return await ws.close(4401)
    await ws.accept()


def dependency():
    order("dependency")


@app.websocket(
    "/order/{n:int}",
    query={"q": Query(1, cast)},
    allowed_origins=["https://ok.example"],
    deps={"d": Depends(dependency)},
)
async def ordered(ws, n, q, d):
    order("handler")
    await ws.send_text("here")


@app.websocket("/headers", auto_accept=False)
async def headers(ws):
    await ws.send_text("accepted by the hook")


class Counter:
    """An instance as a dependency, called anew for each connection."""

    def __init__(self):
        self.n = 0

    def __call__(self):
        self.n += 1
        return self.n


async def slow_value():
    await asyncio.sleep(0)
    return "slow"


def failing_teardown():
    yield "value"
    raise RuntimeError("teardown as intended")


def of_ws(ws):
    return ws.path


@app.websocket(
    "/deps",
    deps={
        "count": Depends(Counter()),
        "slow": Depends(slow_value),
        "value": Depends(failing_teardown),
        "path": Depends(of_ws, ws=True),
        "named": Depends(of_ws) if not MICROPYTHON else Depends(of_ws, ws=True),  # CPython sees the name
    },
)
async def deps(ws, count, slow, value, path, named):
    await ws.send_json([count, slow, value, path, named])


@app.get("/deps", deps={"count": Depends(Counter()), "value": Depends(failing_teardown)})
async def deps_of_a_request(count, value):
    return [count, value]


def refuses():
    raise HTTPException(402, "pay first")


@app.websocket("/refuses", deps={"nothing": Depends(refuses)})
async def never(ws, nothing):
    print("never: ran")


@app.get("/length/{total:int}")
async def length(total):
    pieces = iter(["abc", "def"])
    return StreamingResponse(pieces, media_type="text/plain", total_len=total, chunk_size=2, chunked=False)


@app.websocket("/flags")
async def flags(ws, flag):
    await ws.send_json(flag)


@app.websocket("/flag", query={"flag": Query(None, bool), "f": Query(0.5, float), "need": str})
async def flag(ws, flag, f, need):
    await ws.send_json([flag, f, need])


@app.websocket("/boom")
async def boom(ws):
    raise ZeroDivisionError("as intended")


@app.websocket("/names")
async def names(ws):
    await ws.send_json(
        [
            viperhttp.WebSocketDisconnect is WebSocketDisconnect,
            viperhttp.websockets.WebSocketException is WebSocketException,
            viperhttp.websockets.WebSocket is viperhttp.WebSocket and isinstance(ws, viperhttp.WebSocket),
            issubclass(WebSocketDisconnect, WebSocketException),
            viperhttp.current_request() is ws,
            ws.app is app,
            ws.request is ws,
            app.state.greeting,
        ]
    )


@app.on_event("startup")
async def startup():
    app.state.greeting = "hello"
    asyncio.get_event_loop().set_exception_handler(
        lambda loop, context: print("loop: %s: %s" % (context["message"], type(context["exception"]).__name__))
    )


# As the examples of the ViperHTTP firmware call it.
app.run(port=int(sys.argv[1]), host="127.0.0.1", wifi=False, https=False, http2=True, bridge_max_workers=8)
