"""Dashboard: live charts of this machine's own readings, in a page that it serves itself."""

import asyncio
import binascii
import json
import os
import sys
import time

import readings
from history import MILLISECONDS, History

from viperhttp import ConnectionManager, ViperHTTP

INTERVAL_MS = 250
HISTORY_ROWS = 240  # one minute
ROWS_PER_MESSAGE = 20  # history goes out in small messages: a board has no room for one large one
ADC_PIN = None  # an analogue pin of your board; None takes its usual first one

app = ViperHTTP()
viewers = ConnectionManager()


class Clock:
    """Milliseconds since the start, from the runtime's monotonic clock."""

    def __init__(self):
        self._last = self._now()
        self.elapsed = 0

    def _now(self):
        return time.ticks_ms() if hasattr(time, "ticks_ms") else int(time.monotonic() * 1000)

    def read(self):
        now = self._now()
        # ticks_ms wraps, and only ticks_diff knows where.
        self.elapsed += time.ticks_diff(now, self._last) if hasattr(time, "ticks_diff") else now - self._last
        self._last = now
        return self.elapsed


class Lateness:
    """How late the sampler was woken: the time that other work kept the one event loop busy."""

    value = 0

    def read(self):
        return self.value


class Station:
    """Takes the samples, keeps the recent ones and tells every viewer."""

    def __init__(self):
        self.clock = Clock()
        self.lateness = Lateness()
        self.readings = readings.find(ADC_PIN)
        late = readings.Reading("late", "Wake-up delay", "ms", self.lateness.read, low=0, digits=0)
        late.group = "Event loop delay"
        self.readings.all.append(late)
        series = self.readings.describe()
        self.formats = ["%%.%df" % one["digits"] for one in series]
        self.history = History(len(series), HISTORY_ROWS)
        name, runtime = readings.describe_machine()
        self.description = {
            "type": "hello",
            "name": name,
            "runtime": runtime,
            "start": binascii.hexlify(os.urandom(4)).decode(),  # another one after every restart
            "interval": INTERVAL_MS,
            "series": series,
        }

    def line(self, number):
        """One sample as JSON: [milliseconds since the start, value, value, ...]."""
        at, values = self.history.sample(number)
        parts = [str(at)]
        for form, value in zip(self.formats, values):
            parts.append("null" if value is None else form % value)
        return "[" + ",".join(parts) + "]"

    async def run(self):
        due = self.clock.read()
        while True:
            due += INTERVAL_MS
            await asyncio.sleep(max(0, due - self.clock.read()) / 1000)
            now = self.clock.read()
            self.lateness.value = max(0, now - due)
            if self.lateness.value > INTERVAL_MS:
                due = now  # far behind: go on from here instead of catching up in a rush
            self.history.add(now, self.readings.take())
            await viewers.broadcast_text(self.line(self.history.added - 1))

    async def welcome(self, ws):
        """What a new viewer gets first: the description, then the recent samples."""
        self.description["time"] = self.clock.read() & MILLISECONDS  # what the samples' times count up to
        await ws.send_text(json.dumps(self.description))
        number = self.history.first()
        while number < self.history.added:  # more may be taken while these are on their way
            number = max(number, self.history.first())
            end = min(self.history.added, number + ROWS_PER_MESSAGE)
            rows = ",".join([self.line(one) for one in range(number, end)])
            await ws.send_text('{"type":"history","rows":[' + rows + "]}")
            number = end


station = Station()


@app.on_event("startup")
async def start():
    station.task = asyncio.create_task(station.run())


@app.on_event("shutdown")
async def stop():
    station.task.cancel()


@app.websocket("/live")
async def live(ws):
    await ws.accept()
    await station.welcome(ws)
    await viewers.connect(ws)
    try:
        while (await ws.receive())["type"] != "close":
            pass  # viewers have nothing to say
    finally:
        viewers.disconnect(ws)


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
