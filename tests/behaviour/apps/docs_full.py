"""Every kind of route that the documents of the API describe. Arguments: PORT, config as JSON with options of it."""

import asyncio
import json
import sys

import viperhttp

config = json.loads(sys.argv[2])
OPTIONS = ("docs", "openapi_url", "docs_url", "include_websocket_docs")
options = {name: config.pop(name) for name in OPTIONS if name in config}
app = viperhttp.ViperHTTP(
    title='Greenhouse "North"',
    version="2.1.0",
    description="Climate and watering of one greenhouse.",
    servers=["http://greenhouse.local"],
    config=config,
    **options,
)
LEVEL = {"type": "object", "required": ["percent"], "properties": {"percent": {"type": "integer"}}}


def operator():
    return "ada"


@app.get("/api/state", tags=["climate"], summary="All readings of now")
async def state():
    return {"temperature": 21.4, "humidity": 58, "valves": {"1": False, "2": True}}


@app.get("/api/history/{sensor}", tags=["climate"], query={"hours": viperhttp.Query(24, int), "raw": bool})
async def history(sensor, hours, raw):
    """Earlier readings

    One value for each hour.
    """
    return {"sensor": sensor, "hours": hours, "raw": raw}


@app.put(
    "/api/valve/{number:int}",
    tags=["water"],
    summary="Open or close a valve",
    description="Takes effect within a second.",
    request_body=LEVEL,
    responses={200: "The valve moves", 404: {"description": "No such valve"}},
    deps={"user": viperhttp.Depends(operator)},
)
async def valve(number, user):
    return {"valve": number, "by": user, "asked": await viperhttp.current_request().json()}


@app.get("/api/valve/{number}", tags=["water"], summary="A valve by its name")
async def named_valve(number):
    return number


@app.route("/api/alarm", methods=["POST", "DELETE"], operation_id="alarm", deprecated=True)
async def alarm():
    return None


@app.post("/api/firmware", tags=["system"], request_body="application/octet-stream")
async def firmware():
    return str(len(await viperhttp.current_request().body()))


@app.get("/log/{name:path}", tags=["system"])
async def log(name):
    return "log of " + name


@app.get("/secret", include_in_schema=False)
async def secret():
    return "hidden"


@app.get("/modules", include_in_schema=False)
async def modules():
    return sorted(name for name in sys.modules if "autodocs" in name)


@app.get("/events", tags=["climate"], summary="Readings as they are taken", responses={200: "text/event-stream"})
async def events():
    async def readings():
        yield {"comment": "hello"}
        for i in range(3):
            yield {"event": "reading", "id": i, "data": {"temperature": 21 + i}}
            await asyncio.sleep(0.05)
        yield {"data": "two\nlines"}
        while True:
            await asyncio.sleep(1)
            yield {"data": "still here"}

    return viperhttp.StreamingResponse(readings(), media_type="text/event-stream")


@app.websocket("/ws/echo", tags=["live"], summary="Sends back what it gets")
async def echo(ws):
    await ws.accept()
    while True:
        message = await ws.receive()
        if message["type"] == "close":
            print("closed", message["code"], message.get("reason", ""))
            break
        if message["type"] == "bytes":
            await ws.send_bytes(message["bytes"])
        elif message["text"] == "leave":
            await ws.close(4002, "as you wish")
        elif message["text"] == "flood":
            for i in range(1200):
                await ws.send_text("message %d" % i)
        else:
            await ws.send_text(message["text"])


@app.websocket("/ws/{room}/mqtt", tags=["live"], protocols=["mqtt", "mqttv5"], query={"since": viperhttp.Query(0, int)})
async def bridge(ws, room, since):
    """Bridge to the broker"""
    await ws.accept()
    await ws.send_json({"room": room, "since": since, "protocol": ws.subprotocol})
    await ws.receive()


@app.websocket_route("/ws/numbers", value_type="json", operation_id="numbers/all")
async def numbers(ws):
    async for number in ws:
        await ws.send(number)


@app.websocket("/ws/private")
async def private(ws):
    await ws.reject(403)


@app.websocket("/ws/hidden", include_in_schema=False)
async def hidden(ws):
    await ws.accept()


app.run(int(sys.argv[1]))
