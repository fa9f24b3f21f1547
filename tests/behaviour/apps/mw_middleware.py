"""Middleware under test. Arguments: PORT, config as JSON, whose key "use" names the set of middleware."""

import json
import sys

import viperhttp
from viperhttp.middleware import (
    AccessLogMiddleware,
    BaseHTTPMiddleware,
    CORSMiddleware,
    RateLimitMiddleware,
    RequestIDMiddleware,
    SecurityHeadersMiddleware,
    TrustedHostMiddleware,
    WebSocketOriginMiddleware,
)

config = json.loads(sys.argv[2])
use = config.pop("use")
app = viperhttp.ViperHTTP(config=config)


class Stamp(BaseHTTPMiddleware):
    def __init__(self, text):
        super().__init__()
        self.text = text

    async def dispatch(self, request, call_next):
        if request.path == "/short":
            return "answered by the middleware"
        response = await call_next(request)
        response.headers["X-Stamp"] = self.text + str(response.status_code) + response.headers.get("x-stamp", "")
        return response


async def shout(request, call_next):
    response = await call_next(request)
    response.headers["X-Function"] = "yes"
    return response


def add(name, **options):
    if name == "base":
        app.add_middleware(Stamp, text="outer")
        app.add_middleware(Stamp("inner"))
        app.add_middleware(BaseHTTPMiddleware, dispatch=shout)
    elif name == "cors":
        app.add_middleware(CORSMiddleware, **options)
    elif name == "hosts":
        app.add_middleware(TrustedHostMiddleware, **options)
    elif name == "rate":
        app.add_middleware(RateLimitMiddleware, **options)
    elif name == "security":
        app.add_middleware(SecurityHeadersMiddleware, **options)
    elif name == "origin":
        app.add_middleware(WebSocketOriginMiddleware(**options))
    else:
        app.add_middleware(RequestIDMiddleware)
        app.add_middleware(AccessLogMiddleware)


for name, options in use.items():
    add(name, **options)


@app.get("/")
async def index():
    return viperhttp.Response("hello", headers={"X-Frame-Options": "SAMEORIGIN"})


@app.post("/")
async def post():
    return "posted"


@app.get("/fails")
async def fails():
    raise ValueError("on purpose")


@app.get("/id")
async def request_id():
    return viperhttp.current_request().state["request_id"]


@app.websocket("/ws")
async def ws(ws):
    await ws.accept()
    await ws.send_text("in")


app.run(int(sys.argv[1]))
