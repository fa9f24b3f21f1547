"""Scope: thousands of samples a second to every open page, as binary frames with a schema sent once."""

import asyncio
import gc
import sys
import time

if hasattr(gc, "threshold"):
    gc.threshold(8192)  # MicroPython: collected often, what compiling leaves does not break the heap into pieces

from viperhttp import ConnectionManager, ViperHTTP
from viperhttp.sensors import Feed, Schema

RATE = 5000  # rows per second
PERIOD_US = 1000000 // RATE
ROWS = 125  # in a frame: forty frames a second
TURN_MS = 10  # the loop wakes up so often, and takes the samples that are due
BEHIND_US = 1000000  # further behind, it goes on from now; the pages are told what is missing
ADC_PIN = None  # an analogue pin of your board; None takes its usual first one
ADC_PINS = (26, 34, 1)  # of the Pico boards, the ESP32, the newer ESP32 chips
MOST = 65535  # what two bytes hold
STEPS = range(20)  # a few microseconds on a computer

app = ViperHTTP()
# What a slow page has no room for it misses, and is told: frames are numbered.
room = ConnectionManager().room("scope", policy="drop_oldest", queue=32, queue_bytes=8192)
app.stream("/live", room=room, heartbeat=5)

microseconds = getattr(time, "ticks_us", None) or (lambda: time.monotonic_ns() // 1000)
# ticks_us wraps, and only ticks_diff knows where.
since = getattr(time, "ticks_diff", None) or (lambda now, before: now - before)
nanoseconds = getattr(time, "perf_counter_ns", None) or getattr(time, "time_ns", None)


def step():
    """How long this machine takes for the same few instructions, in nanoseconds."""
    began = nanoseconds()
    for _ in STEPS:
        pass
    return min(max(nanoseconds() - began, 0), MOST)


def find_input():
    """(channel, function that reads it): an analogue pin, or a signal that every computer has."""
    try:
        from machine import ADC, Pin
    except ImportError:
        return {"name": "Time for a few instructions", "unit": "µs", "scale": 0.001}, step
    for pin in (ADC_PIN,) if ADC_PIN is not None else ADC_PINS:
        try:
            read = ADC(Pin(pin)).read_u16
        except (ValueError, OSError, TypeError):
            continue
        return {"name": "ADC pin %d" % pin, "unit": "V", "scale": 3.3 / MOST}, read
    return {"name": "Time for a few instructions", "unit": "µs", "scale": 0.001}, step


async def sample():
    """Every TURN_MS, take the samples that are due by then, and note for each how late that was."""
    channel, read = find_input()
    late = {"name": "Taken too late by", "unit": "ms", "scale": 0.001}
    feed = Feed(room, Schema([channel, late], "Uint16", RATE, name=sys.platform), ROWS)
    put = feed.put
    due = 0  # microseconds since the next sample was due
    last = microseconds()
    while True:
        await asyncio.sleep(TURN_MS / 1000)
        now = microseconds()
        due += since(now, last)
        last = now
        if due > BEHIND_US:
            feed.skip(due // PERIOD_US)
            due %= PERIOD_US
        while due >= PERIOD_US:
            put(read())
            put(min(due + since(microseconds(), now), MOST))
            due -= PERIOD_US


@app.on_event("startup")
async def start():
    app.state.sampler = asyncio.create_task(sample())


@app.on_event("shutdown")
async def stop():
    app.state.sampler.cancel()


def page_folder():
    """The www folder beside this file, wherever that is: on a board there may be no __file__."""
    here = globals().get("__file__", "main.py").replace("\\", "/")
    return (here.rsplit("/", 1)[0] + "/" if "/" in here else "") + "www"


app.mount("/", page_folder(), html=True)

if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
