"""Stream: a signal as binary frames, two bytes a sample. The signal is how late this event loop wakes up."""

import asyncio
import sys
import time
from array import array

from viperhttp import ConnectionManager, ViperHTTP

PERIOD_US = 10000  # between two samples
SAMPLES = 20  # in a frame: five frames a second
HEAD = 2  # values before them: the number of the frame's first sample, low and high half
MOST = 65535  # what two bytes hold

app = ViperHTTP()
viewers = ConnectionManager()
microseconds = getattr(time, "ticks_us", None) or (lambda: time.monotonic_ns() // 1000)
# ticks_us wraps, and only ticks_diff knows where.
since = getattr(time, "ticks_diff", None) or (lambda now, before: now - before)


async def sample():
    """Wake up every PERIOD_US, note how late that was, send each full frame to everybody."""
    frame = array("H", [0] * (HEAD + SAMPLES))  # one for all the time: sampling itself takes no memory
    taken = at = 0
    last = microseconds()
    left = PERIOD_US  # until the next sample is due
    while True:
        # Rounded up: MicroPython's loop counts in milliseconds, and may be late but not early.
        await asyncio.sleep(max(0, left + 999) // 1000 / 1000)
        now = microseconds()
        left -= since(now, last)
        last = now
        frame[HEAD + at] = min(max(-left, 0), MOST)
        at += 1
        left = PERIOD_US if left < -MOST else left + PERIOD_US  # far behind: no catching up
        if at == SAMPLES:
            frame[0] = taken & MOST
            frame[1] = taken >> 16 & MOST
            taken = taken + SAMPLES & 0x3FFFFFFF
            at = 0
            await viewers.broadcast_bytes(bytes(frame))


@app.on_event("startup")
async def start():
    app.state.sampler = asyncio.create_task(sample())


@app.on_event("shutdown")
async def stop():
    app.state.sampler.cancel()


@app.websocket("/samples")
async def samples(ws):
    await ws.accept()
    await ws.send_json({"period": PERIOD_US, "samples": SAMPLES, "runtime": sys.implementation.name})
    await viewers.connect(ws)
    try:
        while (await ws.receive())["type"] != "close":
            pass  # viewers have nothing to say
    finally:
        viewers.disconnect(ws)


def page_folder():
    """The www folder beside this file, wherever that is: on a board there may be no __file__."""
    here = globals().get("__file__", "main.py").replace("\\", "/")
    return (here.rsplit("/", 1)[0] + "/" if "/" in here else "") + "www"


app.mount("/", page_folder(), html=True)

if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
