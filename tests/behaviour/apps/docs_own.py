"""An application with a /docs of its own, and a middleware before everything. Arguments: PORT, config as JSON."""

import json
import sys

import viperhttp

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))


@app.get("/docs", include_in_schema=False)
async def own():
    return "my own page"


@app.middleware("http")
async def only_with_key(request, call_next):
    if request.header("x-key") != "secret":
        return "no key", 401
    return await call_next(request)


app.run(int(sys.argv[1]))
