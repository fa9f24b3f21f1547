"""The tables of the benchmark: each function measures one question and returns its rows.

A row is {"group", "server", "case", figures}: "ir" instructions, "cpu_us" and "wall_us" microseconds, per
message, request or recipient; "bytes" for memory. A server that fails gets a row with "error".
"""

from __future__ import annotations

import dataclasses
import re
import statistics
from collections.abc import Callable, Iterator

import catalog
import connections32
import measure
import modules
import toolbox
from catalog import OURS, Bench, counts, wire_of
from measure import Load, Server, ServerFailed

IDLE = 100
WINDOW = 16
FAN = (10, 110)  # recipients; the difference is the price of one more
# Apart by enough that a collection more or less (a million instructions) is a few instructions of one recipient's.
FAN_MESSAGES = ((20, 620), (20, 70))  # the second for Microdot, whose recipients cost fifty times as much
LAYOUTS = (0, 101, 1009)  # objects held, so that the heap is laid out differently; the median counts
ROOM = (1, 4, 16, 64)
CPYTHON_FAN = (20, 220)
CPYTHON_ROOM = 1000
TIMED_MESSAGES = 5000
# What a timed run may take for one server, in nanoseconds of an (assumed) 10 instructions.
TIMED_WORTH = 4_000_000_000

Row = dict


def _row(group: str, server: Server, case: str, work: Callable[..., dict], *args) -> Row:
    row = {"group": group, "server": server.name, "case": case}
    try:
        row.update(work(*args))
    except (ServerFailed, toolbox.Missing) as error:
        row["error"] = str(error)
    return row


def _timed_messages(server: Server, load: Load, cpython: bool) -> int:
    few, many = counts(server, load, cpython)
    return max(20, min(TIMED_MESSAGES, (many - few) * TIMED_WORTH // catalog.WORTH // 4))


def _speed(server: Server, load: Load, timed: bool, cpython: bool = False, counted: bool = True) -> dict:
    load = dataclasses.replace(load, wire=wire_of(server) if load.wire == "ws" else load.wire)
    figures: dict = {}
    if counted:
        figures["ir"] = round(measure.instructions(server, load, *counts(server, load, cpython)))
    if timed:
        cpu, wall = measure.times(server, load, _timed_messages(server, load, cpython))
        figures.update(cpu_us=round(cpu, 2), wall_us=round(wall, 2))
    return figures


def echo(bench: Bench, quick: bool = False) -> Iterator[Row]:
    """WebSocket echo, one message in flight, text of several sizes."""
    servers = [bench.floor(), bench.plain_asyncio(), bench.microdot(), bench.ours("echo")]
    if not quick:
        servers.append(bench.ours_without_kernels("echo"))
    for size in catalog.QUICK_SIZES if quick else catalog.SIZES:
        for server in servers:
            yield _row("echo", server, f"{size} B", _speed, server, Load(size=size), not quick)


def zero_copy(bench: Bench) -> Iterator[Row]:
    """WebSocket echo without a waiting handler: ws.relay() ("viperhttp"), and ws.each() with a callback that sends."""
    relay, pure = bench.ours("direct", "relay"), bench.ours_without_kernels("direct", "relay")
    each = bench.ours("direct", "each", name=catalog.EACH)
    for size in catalog.SIZES:
        for server in (bench.floor(), bench.microdot(), relay, each, *((pure,) if size < 16384 else ())):
            yield _row("zero-copy", server, f"{size} B", _speed, server, Load(size=size), False)


def zero_copy_pipelined(bench: Bench) -> Iterator[Row]:
    """The same with 16 messages in flight: processor time."""
    relay, each = bench.ours("direct", "relay"), bench.ours("direct", "each", name=catalog.EACH)
    for server in (bench.microdot(), relay, each):
        load = Load(mode="pipe", window=WINDOW)
        yield _row("zero-copy pipelined", server, f"16 B x {WINDOW}", _speed, server, load, True)


def pipelined(bench: Bench) -> Iterator[Row]:
    """16 messages in flight on one connection."""
    for size in (16, 1024):
        for server in (bench.plain_asyncio(), bench.microdot(), bench.ours("echo")):
            load = Load(size=size, mode="pipe", window=WINDOW)
            yield _row("pipelined", server, f"{size} B x {WINDOW}", _speed, server, load, True)


def idle(bench: Bench) -> Iterator[Row]:
    """The same echo while 100 other connections are open and silent."""
    for server in (bench.floor(), bench.plain_asyncio(), bench.microdot(), bench.ours("echo")):
        for others in (0, IDLE):
            load = Load(idle=others)
            yield _row("idle", server, f"{others} idle", _speed, server, load, False)


def fan_out(bench: Bench) -> Iterator[Row]:
    """One member speaks, all hear it: the price of one more recipient."""
    for size in (16, 125):
        for work, *more in ((bench.floor,), (bench.microdot,), (bench.ours, "unswept")):
            yield _row("fan-out", work("room"), f"{size} B", fan_out_of, work, size, *more)


def room(bench: Bench) -> Iterator[Row]:
    """One member of a room speaks, and all hear it. Microdot's users await each member's send()."""
    for members in ROOM:
        for server in (bench.floor("room"), bench.microdot("room"), bench.ours("room", "room", "unswept")):
            load = Load(mode="fan", path="/room", connections=members)
            yield _row("room", server, f"{members} member{'s' * (members > 1)}", _speed, server, load, False)


def fan_out_of(server_of: Callable[..., Server], size: int, *more: str) -> dict:
    """The price of one more recipient on MicroPython: the median of several layouts of the heap."""
    found = [per_recipient(server_of("room", "room", f"pad={pad}", *more), size, FAN)["ir"] for pad in LAYOUTS]
    return {"ir": round(statistics.median(found))}


def per_recipient(server: Server, size: int, recipients: tuple[int, int], cpython: bool = False) -> dict:
    each = []
    for members in recipients:
        load = Load(mode="fan", size=size, path="/room", connections=members, wire=wire_of(server))
        few, many = (10, 110) if cpython else FAN_MESSAGES[server.name == "Microdot"]
        each.append(measure.instructions(server, load, few, many))
    return {"ir": round((each[1] - each[0]) / (recipients[1] - recipients[0]))}


def garbage(bench: Bench, only_ours: bool = False) -> Iterator[Row]:
    """Bytes of heap allocated per message, counted with the collector off (64-bit words)."""
    for size, messages in ((16, 100), (1024, 40)):
        mode = f"garbage={messages}"
        peers = (
            ()
            if only_ours
            else (
                bench.floor("echo", mode, heap="32M"),
                bench.plain_asyncio("read", mode, heap="32M"),
                bench.microdot("echo", mode, heap="32M"),
            )
        )
        for server in (*peers, bench.ours("echo", "echo", mode, heap="32M")):
            load = Load(size=size, wire=wire_of(server))
            yield _row("garbage", server, f"{size} B", _printed, server, load, messages + 20, "garbage")


def connections(bench: Bench, only_ours: bool = False) -> Iterator[Row]:
    """Heap of one more idle connection after a browser's handshake (64-bit words)."""
    peers = (
        ()
        if only_ours
        else (
            bench.floor("echo", "heap"),
            bench.plain_asyncio("read", "heap"),
            bench.microdot("echo", "heap"),
        )
    )
    for server in (*peers, bench.ours("echo", "echo", "heap")):
        load = Load(idle=200, browser=True, wire=wire_of(server))
        yield _row("connections", server, "idle", _printed, server, load, 1, "live")
    server = bench.ours("direct", "stay", "heap", ends=False)
    yield _row("connections", server, "idle, each()", _printed, server, Load(idle=200, browser=True), 1, "live")


def _printed(server: Server, load: Load, messages: int, what: str) -> dict:
    outcome = measure.run_once(server, load, messages)
    said = outcome.stdout
    if what == "garbage":
        found = re.search(r"^garbage (\S+)", said, re.M)
        if found:
            return {"bytes": round(float(found.group(1)), 1)}
    else:
        live = {int(n): int(used) for n, used in re.findall(r"^live (\d+) (\d+)", said, re.M)}
        if 101 in live and 201 in live:
            return {"bytes": round((live[201] - live[101]) / 100)}
    raise ServerFailed(f"{said}{outcome.stderr}\n{server.name} did not print its {what}")


def get(bench: Bench) -> Iterator[Row]:
    """A small JSON GET, kept alive where the server does that (Microdot closes after each response)."""
    for case, varied in (("keep-alive", False), ("differing heads", True)):
        for server in (bench.microdot("get", ends=False), bench.ours("get", ends=False)):
            load = Load(wire="http", path="/get", varied=varied)
            yield _row("get", server, case, _speed, server, load, True)


def clients32(bench: Bench, only_ours: bool = True) -> Iterator[Row]:
    """viperhttp on a true 32-bit heap: one more idle connection, and a text of 16 bytes that is echoed."""
    row: Row = {"group": "32-bit", "server": OURS}
    try:
        held, left = connections32.measure()
    except (toolbox.Missing, OSError) as error:
        yield {**row, "case": "idle", "error": str(error)}
        return
    for case, used in held.items():
        yield {**row, "case": case, "bytes": used}
    for case, used in left.items():
        yield {**row, "case": case.replace("idle", "message"), "bytes": used}


def weight(bench: Bench) -> Iterator[Row]:
    """Import and first route from .mpy: file bytes, and heap on a 32-bit MicroPython."""
    for name, package, small in (("Microdot", "Microdot", False), (OURS, OURS, True), (catalog.AS_IT_IS, OURS, False)):
        row: Row = {"group": "weight", "server": name}
        try:
            figures = modules.measure(package, small)
        except (toolbox.Missing, OSError) as error:
            yield {**row, "case": ".mpy files", "error": str(error)}
            continue
        cases = {
            "package": "whole package",
            "mpy": ".mpy files",
            "live": "heap, 32-bit",
            "allocated": "with garbage",
            "get": "heap, a GET only",
        }
        for key, case in cases.items():
            if key in figures:
                yield {**row, "case": case, "bytes": figures[key]}


def cpython_echo(bench: Bench) -> Iterator[Row]:
    """WebSocket echo on CPython beside the servers that people use there."""
    for size in catalog.SIZES:
        for server in bench.cpython_servers():
            yield _row("cpython echo", server, f"{size} B", _speed, server, Load(size=size), True, True)


def cpython_pipelined(bench: Bench) -> Iterator[Row]:
    """16 messages in flight on CPython, processor time only."""
    for size in (16, 1024, 16384):
        for server in bench.cpython_servers():
            load = Load(size=size, mode="pipe", window=WINDOW)
            yield _row("cpython pipelined", server, f"{size} B x {WINDOW}", _speed, server, load, True, True, False)


def cpython_callback(bench: Bench) -> Iterator[Row]:
    """A callback on CPython: ws.each() beside picows, whose interface is one, and aiohttp."""
    peers = [bench.host(kind, "cpython_peers.py", kind) for kind in ("picows", "aiohttp")]
    ours = [bench.ours_with_masker("direct", "each"), bench.ours_on_cpython("direct", "each")]
    for size in (16, 1024, 16384):
        for server in peers + ours:
            yield _row("cpython callback", server, f"{size} B", _speed, server, Load(size=size), True, True, False)
    for size in (16, 16384):
        for server in peers + ours:
            load = Load(size=size, mode="pipe", window=WINDOW)
            case = f"{size} B x {WINDOW}"
            yield _row("cpython callback", server, case, _speed, server, load, True, True, False)


def cpython_fan_out(bench: Bench) -> Iterator[Row]:
    """One of 1 000 members speaks: processor time per recipient."""
    peer = bench.host("websockets", "cpython_peers.py", "websockets", "room")
    for server in (peer, bench.ours_on_cpython("room", "room", "unswept")):
        yield _row("cpython fan-out", server, f"{CPYTHON_ROOM} members", _fan_time, server)


def _fan_time(server: Server) -> dict:
    load = Load(mode="fan", path="/room", connections=CPYTHON_ROOM)
    cpu, wall = measure.times(server, load, 20, runs=3)
    figures = per_recipient(server, 16, CPYTHON_FAN, cpython=True)
    return {**figures, "cpu_us": round(cpu, 2), "wall_us": round(wall, 2)}


def cpython_get(bench: Bench) -> Iterator[Row]:
    """A small JSON GET, kept alive, on CPython."""
    for kind in ("aiohttp", "uvicorn-websockets"):
        server = bench.host(kind.partition("-")[0], "cpython_peers.py", kind, "get")
        yield _row("cpython get", server, "keep-alive", _speed, server, Load(wire="http", path="/get"), True, True)
    server = bench.ours_on_cpython("get")
    yield _row("cpython get", server, "keep-alive", _speed, server, Load(wire="http", path="/get"), True, True)


MICROPYTHON = {
    "echo": echo,
    "zero-copy": zero_copy,
    "zero-copy pipelined": zero_copy_pipelined,
    "pipelined": pipelined,
    "idle": idle,
    "room": room,
    "fan-out": fan_out,
    "get": get,
    "garbage": garbage,
    "connections": connections,
    "32-bit": clients32,
    "weight": weight,
}
CPYTHON = {
    "cpython echo": cpython_echo,
    "cpython pipelined": cpython_pipelined,
    "cpython callback": cpython_callback,
    "cpython fan-out": cpython_fan_out,
    "cpython get": cpython_get,
}
