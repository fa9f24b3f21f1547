#!/usr/bin/env python3
"""Writes the committed results into the READMEs, so that each number there comes from a run; --check only compares.

`make bench ARGS=--keep` calls it. In tools/bench/README.md it is a table between two marks, in README.md one sentence.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys

import catalog
import report
import toolbox

RESULTS = toolbox.HERE / "results" / "bench.json"
HERE = toolbox.HERE / "README.md"
PROJECT = toolbox.ROOT / "README.md"
MARKS = ("<!-- results: from readme.py -->", "<!-- end of results -->")
SENTENCE = re.compile(
    r"takes ([\d ]+) instructions, a TCP echo by asyncio streams ([\d ]+), Microdot's WebSocket\s+echo ([\d ]+)\."
)
# (what it says, group, figure, [case, ...], the peers whose figure is divided by viperhttp's[, viperhttp's row])
ROWS: tuple = (
    ("echo, `await`", "echo", "ir", ("16 B", "125 B", "1024 B", "16384 B"), ("Microdot", "asyncio TCP")),
    ("echo, `relay()`", "zero-copy", "ir", ("16 B", "125 B", "1024 B", "16384 B"), ("Microdot", "poll floor")),
    ("the same, no viper", "zero-copy", "ir", ("16 B", "125 B", "1024 B"), ("Microdot",), catalog.NO_VIPER),
    ("echo, `each()`", "zero-copy", "ir", ("16 B", "125 B", "1024 B", "16384 B"), ("Microdot",), catalog.EACH),
    ("16 in flight, `relay()`, CPU", "zero-copy pipelined", "cpu_us", ("16 B x 16",), ("Microdot",)),
    ("16 in flight, CPU", "pipelined", "cpu_us", ("16 B x 16", "1024 B x 16"), ("Microdot",)),
    ("beside idle connections", "idle", "ir", ("0 idle", "100 idle"), ("Microdot",)),
    ("a room's message", "room", "ir", ("1 member", "4 members", "16 members", "64 members"), ("Microdot",)),
    ("one more recipient", "fan-out", "ir", ("16 B", "125 B"), ("Microdot", "poll floor")),
    ("small GET", "get", "ir", ("keep-alive", "differing heads"), ("Microdot",)),
    ("garbage per message", "garbage", "bytes", ("16 B", "1024 B"), ("Microdot",)),
    ("heap per connection", "connections", "bytes", ("idle", "idle, each()"), ("Microdot",)),
    ("on a 32-bit heap, no viper", "32-bit", "bytes", ("idle", "idle, each()", "idle, relay()", "message"), ()),
    (
        "first route, 32-bit heap",
        "weight",
        "bytes",
        ("heap, 32-bit", "heap, a GET only"),
        ("Microdot", catalog.AS_IT_IS),
    ),
    ("CPython: echo, wall", "cpython echo", "wall_us", ("16 B", "1024 B"), ("websockets", "aiohttp", "picows")),
    ("CPython: echo", "cpython echo", "ir", ("16 B", "1024 B"), ("websockets", "aiohttp", "picows")),
    ("CPython: 16 in flight, CPU", "cpython pipelined", "cpu_us", ("16 B x 16", "16384 B x 16"), ("aiohttp",)),
    ("CPython: `each()`, wall", "cpython callback", "wall_us", ("16 B", "1024 B"), ("picows", "aiohttp")),
    ("CPython: recipient of 1 000, CPU", "cpython fan-out", "cpu_us", ("1000 members",), ("websockets",)),
    ("CPython: recipient", "cpython fan-out", "ir", ("1000 members",), ("websockets",)),
)


def table(doc: dict) -> str:
    """The results as Markdown: viperhttp's figures, and how many times that the peers need."""
    found = {(r["group"], r["server"], r["case"]): r for r in doc["rows"]}
    lines = ["| | case | viperhttp | times as much |", "|---|---|---|---|"]
    for says, group, figure, cases, peers, *who in ROWS:
        for case in cases:
            ours = found.get((group, *(who or [report.OURS]), case), {}).get(figure)
            if ours is None:
                continue
            times = [
                f"{peer} {report.ratio(theirs, ours)}"
                for peer in peers
                if (theirs := found.get((group, peer, case), {}).get(figure)) is not None
            ]
            lines.append(f"| {says} | {case} | {report.number(ours)} {_unit(figure)} | {', '.join(times)} |")
    return "\n".join(lines)


def _unit(figure: str) -> str:
    return {"ir": "Ir", "bytes": "B"}.get(figure, "us")


def filled(text: str, doc: dict) -> str:
    """A README with the results between its marks."""
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    when = f"Measured {doc['measured'][:10]} on {doc['machine']['cpu']}, {doc['machine']['cores']} cores"
    return f"{before}{MARKS[0]}\n\n{when}.\n\n{table(doc)}\n\n{MARKS[1]}{after}"


def sentence(text: str, doc: dict) -> str:
    """The project's README with the figures of the 16-byte echo."""
    found = {r["server"]: r.get("ir") for r in doc["rows"] if r["group"] == "echo" and r["case"] == "16 B"}
    figures = [found.get(server) for server in (report.OURS, "asyncio TCP", "Microdot")]
    if None in figures:
        return text
    ours, asyncio, microdot = (report.number(round(n, -2)) for n in figures)

    def put(match: re.Match) -> str:
        said = match.group(0)
        for i, new in ((3, microdot), (2, asyncio), (1, ours)):
            start, end = (at - match.start() for at in match.span(i))
            said = said[:start] + new + said[end:]
        return said

    return SENTENCE.sub(put, text)


def main(argv: list[str] | None = None) -> int:
    check = "--check" in (sys.argv[1:] if argv is None else argv)
    doc = json.loads(RESULTS.read_text())
    differ = []
    for place, work in ((HERE, filled), (PROJECT, sentence)):
        text = place.read_text()
        new = work(text, doc)
        if new != text and not (check and place is PROJECT):  # a later measurement may stand there
            differ.append(str(place.relative_to(toolbox.ROOT)))
            if not check:
                pathlib.Path(place).write_text(new)
    if differ:
        print(("not the committed results: " if check else "written: ") + ", ".join(differ))
    return 1 if check and differ else 0


if __name__ == "__main__":
    sys.exit(main())
