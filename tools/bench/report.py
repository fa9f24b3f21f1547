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
    "pipelined": ("16 messages in flight on MicroPython", "cpu_us", "us of processor time per message"),
    "idle": ("Echo of 16 B beside open, silent connections", "ir", "instructions per message"),
    "fan-out": ("A room on MicroPython: one more recipient", "ir", "instructions per recipient"),
    "get": ("Small JSON GET on MicroPython", "ir", "instructions per request"),
    "garbage": ("Heap allocated per message (64-bit words)", "bytes", "bytes"),
    "connections": ("Heap of one idle WebSocket (64-bit words)", "bytes", "bytes per connection"),
    "weight": ("Import and first WebSocket route, from .mpy", "bytes", "bytes"),
    "cpython echo": ("WebSocket echo on CPython", "ir", "instructions per message"),
    "cpython echo time": ("the same, wall time of a round trip on one core", "wall_us", "us per message"),
    "cpython pipelined": ("16 messages in flight on CPython", "cpu_us", "us of processor time per message"),
    "cpython fan-out": ("A room of 1 000 on CPython", "cpu_us", "us of processor time per recipient"),
}
# Rows that are shown a second time with another figure.
SECOND_LOOK = {"echo": "echo time", "cpython echo": "cpython echo time"}


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
    return {
        "measured": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": toolbox.machine(),
        "versions": toolbox.versions(interpreter),
        "heap": heap,
        "method": "tools/bench/README.md",
        "rows": rows,
    }


def write(place: pathlib.Path, doc: dict) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(doc, indent=1) + "\n")


def write_chart(place: pathlib.Path, doc: dict) -> bool:
    """The echo table as grouped bars; false when there is none."""
    rows = [r for r in doc["rows"] if r["group"] == "echo" and "ir" in r]
    if not rows:
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    version = doc["versions"]["micropython"].split()[0]
    subtitle = f"instructions per message, logarithmic; MicroPython {version}, unix port"
    place.write_text(
        chart.grouped_bars(
            "WebSocket echo on MicroPython",
            subtitle,
            [(r["case"], r["server"], r["ir"]) for r in rows],
            emphasis=OURS,
        )
    )
    return True
