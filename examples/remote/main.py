"""Remote: switches pins from a phone; every open page shows what the pins really are."""

import json
import sys

import outputs

from viperhttp import ConnectionManager, HTTPException, ViperHTTP, current_request

app = ViperHTTP(config={"max_message": 256})
pages = ConnectionManager()
switches, why_none = outputs.find()


def state():
    """All outputs, read from the hardware: what was written before counts for nothing."""
    return {
        "machine": sys.platform,
        "none": why_none,
        "outputs": [{"label": one.label, "on": one.read()} for one in switches],
    }


async def switch(number, on):
    """Switch an output and tell every page. ValueError when there is no such output, or `on` is no bool."""
    if type(number) is not int or type(on) is not bool or not 0 <= number < len(switches):
        raise ValueError("no output %r, or not true or false: %r" % (number, on))
    switches[number].write(on)
    await pages.broadcast_json(state())


@app.get("/outputs")
async def show():
    return state()


@app.put("/outputs/{number:int}")
async def put(number):
    try:
        await switch(number, await current_request().json())
    except ValueError as error:
        raise HTTPException(404 if not 0 <= number < len(switches) else 400, str(error))
    return state()


@app.websocket("/remote")
async def remote(ws):
    await pages.connect(ws)
    await ws.send_json(state())
    try:
        while True:
            message = await ws.receive()
            if message["type"] == "close":
                break
            try:
                number, on = json.loads(message.get("text", ""))
                await switch(number, on)
            except (ValueError, TypeError):
                await ws.send_json(state())  # what it should have known
    finally:
        pages.disconnect(ws)


def page_folder():
    """The www folder beside this file, wherever that is: on a board there may be no __file__."""
    here = globals().get("__file__", "main.py").replace("\\", "/")
    return (here.rsplit("/", 1)[0] + "/" if "/" in here else "") + "www"


app.mount("/", page_folder(), html=True)

if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
