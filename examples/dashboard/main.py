"""Dashboard: live charts of this machine's own readings, in a page that it serves itself."""

import asyncio
import gc
import os
import sys

if hasattr(gc, "threshold"):
    gc.threshold(8192)  # MicroPython: collected often, what compiling leaves does not break the heap into pieces

import readings
from history import MILLISECONDS, History

from viperhttp import ConnectionManager, StreamingResponse, ViperHTTP, current_request

INTERVAL_MS = 250
HISTORY_ROWS = 240  # one minute
MISSED_ROWS = 16  # kept for pages that come back after a short loss
ROWS_PER_PIECE = 10  # history goes out in small pieces: a board has no room for one large one
ADC_PIN = None  # an analogue pin of your board; None takes its usual first one

app = ViperHTTP()
# A page that is slower than the readings gets the newest ones less often.
room = ConnectionManager().room("readings", policy="latest", history=MISSED_ROWS, keys=2)
app.stream("/live", room=room, heartbeat=5)
clock = room.manager.clock  # milliseconds since the start; pages learn what time that is on theirs


class Lateness:
    """How late the sampler was woken: the time that other work kept the one event loop busy."""

    value = 0

    def read(self):
        return self.value


class Station:
    """Takes the samples, keeps the recent ones and tells every viewer."""

    def __init__(self):
        self.lateness = Lateness()
        self.readings = readings.find(ADC_PIN)
        late = readings.Reading("late", "Wake-up delay", "ms", self.lateness.read, low=0, digits=0)
        late.group = "Event loop delay"
        self.readings.all.append(late)
        series = self.readings.describe()
        self.digits = [one["digits"] for one in series]
        self.history = History(len(series), HISTORY_ROWS)
        name, runtime = readings.describe_machine()
        # The room keeps both for pages that come later: what the readings are, and the newest.
        about = {"name": name, "runtime": runtime, "interval": INTERVAL_MS, "series": series}
        room.publish(about, key="about")

    def row(self, number):
        """One sample: [milliseconds since the start, value, value, ...]."""
        at, values = self.history.sample(number)
        row = [at]
        for digits, value in zip(self.digits, values):
            # Not round(value, 0), which is a float.
            row.append(None if value is None else round(value, digits) if digits else round(value))
        return row

    async def run(self):
        due = clock()
        while True:
            due += INTERVAL_MS
            await asyncio.sleep(max(0, due - clock()) / 1000)
            now = clock()
            self.lateness.value = max(0, now - due)
            if self.lateness.value > INTERVAL_MS:
                due = now  # far behind: go on from here instead of catching up in a rush
            self.history.add(now, self.readings.take())
            room.publish(self.row(self.history.added - 1), key="row")

    def pieces(self, since):
        """The samples taken after `since` (None: all that are held) as JSON text, piece by piece."""
        number = self.history.first()
        last = self.history.added
        separator = "["
        while number < last:
            number = max(number, self.history.first())  # more are taken while these are on their way
            end = min(last, number + ROWS_PER_PIECE)
            rows = [self.row(one) for one in range(number, end)]
            rows = [app.json.dumps(row) for row in rows if since is None or is_after(row[0], since)]
            if rows:
                yield separator + ",".join(rows)
                separator = ","
            number = end
        yield "[]" if separator == "[" else "]"


def is_after(time, since):
    """Whether one of two times modulo 2**32 is the later."""
    return 0 < (time - since) & MILLISECONDS < 0x80000000


station = Station()


@app.on_event("startup")
async def start():
    station.task = asyncio.create_task(station.run())


@app.on_event("shutdown")
async def stop():
    station.task.cancel()


@app.get("/history")
async def history():
    since = current_request().query_params.get("since", "")
    pieces = station.pieces(int(since) if since.isdigit() else None)
    return StreamingResponse(pieces, media_type="application/json")


def page_folder():
    """The built page beside this file; its sources where nothing has been built (then without uPlot)."""
    here = globals().get("__file__", "main.py").replace("\\", "/")
    base = here.rsplit("/", 1)[0] + "/" if "/" in here else ""
    for folder in (base + "www", base + "page"):
        try:
            os.stat(folder)
            return folder
        except OSError:
            pass
    raise SystemExit("dashboard: no www folder beside main.py: copy examples/dashboard/www to the board")


app.mount("/", page_folder(), html=True)


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
