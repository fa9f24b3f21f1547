"""Routes of every kind, each saying what it got. Arguments: PORT, config as JSON."""

import json
import sys

import viperhttp

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))


def route(pattern, *methods):
    """A route that answers with its pattern and parameters."""

    def show(**params):
        kinds = {}
        for name, value in params.items():
            kinds[name] = type(value).__name__
        return {"route": pattern, "params": params, "kinds": kinds}

    app.route(pattern, methods=methods or None)(show)


route("/")
route("/users/me")
route("/users/{name}")
route("/users/{name}/posts/{post:int}")
route("/int/{n:int}")
route("/float/{x:float}")
route("/bool/{on:bool}")
route("/files/{rest:path}")
route("/either/{n:int}")
route("/either/{name}")
route("/grün")
route("/with space")
route("/things", "GET", "POST")
route("/things/{id:int}", "PUT", "PATCH", "DELETE")
route("/opt", "OPTIONS")
route("/head-only", "HEAD")


@app.websocket("/ws")
async def ws_only(ws):
    await ws.accept()


@app.websocket("/both")
async def ws_and_page(ws):
    await ws.accept()
    await ws.send_text("socket")


@app.get("/both")
async def page():
    return "page"


app.run(int(sys.argv[1]), host="127.0.0.1")
