#!/usr/bin/env python3
"""make bench: measures viperhttp beside other servers, all in one run, and prints one table per question."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys

import catalog
import groups
import measure
import readme
import report
import toolbox

RESULTS = toolbox.HERE / "results"


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two sizes, instructions only: under a minute")
    parser.add_argument("--boards", action="store_true", help="only what runs on MicroPython")
    names = (*groups.MICROPYTHON, *groups.CPYTHON)
    parser.add_argument("--only", help="these groups, by comma: " + ", ".join(names))
    parser.add_argument("--micropython", metavar="PATH", help="default: $MICROPYTHON, .venv, PATH")
    parser.add_argument("--heap", default="2M", help="MicroPython's heap (64-bit words; default %(default)s)")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="where the figures go")
    parser.add_argument("--svg", metavar="FOLDER", type=pathlib.Path, help="where the charts go")
    parser.add_argument(
        "--keep", action="store_true", help="write results/ and the figures in the READMEs; what is not measured stays"
    )
    options = parser.parse_args(argv)
    unknown = set(options.only.split(",")) - set(names) if options.only else ()
    if unknown:
        parser.error(f"no group {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return options


def chosen(options: argparse.Namespace) -> list[str]:
    if options.only:
        return options.only.split(",")
    if options.quick:
        return ["echo"]
    return [*groups.MICROPYTHON, *(() if options.boards else groups.CPYTHON)]


def collect(bench: catalog.Bench, name: str, quick: bool) -> list[dict]:
    work = {**groups.MICROPYTHON, **groups.CPYTHON}[name]
    rows = []
    for row in work(bench, quick) if name == "echo" else work(bench):
        rows.append(row)
        if sys.stderr.isatty():
            print(f"\r\033[K{name}: {row['server']} {row['case']}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    return rows


def keep(rows: list[dict], bench: catalog.Bench, options: argparse.Namespace) -> dict:
    """Write the rows among those of earlier runs; returns all of them."""
    doc = report.document(rows, bench.micropython, options.heap)
    place = RESULTS / "bench.json"
    if place.exists():
        doc = report.joined(json.loads(place.read_text()), doc)
    report.write(place, doc)
    return doc


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    if options.micropython:
        os.environ["MICROPYTHON"] = options.micropython
    try:
        toolbox.wsload()
        toolbox.valgrind()
        bench = catalog.Bench(heap=options.heap)
        rows: list[dict] = []
        for name in chosen(options):
            rows += collect(bench, name, options.quick)
            report.print_group(rows, name)
            if options.keep:
                keep(rows, bench, options)  # each table at once: what comes later may fail, or be interrupted
    except (toolbox.Missing, measure.ServerFailed) as error:
        print(f"make bench: {error}", file=sys.stderr)
        return 1
    doc = keep(rows, bench, options) if options.keep else report.document(rows, bench.micropython, options.heap)
    if options.json:
        report.write(options.json, doc)
    if options.json or options.keep:
        print(f"\nfigures: {options.json or RESULTS / 'bench.json'}")
    folder = options.svg or (RESULTS if options.keep else None)
    if folder:
        print("charts:", *report.write_charts(folder, doc))
    if options.keep:
        readme.main([])
    return 1 if any(row["server"] == catalog.OURS and "error" in row for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
