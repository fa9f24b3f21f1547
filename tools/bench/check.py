#!/usr/bin/env python3
"""make bench-check: deterministic figures against the committed ones; fails on a loss over 5 %."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import platform
import sys
from collections.abc import Callable
from functools import partial

import catalog
import groups
import measure
import modules
import report
import toolbox
from measure import Load

BASELINE = toolbox.HERE / "baseline.json"
ALLOWED = 0.05
# What one recipient costs is the hundredth part of a difference of rooms, and moves with the heap's layout by more:
# 670 to 850 instructions in single runs, of which the median of three counts.
ALLOWED_FOR = {"fan-out per recipient, ir": 0.15}
TRIES = 3  # heap layouts differ from run to run where a server allocates much
# Bytes may differ by a block or two for reasons of their own (a name one letter longer).
SLACK = {"ir": 0, "bytes": 64}
NO_BASELINE, LOSS, FAILED = 2, 1, 3
CPYTHON = "CPython"  # begins the names of its figures; they are compared with the same version's only
UPDATE = "make bench-check ARGS=--update"


def measures(bench: catalog.Bench) -> dict[str, Callable[[], dict[str, float]]]:
    """Each returns figures by name, lower is better; the unit is the last word of a name."""
    echo, pure = bench.ours("echo"), bench.ours_without_kernels("echo")
    loads = {f"echo {size} B": (echo, Load(size=size)) for size in catalog.SIZES}
    loads["echo 125 B without viper"] = (pure, Load(size=125))
    loads |= {f"relay {size} B": (bench.ours("direct", "relay"), Load(size=size)) for size in catalog.SIZES}
    loads["each 16 B"] = (bench.ours("direct", "each"), Load())
    loads["GET"] = (bench.ours("get", ends=False), Load(wire="http", path="/get"))
    loads["GET, differing heads"] = (bench.ours("get", ends=False), Load(wire="http", path="/get", varied=True))
    work: dict[str, Callable[[], dict[str, float]]] = {
        name: partial(_instructions, name, server, load) for name, (server, load) in loads.items()
    }
    work["fan-out per recipient"] = partial(_fan_out, bench)
    work["garbage"] = partial(_bytes, groups.garbage, bench)
    work["connections"] = partial(_bytes, groups.connections, bench)
    work["clients on 32 bits"] = partial(_bytes, groups.clients32, bench)
    work["import and first route"] = _weight
    return work


def cpython_measures(bench: catalog.Bench) -> dict[str, Callable[[], dict[str, float]]]:
    """The same on CPython."""
    echo = bench.ours_on_cpython("echo")
    work: dict[str, Callable[[], dict[str, float]]] = {}
    for size in (16, 1024):
        name = f"{CPYTHON} echo {size} B"
        work[name] = partial(_on_cpython, name, partial(measure.instructions, echo, Load(size=size), 50, 850))
    return work


def _on_cpython(name: str, work: Callable[[], float]) -> dict[str, float]:
    return {f"{name}, ir": round(work())}


def _instructions(name: str, server: measure.Server, load: Load) -> dict[str, float]:
    return {f"{name}, ir": round(measure.instructions(server, load, *catalog.counts(server, load)))}


def _fan_out(bench: catalog.Bench) -> dict[str, float]:
    return {"fan-out per recipient, ir": groups.fan_out_of(bench.ours, 16, "unswept")["ir"]}


def _bytes(group: Callable, bench: catalog.Bench) -> dict[str, float]:
    rows = list(group(bench, only_ours=True))
    for row in rows:
        if "error" in row:
            raise measure.ServerFailed(row["error"])
    return {f"{row['group']} {row['case']}, bytes": row["bytes"] for row in rows}


def _weight() -> dict[str, float]:
    found = modules.measure(catalog.OURS, small=True)
    del found["package"]  # a new part of the library is no loss for those who do not load it
    return {f"import and first route: {key}, bytes": n for key, n in found.items()}


def figures(bench: catalog.Bench, old: dict[str, float], cpython: bool = True) -> dict[str, float]:
    """All figures. One that seems to have got worse is measured again: the least of the tries counts."""
    new: dict[str, float] = {}
    for work in {**measures(bench), **(cpython_measures(bench) if cpython else {})}.values():
        found = work()
        for _ in range(TRIES - 1):
            if not losses({name: old[name] for name in found if name in old}, found):
                break
            again = work()
            found = {name: min(found[name], again[name]) for name in found}
        new.update(found)
    return new


def losses(old: dict[str, float], new: dict[str, float]) -> list[str]:
    """Lines for the figures that got worse by more than is allowed, or are gone."""
    lines = []
    for name, before in old.items():
        now = new.get(name)
        if now is None:
            lines.append(f"{name}: was {report.number(before)}, is not measured any more")
        elif now > before * (1 + ALLOWED_FOR.get(name, ALLOWED)) + SLACK[name.rsplit(" ", 1)[-1]]:
            lines.append(f"{name}: {report.number(before)} -> {report.number(now)}{_change(before, now)}")
    return lines


def _change(before: float, now: float) -> str:
    return f" ({(now / before - 1) * 100:+.1f} %)" if before else ""


def advice(lines: list[str]) -> str:
    return "\n".join(
        [
            f"{len(lines)} figure(s) lost more than is allowed ({ALLOWED:.0%}) against tools/bench/baseline.json:",
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


def _same_cpython(doc: dict) -> bool:
    had, have = doc.get("versions", {}).get("cpython"), platform.python_version()
    if had != have:
        print(f"note: the baseline's figures of CPython {had} are left out: this is {have}")
    return had == have


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
    doc = json.loads(options.baseline.read_text()) if options.baseline.exists() else {}
    old = doc.get("figures", {})
    try:
        toolbox.valgrind()
        bench = catalog.Bench()
        cpython = options.update or _same_cpython(doc)
        if not cpython:
            old = {name: n for name, n in old.items() if not name.startswith(CPYTHON)}
        new = figures(bench, old, cpython)
    except (toolbox.Missing, measure.ServerFailed) as error:
        print(f"make bench-check: {error}", file=sys.stderr)
        return FAILED
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
