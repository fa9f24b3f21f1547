"""SSE: notes that one page posts reach all others as server-sent events; who was away gets what was missed."""

import asyncio
import binascii
import os
import sys

from viperhttp import HTTPException, StreamingResponse, ViperHTTP, current_request

KEEP = 20  # notes
MAX_NOTE = 200  # characters
RETRY = 2000  # ms after which a browser connects again
QUIET = 15  # seconds of silence after which a comment tells proxies and the server that the line is alive

app = ViperHTTP()


class Board:
    """The last notes, numbered from 1, and what wakes those who wait for the next."""

    def __init__(self):
        # After a restart numbers begin anew: their ids differ, so that nobody takes them for the old ones.
        self.start = binascii.hexlify(os.urandom(3)).decode()
        self.notes = []
        self.last = 0
        self.fresh = asyncio.Event()

    def add(self, text):
        self.last += 1
        self.notes = self.notes[1 - KEEP :] + [text]
        self.fresh.set()
        self.fresh = asyncio.Event()  # those who waited are awake; the next wait for the next

    def event(self, number):
        return {"event": "note", "id": "%s-%d" % (self.start, number), "data": {"text": self.text(number)}}

    def text(self, number):
        return self.notes[number - self.last - 1]

    def first(self):
        return self.last - len(self.notes) + 1

    def next_after(self, known):
        """The number of the first note that a client with this Last-Event-ID has not seen."""
        start, _, number = known.partition("-")
        if start != self.start or not number.isdigit():
            return self.first()
        return max(self.first(), int(number) + 1)


board = Board()


async def events(number):
    """Every note from `number` on, for ever: the server ends it when the client has gone."""
    yield {"retry": RETRY}
    while True:
        while number <= board.last:
            number = max(number, board.first())  # a slow reader misses what is no longer kept
            yield board.event(number)
            number += 1
        try:
            await asyncio.wait_for(board.fresh.wait(), QUIET)
        except asyncio.TimeoutError:
            yield {"comment": "still here"}


@app.get("/events")
async def feed():
    known = current_request().header("last-event-id", "")
    return StreamingResponse(events(board.next_after(known)), media_type="text/event-stream")


@app.post("/notes")
async def post():
    text = (await current_request().text()).strip()
    if not 0 < len(text) <= MAX_NOTE:
        raise HTTPException(400, "a note has 1 to %d characters" % MAX_NOTE)
    board.add(text)


def page_folder():
    """The www folder beside this file, wherever that is: on a board there may be no __file__."""
    here = globals().get("__file__", "main.py").replace("\\", "/")
    return (here.rsplit("/", 1)[0] + "/" if "/" in here else "") + "www"


app.mount("/", page_folder(), html=True)

if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
