"""Uploads on a heap that something else fills. Arguments: PORT, config as JSON."""

import gc
import json
import sys

import viperhttp

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))
held = None


@app.get("/hold/{left:int}")
async def hold(left):
    """Take memory until no more than `left` bytes are free."""
    global held
    gc.collect()
    while gc.mem_free() > left:
        held = (bytearray(100), held)
    return "held"


@app.post("/upload", stream_body=True)
async def upload():
    sizes = {}
    async for part in viperhttp.current_request().parts():
        sizes[part.name] = 0
        async for piece in part:
            sizes[part.name] += len(piece)
    return sizes


app.run(port=int(sys.argv[1]))
