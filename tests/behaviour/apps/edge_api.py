"""Auto-accepting routes, caught close codes, origins, hooks, dependencies. Arguments: PORT, config as JSON.

"hooks" in the config names the hooks to register, "origins" is ViperHTTP(allowed_origins=...), "default" leaves a
Depends in a default argument.
"""

import asyncio
import json
import sys

import viperhttp
from viperhttp import Depends

settings = json.loads(sys.argv[2])
hooks = settings.pop("hooks", [])
default = settings.pop("default", False)
app = viperhttp.ViperHTTP(allowed_origins=settings.pop("origins", None), config=settings)

# ---- caught_close_codes ------------------------------------------------------

CAUGHT = {"default": {}, "tuple": {"caught_close_codes": (1005, 4001)}, "none": {"caught_close_codes": ()},
          "all": {"caught_close_codes": all}}


async def take_all(ws):
    async for _ in ws:
        pass


async def take_all_inside(ws):
    async with ws:
        async for _ in ws:
            pass
    print("inside: caught", ws.close_code)


for name, options in CAUGHT.items():
    app.websocket_route("/caught/" + name, **options)(take_all)
    app.websocket("/inside/" + name, receive_type="text", **options)(take_all_inside)


# ---- auto_accept ----------------------------------------------------------------


@app.websocket_route("/auto/{what}")
async def auto(ws, what):
    if what == "reject":
        await ws.reject()
        await ws.send("may not go out")
    elif what == "teapot":
        await ws.reject(418, "short", {"X-Why": "stout"})
    elif what == "close":
        await ws.close(4401)
    elif what == "raise":
        raise KeyError("first")
    elif what == "sleep":
        await asyncio.sleep(0.01)
        await ws.send("awake")
    elif what == "late-reject":
        await asyncio.sleep(0.01)
        await ws.reject()
    elif what == "with":
        async with ws:
            await ws.send("inside")
    elif what == "raise-inside":
        async with ws:
            raise KeyError("inside")
    elif what == "close-twice":
        await ws.close(4000)
        try:
            await ws.close(4001)
        except RuntimeError as error:
            print("close-twice:", error)
        await ws.ensure_closed()


# ---- types ---------------------------------------------------------------------------


@app.websocket_route("/typed/json", value_type="json")
async def typed_json(ws):
    async for message in ws:
        await ws.send({"got": message})


@app.websocket("/typed/bytes", receive_type="bytes")
async def typed_bytes(ws):
    await ws.accept()
    async for message in ws:
        await ws.send(message)  # by its type
        await ws.send("text")
        await ws.send([1])


@app.websocket("/typed/message")
async def typed_message(ws):
    await ws.accept()
    async for message in ws:
        await ws.send_json(sorted(message), mode="binary")
    print("typed: iteration ended", ws.close_code)


@app.websocket("/typed/wrong/{kind}")
async def typed_wrong(ws, kind):
    await ws.accept()
    await (ws.send_text(b"x") if kind == "text" else ws.send_bytes("x"))


@app.websocket("/idle", idle_timeout=0.3)
async def idle(ws):
    await ws.accept()
    while True:
        await ws.send_text(await ws.receive_text())


@app.websocket("/about/{x}")
async def about(ws, x):
    about = {"path": ws.path, "params": ws.path_params, "query": ws.query_string, "parsed": ws.query_params,
             "alias": ws.query_parameters, "cookies": ws.cookies, "origin": ws.origin, "url": ws.url,
             "scheme": ws.scheme, "header": ws.header("x-mine"), "Header": ws.headers["X-MINE"],
             "has": "x-MINE" in ws.headers, "client": ws.client[0], "accepted": ws.accepted, "closed": ws.closed}
    await ws.accept()
    ws.state["mine"] = 1
    about["then"] = [ws.accepted, ws.state, ws.app is app]
    await ws.send_json(about)


# ---- origins --------------------------------------------------------------------------

PAGE = "https://app.example.com"
ALLOWED = {"str": PAGE, "list": ["https://other.example.com", PAGE], "set": {PAGE}, "slash": PAGE.upper() + "/",
           "star": "*", "null": ["null"], "nothing": []}


@app.websocket("/check/{kind}")
async def check(ws, kind):
    if not ws.check_origin(ALLOWED[kind]):
        await ws.close(1008)
        return
    await ws.accept()


@app.websocket("/default")
async def by_default(ws):
    await ws.accept()
    await ws.receive()


app.websocket("/route", allowed_origins=[PAGE])(by_default)
app.websocket("/route-star", allowed_origins="*")(by_default)

# ---- hooks ----------------------------------------------------------------------------


def register(name):
    if name == "sync":

        @app.before_request(websocket=True)
        def hook(ws):
            print("hook: sync")
            ws.accept_now()
    else:

        @app.before_request(websocket=True)
        async def hook(ws):
            print("hook:", name)
            if name == "accept":
                await ws.accept("v1")
            elif name == "close":
                await ws.close(4401)
            elif name == "raise":
                raise KeyError("in the hook")
            elif name == "exception":
                raise viperhttp.HTTPException(429, "later")


for name in hooks:
    register(name)


@app.websocket("/hooked")
async def hooked(ws):
    print("hooked: ran")
    await ws.accept("v2")
    await ws.send_text(str(ws.subprotocol))


# ---- dependencies ----------------------------------------------------------------------


def number():
    print("number: made")
    return 7


async def double(number):
    return number * 2


def resource():
    print("resource: opened")
    yield "resource"
    print("resource: closed")


class Counter:
    def __init__(self):
        self.n = 0

    def __call__(self):
        self.n += 1
        return self.n


def seen_by(ws):
    return ws.path


def also():
    return viperhttp.current_request().path


shared = Depends(number, scope="app")


@app.websocket(
    "/deps/{x}",
    deps={
        "number": shared,
        "double": Depends(double, deps={"number": shared}),
        "resource": Depends(resource),
        "count": Depends(Counter()),
        "path": Depends(seen_by, ws=True),
        "also": Depends(also),
    },
)
async def deps(ws, x, number, double, resource, count, path, also):
    await ws.accept()
    await ws.send_json([x, number, double, resource, count, path, also])
    await ws.receive_text()
    raise KeyError("the teardown runs all the same")


if default:

    @app.websocket("/forgotten")
    async def forgotten(ws, user=Depends(number)):
        await ws.accept()


app.run(int(sys.argv[1]), host="127.0.0.1")
