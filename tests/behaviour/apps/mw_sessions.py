"""Sessions under test. Arguments: PORT, config as JSON, whose key "sessions" has SessionMiddleware's options."""

import json
import sys

import viperhttp
from viperhttp import Response, current_request
from viperhttp.middleware import CSRFMiddleware, SessionMiddleware

config = json.loads(sys.argv[2])
options = config.pop("sessions", {})
folder = options.pop("folder", None)
if folder is not None:
    from viperhttp.session_files import FileStore

    options["store"] = FileStore(folder, options.pop("max_files", 256))
csrf = config.pop("csrf", False)
app = viperhttp.ViperHTTP(config=config)
app.add_middleware(SessionMiddleware, **options)
if csrf:
    app.add_middleware(CSRFMiddleware, exempt=("/api/",))


def session():
    return current_request().session


@app.get("/")
async def show():
    return session()


@app.get("/untouched")
async def untouched():
    return "nothing"


@app.get("/set/{name}/{value}")
async def put(name, value):
    session()[name] = value
    return "set"


@app.get("/nested/{value}")
async def nested(value):
    session().setdefault("list", []).append(value)
    return session()["list"]


@app.get("/fill/{size:int}")
async def fill(size):
    session()["filler"] = "x" * size
    return "filled"


@app.get("/clear")
async def clear():
    session().clear()
    return "empty"


@app.get("/login")
async def login():
    session()["user"] = "alice"
    session().regenerate()
    return "in"


@app.get("/logout")
async def logout():
    session().invalidate()
    return "out"


@app.get("/token")
async def token():
    return session().csrf_token


@app.post("/change")
async def change():
    return "changed"


@app.post("/api/change")
async def api_change():
    return "changed by a program"


@app.get("/stream")
async def stream():
    session()["streamed"] = True
    return viperhttp.StreamingResponse(["a", "b"], media_type="text/plain")


@app.get("/cookie")
async def cookie():
    response = Response("x")
    response.set_cookie("plain", "1", max_age=60)
    return response


@app.websocket("/ws")
async def ws(ws):
    if "early" in ws.query_params:
        ws.session["early"] = ws.query_params["early"]
    await ws.accept()
    while True:
        message = await ws.receive()
        if message["type"] == "close":
            break
        name, _, value = message["text"].partition("=")
        if name == "show":
            await ws.send_json(ws.session)
        elif name == "save":
            ws.session.save()
            await ws.send_text("saved")
        else:
            ws.session[name] = value
            await ws.send_text("ok")


@app.websocket_route("/auto")
async def auto(ws):
    ws.session["auto"] = 1


app.run(int(sys.argv[1]))
