"""What the tests of viper.js talk to: rooms that do what a request to this server says. Argument: PORT."""

import asyncio
import json
import sys

from viperhttp import ConnectionManager, ViperHTTP, current_request
from viperhttp.sensors import Feed, Schema

PAGE = """<!doctype html><title>viper.js</title><link rel=icon href=data:,><script type=module>
import { connect } from "/viper.js";
const query = new URLSearchParams(location.search);
const seen = window.seen = { states: [], messages: [], resets: [], frames: [], buffers: [], errors: [], schemas: [] };
window.link = connect(query.get("path") || "/live", {
  rooms: query.get("rooms")?.split(","),
  stale: +query.get("stale") || undefined,
  state: (state) => seen.states.push(state),
  message: (data, info) => seen.messages.push([data, info, link.age(info.t)]),
  reset: ({ values }, info) => seen.resets.push([values, info]),
  schema: (schema) => seen.schemas.push(schema),
  samples: (frame) => seen.frames.push({ ...frame, data: [...frame.data], kind: frame.data.constructor.name,
    values: [...frame.channel(frame.schema.channels.length - 1)] }),
  binary: (buffer) => seen.buffers.push([...new Uint8Array(buffer)]),
  error: ({ detail }, info) => seen.errors.push([detail, info.room]),
});
</script>"""

app = ViperHTTP(config={"max_clients": 16})
manager = ConnectionManager()
values = manager.room("values", policy="latest", history=64)
open_room = manager.room("open", policy="drop_oldest", history=64)
raw = manager.room("raw", policy="drop_oldest")
fast = manager.room("fast", policy="latest")


async def said(member, room, data):
    """What a page sends comes back to all of the room, with a name of its own."""
    manager.room(room or "values").publish({"said": data}, event="said")


live = app.stream("/live", room=[values], on_message=said, authorize=lambda member, room, action: True, heartbeat=1)
ending = app.stream("/ending", room=[values], heartbeat=1)
app.stream("/closed", room=[values], authorize=lambda member, room, action: False, heartbeat=1)
feeds = {}


@app.get("/")
async def page():
    return PAGE, 200, {"Content-Type": "text/html"}


@app.post("/publish/{room}/{key}")
async def publish(room, key):
    data = json.loads(await current_request().text())
    return {"reached": manager.room(room).publish(data, key=key)}


@app.post("/bytes")
async def binary():
    return {"reached": raw.publish(await current_request().body())}


@app.post("/samples/{first:int}/{rows:int}")
async def samples(first, rows):
    if not feeds:
        channels = ["number", {"name": "half", "unit": "V", "scale": 0.5, "offset": 1}]
        feeds["raw"] = Feed(raw, Schema(channels, "Int16", 100, 3), rows=50)
    feed = feeds["raw"]
    feed.skip(first - feed.sent)
    for number in range(first, first + rows):
        feed.put(number)
        feed.put(-number)
    feed.flush()
    return {"sent": feed.sent}


@app.post("/fast/{each_ms:int}/{size:int}")
async def start_fast(each_ms, size):
    async def run():
        number = 0
        padding = "x" * size
        while True:
            number += 1
            fast.publish({"n": number, "padding": padding}, key="n")
            await asyncio.sleep(each_ms / 1000)

    app.state.fast = asyncio.create_task(run())


@app.post("/end")
async def end():
    await ending.stop()


@app.get("/stats")
async def stats():
    return manager.stats(True)


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), host="127.0.0.1")
