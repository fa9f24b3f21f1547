"""Health of a running server: loop lag, memory, connections, reset cause, last errors; and the watchdog it feeds."""

import asyncio
import gc
import sys

from ..app.asking import current_request
from ..config import MICROPYTHON
from ..endpoints.responses import Response
from ..exceptions import HTTPException
from ..transport import ticks, ticks_add, ticks_diff
from .errors import keeper
from .lag import Lag

_TICK = 1  # seconds between two looks
_LARGEST_EVERY = 10000  # ms: looking for the largest free block tries allocations
_SMALLEST_BLOCK = 1024  # bytes; precision of that
_CAUSES = (
    ("PWRON_RESET", "power on"),
    ("HARD_RESET", "reset"),
    ("WDT_RESET", "watchdog"),
    ("DEEPSLEEP_RESET", "deep sleep"),
    ("SOFT_RESET", "soft reset"),
)


class Health:
    """What is to be known about a running application.

    app       the ViperHTTP
    wifi      a Wifi, or None
    slots     a Slots, or None
    auth      who may see it all (see viperhttp.auth); others are told {"status": ...} only. None: everybody
    watchdog  seconds without a beat of the loop after which the board is reset; None: no watchdog. It cannot be
              stopped once it runs: Ctrl-C is followed by a reset. rp2 has at most 8
    lag       ms that a step of a task may take before it is noted; default 200
    """

    def __init__(self, app, wifi=None, slots=None, auth=None, watchdog=None, lag: int = 200, errors=None):
        self.app = app
        self.wifi = wifi
        self.slots = slots
        self.auth = auth
        self.lag = Lag(lag)
        self.errors = errors or keeper()
        self.cause = reset_cause()
        self.watchdog = watchdog
        self.wdt = None
        self.uptime = 0  # seconds
        self._since = ticks()
        self._largest: "tuple | None" = None  # (tick, bytes)
        self._tasks: list = []
        self._swept = None
        app.on_event("startup")(self._startup)
        app.on_event("shutdown")(self._shutdown)

    def mount(self, path: str = "/health") -> None:
        """Serve `path`: JSON, and to browsers a page that shows it."""
        self.app.route(path)(self._answer)

    # ---- life ------------------------------------------------------------

    def _startup(self) -> None:
        server = self.app.server
        server.handle = self.lag.timed(server.handle)
        if self.watchdog:
            import machine

            self.wdt = machine.WDT(timeout=int(self.watchdog * 1000))
        self._tasks = [asyncio.create_task(self.lag.run()), asyncio.create_task(self._run())]

    def _shutdown(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        self.errors.flush()

    async def _run(self) -> None:
        beats = -1
        while True:
            now = ticks()
            whole = ticks_diff(now, self._since) // 1000
            self.uptime += whole
            self._since = ticks_add(self._since, whole * 1000)
            # Fed only while the loop turns and the server looks at its deadlines: a loop that runs, with a server
            # that does not, is no life.
            if self.wdt is not None and self.lag.beats != beats and self._serves():
                self.wdt.feed()
            beats = self.lag.beats
            self.errors.tick()
            await asyncio.sleep(_TICK)

    def _serves(self) -> bool:
        server = self.app.server
        if server is None:
            return False
        swept = server.swept
        alive = swept != self._swept
        self._swept = swept
        return alive

    # ---- what is known ---------------------------------------------------

    def report(self) -> dict:
        """All of it, as JSON values."""
        server = self.app.server
        found = {
            "status": self.status(),
            "uptime": self.uptime,
            "system": _system(),
            "reset_cause": self.cause,
            "heap": self.heap(),
            "server": {
                "connections": server.count,
                "max_clients": server.config.max_clients,
                "handlers_lingering": len(server.lingering),
                "accepted": server.accepted,
                "refused": server.refused,
            }
            if server is not None
            else None,
            "loop": {"lag_ms": self.lag.last, "worst_ms": self.lag.worst, "blocked": self.lag.blocked},
            "errors": self.errors.entries,
            "boot": self.errors.boot,
        }
        if self.wifi is not None:
            found["wifi"] = self.wifi.status()
        if self.slots is not None:
            found["app"] = self.slots.status()
        return found

    def status(self) -> str:
        """"ok", or what is wrong."""
        server = self.app.server
        if server is not None and server.count >= server.config.max_clients:
            return "full"
        if server is not None and server.is_short_of_memory():
            return "short of memory"
        return "ok"

    def heap(self) -> dict:
        """Free and used bytes, and the largest block that can be had."""
        if not MICROPYTHON:
            import resource

            return {"used": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}  # CPython
        gc.collect()
        found = {"free": gc.mem_free(), "used": gc.mem_alloc(), "largest": self._largest_block()}
        if sys.platform == "esp32":
            import esp32

            # Wi-Fi and TLS live there: (total, free, largest free block, lowest free so far) of each region.
            found["idf"] = [list(region) for region in esp32.idf_heap_info(esp32.HEAP_DATA)]
        return found

    def _largest_block(self) -> int:
        now = ticks()
        if self._largest is None or ticks_diff(now, self._largest[0]) >= _LARGEST_EVERY:
            self._largest = (now, largest_block())
        return self._largest[1]

    # ---- HTTP ------------------------------------------------------------

    def _answer(self):
        request = current_request()
        headers = [("Cache-Control", "no-store")]
        wants_page = "text/html" in (request.header("accept") or "")
        if self.auth is not None:
            try:
                self.auth.check(request)
            except HTTPException:
                if wants_page or request.header("authorization") is not None:
                    raise  # a browser asks for the password
                return Response(self.app.json.dumps({"status": self.status()}), 200, headers, "application/json")
        if wants_page:
            from ..endpoints.packed import packed, page_headers
            from . import health_data

            return packed(request, health_data, page_headers(health_data))
        return Response(self.app.json.dumps(self.report()), 200, headers, "application/json")


def reset_cause() -> str:
    """Why the board has started, as far as it knows."""
    try:
        import machine

        cause = machine.reset_cause()
    except (ImportError, AttributeError):
        return "unknown"
    for name, text in _CAUSES:
        if getattr(machine, name, None) == cause:
            return text
    return "unknown (%r)" % cause


def largest_block() -> int:
    """The largest block that can be allocated now, found by trying; to 1 KiB."""
    low = 0
    high = gc.mem_free() // _SMALLEST_BLOCK + 1  # MicroPython
    while high - low > 1:
        middle = (low + high) // 2
        try:
            bytearray(middle * _SMALLEST_BLOCK)
            low = middle
        except MemoryError:
            high = middle
    gc.collect()
    return low * _SMALLEST_BLOCK


def _system() -> str:
    import os

    if hasattr(os, "uname"):
        name = os.uname()
        return "%s, %s %s" % (name[4], sys.implementation.name, name[2] if MICROPYTHON else sys.version.split()[0])
    return sys.platform
