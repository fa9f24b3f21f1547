"""Routers, exception handlers, hooks of requests, a JSON adapter, iterators. Arguments: PORT, config as JSON."""

import json
import sys

import viperhttp
from viperhttp import Depends, HTTPException, Router, ViperHTTP


def dumps(value):
    """An adapter that shows that it was used."""
    return "~" + json.dumps(value)


def loads(data):
    if not isinstance(data, str):
        data = str(data, "utf-8")
    if data[:1] != "~":
        raise ValueError("not of this adapter")
    return json.loads(data[1:])


settings = json.loads(sys.argv[2])
app = ViperHTTP(json=(dumps, loads), config=settings)


# ---- routers ---------------------------------------------------------------


def guard(ws):
    if ws.header("x-key") != "open":
        raise HTTPException(401, "no key")
    return "key"


inner = Router(prefix="/inner", tags=["in"])
outer = Router(prefix="/api/", tags=["out"], deps={"key": Depends(guard, ws=True)})


@inner.get("/")
async def root(key=None):
    return ["root", key]


@inner.get("/item/{n:int}")
async def item(n, key=None):
    return [n, key]


@inner.websocket("/ws/{name}")
async def socket(ws, name, key=None):
    await ws.accept()
    await ws.send_text(name + " " + key)


outer.include_router(inner, prefix="/v1")
app.include_router(outer)
app.include_router(inner, prefix="/twice")


# ---- hooks and exception handlers -------------------------------------------


class Missing(Exception):
    """An application's own exception."""


class VeryMissing(Missing):
    """One more, whose base has a handler."""


@app.exception_handler(Missing)
async def missing(request, error):
    return {"missing": str(error), "path": request.path}, 410


@app.exception_handler(418)
def teapot(request, error):
    return "short and stout", 418


@app.get("/raise/{what}")
async def raises(what):
    if what == "missing":
        raise VeryMissing(what)
    if what == "teapot":
        raise HTTPException(418)
    raise KeyError(what)


@app.before_request
def hook(request):
    if request.path == "/closed":
        return "come back tomorrow", 503
    request.state["seen"] = "by the hook"


@app.get("/closed")
async def closed():
    print("closed: ran")


@app.get("/seen")
async def seen():
    return viperhttp.current_request().state["seen"]


# ---- JSON and iterators -------------------------------------------------------


@app.post("/json")
async def posted():
    return {"got": await viperhttp.current_request().json()}


@app.websocket("/json")
async def json_messages(ws):
    await ws.accept()
    async for message in ws.iter_json():
        await ws.send_json({"got": message})
    print("json: ended")


@app.websocket("/bytes")
async def byte_messages(ws):
    await ws.accept(headers={"X-Mine": "1"})
    async for message in ws.iter_bytes():
        await ws.send_bytes(bytearray(message))
    print("bytes: ended", ws.close_code)


@app.websocket("/broken-header")
async def broken_header(ws):
    for headers in ({"X-Mine": "a\r\nX-Forged: b"}, {"X\nY": "a"}, [("X-Mine", "a\nb")]):
        try:
            await ws.accept(headers=headers)
        except ValueError:
            continue
        print("broken-header: accepted", headers)
    await ws.accept(subprotocol="\r\nX: 1")
    await ws.send_text(str(ws.requested_subprotocols))


app.run(port=int(sys.argv[1]), host="127.0.0.1")
