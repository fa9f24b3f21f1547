"""Prints the rows of the benchmark as tables, and keeps them as JSON and as a chart."""

from __future__ import annotations

import datetime
import json
import pathlib

import chart
import toolbox
from catalog import OURS

# group -> (title, figure, what one unit of it is)
TITLES = {
    "echo": ("WebSocket echo on MicroPython", "ir", "instructions per message"),
    "echo time": ("the same, processor time of the server", "cpu_us", "us per message"),
    "zero-copy": ("The same without a waiting handler: relay()", "ir", "instructions per message"),
    "zero-copy pipelined": ("16 messages in flight: relay()", "cpu_us", "us of processor time per message"),
    "pipelined": ("16 messages in flight on MicroPython", "cpu_us", "us of processor time per message"),
    "idle": ("Echo of 16 B beside open, silent connections", "ir", "instructions per message"),
    "room": ("A room on MicroPython", "ir", "instructions per message, for all its members"),
    "fan-out": ("A room on MicroPython: one more recipient", "ir", "instructions per recipient"),
    "get": ("Small JSON GET on MicroPython", "ir", "instructions per request"),
    "garbage": ("Heap allocated per message (64-bit words)", "bytes", "bytes"),
    "connections": ("Heap of one idle WebSocket (64-bit words)", "bytes", "bytes per connection"),
    "32-bit": ("viperhttp on a 32-bit heap, no machine code: an idle WebSocket, a text of 16 B", "bytes", "bytes"),
    "weight": ("The whole package; import and first WebSocket route, from .mpy", "bytes", "bytes"),
    "cpython echo": ("WebSocket echo on CPython", "ir", "instructions per message"),
    "cpython echo time": ("the same, wall time of a round trip on one core", "wall_us", "us per message"),
    "cpython pipelined": ("16 messages in flight on CPython", "cpu_us", "us of processor time per message"),
    "cpython callback": ("A callback on CPython: each()", "wall_us", "us per message, wall time"),
    "cpython fan-out": ("A room of 1 000 on CPython", "cpu_us", "us of processor time per recipient"),
    "cpython fan-out ir": ("A room on CPython: one more recipient", "ir", "instructions per recipient"),
    "cpython get": ("Small JSON GET on CPython", "wall_us", "us per request"),
}
# Rows that are shown a second time with another figure.
SECOND_LOOK = {"echo": "echo time", "cpython echo": "cpython echo time", "cpython fan-out": "cpython fan-out ir"}


def number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{round(value):,}".replace(",", " ")
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(value: float, ours: float | None) -> str:
    """How many times ours it is."""
    if not ours or value == 0:
        return ""
    times = value / ours
    return f"{times:.0f}x" if times >= 9.95 else f"{times:.1f}x" if times >= 0.95 else f"{times:.2f}x"


def table(rows: list[dict], group: str, title_of: str) -> list[str]:
    """One table: a line per server, a column per case, each figure with its ratio to viperhttp's."""
    title, figure, unit = TITLES[title_of]
    mine = [r for r in rows if r["group"] == group and ("error" in r or figure in r)]
    if not any(figure in r for r in mine):
        return [f"{r['group']}: {r['server']} {r['case']}: {_first_line(r['error'])}" for r in mine if "error" in r]
    cases = list(dict.fromkeys(r["case"] for r in mine))
    servers = list(dict.fromkeys(r["server"] for r in mine))
    cell = {(r["server"], r["case"]): r for r in mine}
    width = max(len(s) for s in servers) + 2
    lines = ["", f"{title}: {unit} (times viperhttp)", " " * width + "".join(f"{c:>22}" for c in cases)]
    for server in servers:
        line = f"{server:<{width}}"
        for case in cases:
            row = cell.get((server, case), {})
            ours = cell.get((OURS, case), {}).get(figure)
            text = f"{number(row[figure])} {ratio(row[figure], ours):>7}" if figure in row else "-" + " " * 8
            line += f"{text:>22}"
        lines.append(line.rstrip())
    failed = {(r["server"], _first_line(r["error"])) for r in mine if "error" in r}
    return lines + [f"  {server} failed: {why}" for server, why in sorted(failed)]


def _first_line(text: str) -> str:
    return text.strip().splitlines()[-1][:160] if text.strip() else "no message"


def print_group(rows: list[dict], group: str) -> None:
    for name in (group, SECOND_LOOK.get(group)):
        if name and not (name != group and not any(TITLES[name][1] in r for r in rows if r["group"] == group)):
            print("\n".join(table(rows, group, name)), flush=True)


def document(rows: list[dict], interpreter: str, heap: str) -> dict:
    """Everything a reader needs to judge or repeat the figures."""
    when = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    versions = toolbox.versions(interpreter)
    return {
        "measured": when,
        "machine": toolbox.machine(),
        "versions": versions,
        "heap": heap,
        "groups": {row["group"]: f"{when}, {versions.get('viperhttp', '')}" for row in rows},
        "method": "tools/bench/README.md",
        "rows": rows,
    }


def joined(old: dict, new: dict) -> dict:
    """The new results, with the old ones of the groups that were not measured again."""
    again = {row["group"] for row in new["rows"]}
    kept = [row for row in old["rows"] if row["group"] not in again]
    order = list(TITLES)
    rows = sorted(kept + new["rows"], key=lambda row: order.index(row["group"]))
    return {**new, "groups": {**old.get("groups", {}), **new["groups"]}, "rows": rows}


def write(place: pathlib.Path, doc: dict) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(doc, indent=1) + "\n")


def write_charts(folder: pathlib.Path, doc: dict) -> list[str]:
    """The echo tables as grouped bars, echo.svg and cpython.svg; the names of those that there are figures for."""
    versions = doc["versions"]
    pictures = (
        ("echo.svg", "echo", "MicroPython", versions["micropython"].split()[0] + ", unix port"),
        ("cpython.svg", "cpython echo", "CPython", versions["cpython"]),
    )
    return [name for name, *what in pictures if _chart(folder / name, doc, *what)]


def _chart(place: pathlib.Path, doc: dict, group: str, runtime: str, version: str) -> bool:
    rows = [r for r in doc["rows"] if r["group"] == group and "ir" in r]
    if not rows:
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    subtitle = f"instructions per message, logarithmic; {runtime} {version}"
    place.write_text(
        chart.grouped_bars(
            f"WebSocket echo on {runtime}",
            subtitle,
            [(r["case"], r["server"], r["ir"]) for r in rows],
            emphasis=OURS,
        )
    )
    return True
