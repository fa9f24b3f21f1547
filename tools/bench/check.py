#!/usr/bin/env python3
"""make bench-check: deterministic figures against the committed ones; fails on a loss over 5 %."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys

import catalog
import groups
import measure
import modules
import report
import toolbox
from measure import Load

BASELINE = toolbox.HERE / "baseline.json"
ALLOWED = 0.05
# Bytes may differ by a block or two for reasons of their own (a name one letter longer).
SLACK = {"ir": 0, "bytes": 64}
NO_BASELINE, LOSS, FAILED = 2, 1, 3
UPDATE = "make bench-check ARGS=--update"


def figures(bench: catalog.Bench) -> dict[str, float]:
    """Name -> figure, lower is better. The unit is the last word of the name."""
    echo, pure, room = bench.ours("echo"), bench.ours_without_kernels("echo"), bench.ours("room")
    get = bench.ours("get", ends=False)
    result: dict[str, float] = {}

    def instructions(name: str, server: measure.Server, load: Load) -> None:
        result[f"{name}, ir"] = round(measure.instructions(server, load, *catalog.counts(server, load)))

    for size in catalog.SIZES:
        instructions(f"echo {size} B", echo, Load(size=size))
    instructions("echo 125 B without viper", pure, Load(size=125))
    instructions("GET", get, Load(wire="http", path="/get"))
    result["fan-out per recipient, ir"] = groups.per_recipient(room, 16, groups.FAN)["ir"]
    for row in (*groups.garbage(bench, only_ours=True), *groups.connections(bench, only_ours=True)):
        if "error" in row:
            raise measure.ServerFailed(row["error"])
        result[f"{row['group']} {row['case']}, bytes"] = row["bytes"]
    for key, value in modules.measure(catalog.OURS).items():
        result[f"import and first route: {key}, bytes"] = value
    return result


def losses(old: dict[str, float], new: dict[str, float]) -> list[str]:
    """Lines for the figures that got worse by more than is allowed, or are gone."""
    lines = []
    for name, before in old.items():
        now = new.get(name)
        if now is None:
            lines.append(f"{name}: was {report.number(before)}, is not measured any more")
        elif now > before * (1 + ALLOWED) + SLACK[name.rsplit(" ", 1)[-1]]:
            lines.append(f"{name}: {report.number(before)} -> {report.number(now)}{_change(before, now)}")
    return lines


def _change(before: float, now: float) -> str:
    return f" ({(now / before - 1) * 100:+.1f} %)" if before else ""


def advice(lines: list[str]) -> str:
    return "\n".join(
        [
            f"{len(lines)} figure(s) lost more than {ALLOWED:.0%} against tools/bench/baseline.json:",
            *("  " + line for line in lines),
            "Find the functions that cost it:  .venv/bin/python tools/bench/hotspots.py",
            f"If the loss is worth it, say why in the commit and take the new figures:  {UPDATE}",
        ]
    )


def _print(old: dict[str, float], new: dict[str, float]) -> None:
    width = max(len(name) for name in new)
    for name, now in new.items():
        before = old.get(name)
        change = "" if before is None else _change(before, now)
        print(f"{name:<{width}}  {report.number(now):>10}{change}")


def _same_tools(doc: dict, interpreter: str) -> None:
    had, have = doc["versions"], toolbox.versions(interpreter)
    for tool in ("micropython", "valgrind"):
        if had.get(tool) != have.get(tool):
            print(f"note: the baseline was made with {tool} {had.get(tool)}, this is {have.get(tool)}")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench-check", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the figures as the new baseline")
    parser.add_argument("--micropython", metavar="PATH", help="default: $MICROPYTHON, .venv, PATH")
    parser.add_argument("--baseline", metavar="FILE", type=pathlib.Path, default=BASELINE)
    options = parser.parse_args(argv)
    if options.micropython:
        os.environ["MICROPYTHON"] = options.micropython
    if not options.update and not options.baseline.exists():
        print(f"make bench-check: there is no {options.baseline.name} to compare with; make it:  {UPDATE}")
        return NO_BASELINE
    try:
        toolbox.valgrind()
        bench = catalog.Bench()
        new = figures(bench)
    except (toolbox.Missing, measure.ServerFailed) as error:
        print(f"make bench-check: {error}", file=sys.stderr)
        return FAILED
    doc = json.loads(options.baseline.read_text()) if options.baseline.exists() else {}
    old = doc.get("figures", {})
    _print(old, new)
    if options.update:
        report.write(options.baseline, {"versions": toolbox.versions(bench.micropython), "figures": new})
        print(f"written: {options.baseline}")
        return 0
    _same_tools(doc, bench.micropython)
    worse = losses(old, new)
    print(advice(worse) if worse else f"no figure lost more than {ALLOWED:.0%}")
    return LOSS if worse else 0


if __name__ == "__main__":
    sys.exit(main())
