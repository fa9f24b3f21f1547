"""One WebSocket handler per line of the edge matrix. Arguments: PORT, config as JSON.

Handlers print "NAME: ..." lines that the tests wait for.
"""

import asyncio
import json
import sys

import viperhttp
from viperhttp import Depends, Query, WebSocketDisconnect, WebSocketException

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))


async def outcome(name, make):
    """Print what awaiting make() comes to."""
    try:
        text = repr(await make())
    except WebSocketDisconnect as end:
        text = "WebSocketDisconnect %d %r" % (end.code, end.reason)
    except WebSocketException as error:
        text = "WebSocketException %d %r" % (error.code, error.reason)
    except asyncio.CancelledError:
        print("%s: cancelled" % name)
        raise
    except Exception as error:
        text = "%s %s" % (type(error).__name__, error)
    print("%s: %s" % (name, text))


@app.websocket("/receive/{kind}")
async def receive(ws, kind):
    # Twice: the second shows that the connection is as it was.
    await ws.accept()
    await outcome(kind, getattr(ws, "receive_" + kind))
    await ws.send_text(str(await getattr(ws, "receive_" + kind)()))


@app.websocket("/uncaught/{kind}")
async def uncaught(ws, kind):
    await ws.accept()
    while True:
        await ws.send_json(str(await getattr(ws, "receive_" + kind)()))


@app.websocket("/end")
async def end(ws):
    await ws.accept()
    await outcome("first", ws.receive)
    await outcome("second", ws.receive)
    await outcome("third", ws.receive_text)
    await outcome("fourth", ws.receive_text)
    await outcome("send", lambda: ws.send_text("x"))
    await ws.close(4000)
    print("state:", ws.closed, ws.close_code, repr(ws.close_reason))


@app.websocket("/end-text")
async def end_text(ws):
    await ws.accept()
    await outcome("text", ws.receive_text)
    print("state:", ws.closed, ws.close_code, repr(ws.close_reason))


@app.websocket("/push")
async def push(ws):
    await ws.accept()
    try:
        while True:
            await ws.send_text("tick")
            await asyncio.sleep(0.01)
    except WebSocketDisconnect as gone:
        print("push: ended %d %r" % (gone.code, gone.reason))


@app.websocket("/own-close")
async def own_close(ws):
    await ws.accept()
    await ws.close(4000, "mine")
    await outcome("send", lambda: ws.send_text("x"))
    await outcome("receive", ws.receive_text)
    await outcome("close", lambda: ws.close(4001, "again"))
    await outcome("accept", ws.accept)


@app.websocket("/accept-twice")
async def accept_twice(ws):
    await ws.accept()
    await outcome("accept", ws.accept)
    await ws.send_text("once")


@app.websocket("/early")
async def early(ws):
    await outcome("send", lambda: ws.send_text("x"))
    await outcome("receive", ws.receive_text)
    await ws.accept()
    await ws.send_text("accepted")


@app.websocket_route("/early-auto")
async def early_auto(ws):
    await ws.send("accepted by sending")


@app.websocket("/first/{what}")
async def first(ws, what):
    if what == "close":
        await ws.close(1008)
        await outcome("accept", ws.accept)
    elif what == "raise":
        raise KeyError("before accept")
    elif what == "exception":
        raise WebSocketException(4002, "wse")


@app.websocket("/then/{what}")
async def then(ws, what):
    await ws.accept()
    if what == "raise":
        raise KeyError("after accept")
    if what == "exception":
        raise WebSocketException(4002, "wse")
    if what == "illegal-exception":
        raise WebSocketException(1005, "no such thing")


@app.get("/page")
async def page():
    print("page: the HTTP handler ran")
    return "page"


@app.websocket("/chat")
async def chat(ws):
    await ws.accept("chat.v1")
    await ws.send_json({"subprotocol": ws.subprotocol})


@app.websocket("/close/{code:int}")
async def close(ws, code):
    await ws.accept()
    await ws.close(code)


@app.websocket("/long-reason/{shift:int}")
async def long_reason(ws, shift):
    await ws.accept()
    await ws.close(4003, "x" * shift + "€" * 60)


@app.websocket("/number/{n:int}")
async def number(ws, n):
    await ws.accept()
    await ws.send_json({"n": n})


@app.websocket("/query", query={"n": Query(7, int)})
async def query(ws, n):
    await ws.accept()
    await ws.send_json({"n": n})


@app.websocket_route("/query-auto", query={"n": Query(7, int)})
async def query_auto(ws, n):
    await ws.send(str(n))


@app.websocket("/room/{x}")
async def room(ws, x):
    await ws.accept()
    await ws.send_json({"x": x, "also": ws.path_params["x"]})


def deny():
    raise viperhttp.HTTPException(401, "who are you?")


async def accept_then_deny():
    ws = viperhttp.current_request()
    await ws.accept()
    raise viperhttp.HTTPException(401, "who are you?")


@app.websocket("/denied", deps={"user": Depends(deny)})
async def denied(ws, user):
    print("denied: the handler ran")


@app.websocket("/denied-later", deps={"user": Depends(accept_then_deny)})
async def denied_later(ws, user):
    print("denied: the handler ran")


@app.websocket("/undecided")
async def undecided(ws):
    await asyncio.sleep(0.6)
    await outcome("undecided", ws.accept)


@app.websocket_route("/undecided-auto")
async def undecided_auto(ws):
    await asyncio.sleep(0.6)
    await ws.send("still here")


app.run(int(sys.argv[1]), host="127.0.0.1")
