"""Guards under test. Arguments: PORT, config as JSON, whose key "role" says where the guard stands."""

import json
import sys

import viperhttp
from viperhttp import Depends
from viperhttp.auth import APIKeyAuth, BasicAuth, BearerAuth

config = json.loads(sys.argv[2])
role = config.pop("role")
app = viperhttp.ViperHTTP(config=config)

basic = BasicAuth({"alice": "wonderland", "böb": "pässword"}, limiter=None)
bearer = BearerAuth(tokens={"t-1": "robot", "t-2": "sensor"}, query="token", limiter=None)
key = APIKeyAuth(api_key="k-1")  # with the default limiter
checked = BasicAuth(check=lambda name, password: name.upper() if password == name * 2 else None, limiter=None)

if role == "hook":
    app.before_request(bearer)
    app.before_request(websocket=True)(bearer)
elif role == "middleware":
    app.add_middleware(bearer)

GUARDS = {"basic": basic, "bearer": bearer, "key": key, "checked": checked}


def routes(name, guard):
    @app.get("/" + name, deps={"user": Depends(guard)})
    async def show(user):
        return user

    @app.get("/first/" + name, deps={"user": Depends(guard.check, ws=True)})
    def show_first(user):
        return user

    @app.websocket("/ws/" + name, deps={"user": Depends(guard)})
    async def greet(ws, user):
        await ws.accept()
        await ws.send_text(user)


if role == "dependency":
    for name in GUARDS:
        routes(name, GUARDS[name])


@app.get("/")
async def index():
    return viperhttp.current_request().state.get("user", "nobody")


@app.websocket("/ws")
async def ws(ws):
    await ws.accept()
    await ws.send_text(ws.state.get("user", "nobody"))


app.run(int(sys.argv[1]))
