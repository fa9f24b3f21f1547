"""Chat: rooms in a browser page, with ConnectionManager doing the rooms."""

import sys

from viperhttp import ConnectionManager, ViperHTTP, WebSocketException

MAX_NAME = 24
MAX_TEXT = 500
MAX_MESSAGE = 4096  # bytes: the text, its JSON and room for escapes
POLICY_VIOLATION = 1008  # RFC 6455 section 7.4.1

app = ViperHTTP(config={"max_clients": 8, "max_message": MAX_MESSAGE})
people = ConnectionManager()


def tidy(text, length):
    """One line of at most `length` characters."""
    return " ".join(str(text).split())[:length]


async def tell(room, kind, name, text=""):
    """Send one message to everybody in the room, the sender included."""
    present = people.stats()["rooms"].get(room, 0)
    await people.broadcast_json({"type": kind, "name": name, "text": text, "people": present}, room=room)


@app.websocket("/rooms/{room}")
async def chat(ws, room):
    if len(room) > MAX_NAME:
        raise WebSocketException(POLICY_VIOLATION, "room name too long")
    name = tidy(ws.query_params.get("name", ""), MAX_NAME) or "somebody"
    await people.connect(ws, room=room)
    try:
        await tell(room, "join", name)
        while True:
            message = await ws.receive()
            if message["type"] == "close":
                break
            text = message.get("text", "")[:MAX_TEXT].strip()
            if text:
                await tell(room, "message", name, text)
    finally:
        people.disconnect(ws)
        await tell(room, "leave", name)


def page_folder():
    """The www folder beside this file, wherever that is: on a board there may be no __file__."""
    here = globals().get("__file__", "main.py").replace("\\", "/")
    return (here.rsplit("/", 1)[0] + "/" if "/" in here else "") + "www"


app.mount("/", page_folder(), html=True)

if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
