"""Forms and uploads: parts(), form(), save(). Arguments: PORT, config as JSON; "folder" in the config is for files."""

import gc
import json
import sys

import viperhttp

settings = json.loads(sys.argv[2])
folder = settings.pop("folder")
guarded = settings.pop("guarded", False)
app = viperhttp.ViperHTTP(config=settings)

if guarded:

    @app.middleware("http")
    async def pass_on(request, call_next):
        return await call_next(request)


def used():
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


@app.post("/form")
async def form():
    request = viperhttp.current_request()
    fields = await request.form()
    again = await request.form()
    return {"fields": [[key, str(value)] for key, value in fields.items()], "files": fields.files,
            "same": again is fields}


@app.post("/upload", stream_body=True)
async def upload():
    saved = []
    async for part in viperhttp.current_request().parts():
        if part.filename:
            size = await part.save(folder + "/" + part.filename, limit=500000)
            saved.append([part.name, part.filename, part.content_type, size])
        else:
            saved.append([part.name, await part.text()])
    return saved


@app.post("/sizes", stream_body=True)
async def sizes():
    # Pieces, of one part only a beginning, and the most memory that was in use meanwhile.
    result = []
    before = most = used()
    async for part in viperhttp.current_request().parts():
        total = 0
        async for piece in part:
            total += len(piece)
            most = max(most, used()) if total % 40960 < 1024 else most
            if part.name == "first":
                break
        result.append([part.name, total])
    return {"parts": result, "grown": most - before}


@app.put("/raw", stream_body=100000)
async def raw():
    return {"size": await viperhttp.current_request().save(folder + "/raw.bin", limit=90000)}


@app.post("/small", stream_body=False)
async def small():
    return {"n": len(await viperhttp.current_request().body())}


app.run(int(sys.argv[1]), host="127.0.0.1")
