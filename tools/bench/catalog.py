"""What is measured beside what: each server's command, and how many messages give an exact figure."""

from __future__ import annotations

import dataclasses
import os
import sys

import toolbox
from measure import Load, Server

# Instructions the difference of two runs should hold: enough that one collection more or less does
# not show (a collection of a 2 MB heap is below 1 M instructions here), few enough to stay quick.
WORTH = 100_000_000
FEW, MOST = 20, 4000
OURS = "viperhttp"
SIZES = (16, 125, 1024, 16384)
QUICK_SIZES = (16, 1024)
EACH = "viperhttp, each()"
NO_VIPER = "viperhttp, no viper"
AS_IT_IS = "viperhttp, by mpy-cross -O2"  # not made small by tools/mpy

# Expected instructions per message, (fixed, per byte): only chooses the number of messages.
_EXPECTED = {
    "poll floor": (2_700, 0),
    "asyncio TCP": (50_000, 25),
    "Microdot": (150_000, 1_700),
    OURS: (30_000, 50),
    NO_VIPER: (50_000, 500),
    EACH: (30_000, 50),
}
_EXPECTED_CPYTHON = (150_000, 40)


class Bench:
    """The interpreters and settings of one run of the benchmark."""

    def __init__(self, interpreter: str | None = None, heap: str = "2M"):
        self.micropython = toolbox.micropython(interpreter)
        self.heap = heap

    def board(self, name: str, script: str, *args: str, path: str = "", ends: bool = True, heap: str = "") -> Server:
        """A server on MicroPython; path is searched before the frozen modules.

        It is imported under relative paths, not started as a file: an absolute path in the heap would move
        what comes after it, and the figures with it, from one checkout to the next.
        """
        start = ("-X", f"heapsize={heap or self.heap}", "-c", f"import {script[:-3]}", "{port}")
        places = (toolbox.PEERS, path, ".frozen")
        search = ":".join(_relative(p) for p in places if p)
        return Server(name, (self.micropython, *start, *args), (("MICROPYPATH", search),), ends)

    def host(self, name: str, script: str, *args: str, path: str = "", own: bool = False) -> Server:
        """A server on CPython: with the peers' packages, or (own) with nothing but the standard library."""
        python = sys.executable if own else toolbox.cpython_env()
        command = (python, "-B", str(toolbox.PEERS / script), "{port}", *args)
        return Server(name, command, (("PYTHONPATH", path),))

    def floor(self, *args: str, **more) -> Server:
        return self.board("poll floor", "floor_poll.py", *args, **more)

    def plain_asyncio(self, *args: str, **more) -> Server:
        return self.board("asyncio TCP", "floor_asyncio.py", *args, **more)

    def microdot(self, *args: str, **more) -> Server:
        return self.board("Microdot", "microdot_peer.py", *args, path=toolbox.microdot(), **more)

    def ours(self, what: str, *args: str, name: str = OURS, **more) -> Server:
        return self.board(name, f"viper_{what}.py", *(args or (what,)), path=str(toolbox.ROOT), **more)

    def ours_without_kernels(self, what: str, *args: str) -> Server:
        server = self.ours(what, *args, name=NO_VIPER)
        return Server(server.name, server.command, server.environment + (("VIPERHTTP_KERNELS", "pure"),))

    def ours_on_cpython(self, what: str, *args: str, name: str = OURS) -> Server:
        """With nothing but the standard library, whatever else is installed."""
        server = self.host(name, f"viper_{what}.py", *(args or (what,)), path=str(toolbox.ROOT), own=True)
        return dataclasses.replace(server, environment=server.environment + (("VIPERHTTP_KERNELS", "cpython"),))

    def ours_with_masker(self, what: str, *args: str) -> Server:
        """Beside websockets, whose C function then unmasks."""
        return self.host("viperhttp, C masker", f"viper_{what}.py", *(args or (what,)), path=str(toolbox.ROOT))

    def cpython_servers(self) -> list[Server]:
        return [*self.cpython_peers(), self.ours_with_masker("echo"), self.ours_on_cpython("echo")]

    def cpython_peers(self) -> list[Server]:
        kinds = ("asyncio", "picows", "aiohttp", "websockets", "uvicorn-websockets", "uvicorn-wsproto")
        peers = [self.host(kind if kind != "asyncio" else "asyncio TCP", "cpython_peers.py", kind) for kind in kinds]
        return peers + [self.host("Microdot", "microdot_peer.py", "echo", path=toolbox.microdot())]


def _relative(place: str | os.PathLike[str]) -> str:
    """A place as it is named from the project's folder, in which servers run."""
    return os.path.relpath(place, toolbox.ROOT) if os.path.isabs(place) else str(place)


def wire_of(server: Server) -> str:
    return "raw" if server.name in ("poll floor", "asyncio TCP") else "ws"


def counts(server: Server, load: Load, cpython: bool = False) -> tuple[int, int]:
    """(few, many) messages whose difference is worth measuring for this server."""
    fixed, per_byte = _EXPECTED_CPYTHON if cpython else _EXPECTED[server.name]
    each = (fixed + per_byte * load.size) * (load.connections if load.mode == "fan" else 1)
    apart = min(MOST, max(12, WORTH // each))
    few = min(FEW, apart)
    return few, few + apart
