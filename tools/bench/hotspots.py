#!/usr/bin/env python3
"""Where the instructions of one message go: by function of MicroPython's VM, and how often each is called.

Two callgrind profiles that differ only in the number of messages are subtracted, function by function.
With --calls, gdb names the Python functions that the VM enters per message (slow, so few messages).
"""

from __future__ import annotations

import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import catalog
import measure
import toolbox
from measure import Load, ports

FEW, MANY = 20, 1020
GDB_MESSAGES = 20
GDB_START_S = 1.5  # until the server has loaded the interpreter, which gdb has to see


def by_function(path: str) -> tuple[collections.Counter, collections.Counter]:
    """(own instructions of each function, calls by (caller, called)) in a callgrind profile."""
    own: collections.Counter = collections.Counter()
    calls: collections.Counter = collections.Counter()
    names: dict[str, str] = {}

    def name_of(text: str) -> str:
        number, _, name = text.partition(" ")
        if name:
            names[number] = name
        return names.get(number, number)

    here, inclusive = "", False
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("fn="):
                here = name_of(line[3:].strip())
            elif line.startswith("cfn="):
                called = name_of(line[4:].strip())
            elif line.startswith("calls="):
                calls[here, called] += int(line[6:].split()[0])
                inclusive = True  # the next line is what the call cost, and is counted inside the callee
            elif line[:1].isdigit() or line[:1] in "+-*":
                if not inclusive:
                    own[here] += int(line.split()[1])
                inclusive = False
    return own, calls


def profile(server: measure.Server, load: Load, few: int, many: int) -> tuple[dict, dict]:
    """by_function() per message."""
    found = []
    for messages in (few, many):
        with tempfile.NamedTemporaryFile() as out:
            measure.callgrind(server, load, messages, out.name)
            found.append(by_function(out.name))
    (own1, calls1), (own2, calls2) = found
    apart = many - few
    own = {name: (own2[name] - own1[name]) / apart for name in own2}
    return own, {pair: (calls2[pair] - calls1[pair]) / apart for pair in calls2}


def show(own: dict[str, float], calls: dict[tuple[str, str], float], top: int) -> None:
    """The costliest functions, each with how often it is called."""
    whole = sum(own.values())
    called: collections.Counter = collections.Counter()
    for (_, function), count in calls.items():
        called[function] += count
    print(f"{whole:.0f} instructions per message\n     own     %   calls  function")
    for name, cost in sorted(own.items(), key=lambda item: -item[1])[:top]:
        print(f"{cost:8.0f} {cost / whole:5.1%} {called[name]:7.2f}  {name}")


def show_callers(calls: dict[tuple[str, str], float], function: str) -> None:
    """Who calls a function, and how often per message."""
    print(f"calls of {function} per message, by")
    mine = {caller: n for (caller, called), n in calls.items() if called.split("'")[0] == function and n > 0.005}
    for caller, count in sorted(mine.items(), key=lambda item: -item[1]):
        print(f"{count:8.2f}  {caller}")


def python_calls(server: measure.Server, load: Load, messages: int) -> list[tuple[str, float]]:
    """(Python function, entries per message): difference of two gdb sessions."""
    counted = []
    for n in (messages, 3 * messages):
        counted.append(_gdb(server, load, n))
    rows = [(name, (counted[1][name] - counted[0][name]) / (2 * messages)) for name in counted[1]]
    return sorted((r for r in rows if r[1] > 0.05), key=lambda row: -row[1])


def _gdb(server: measure.Server, load: Load, messages: int) -> collections.Counter:
    port = ports.free_port()
    command = [part.replace("{port}", str(port)) for part in server.command]
    process = subprocess.Popen(
        command, env={**os.environ, **dict(server.environment)}, stdout=subprocess.DEVNULL, cwd=toolbox.ROOT
    )
    debugger = None
    try:
        time.sleep(GDB_START_S)
        script = str(toolbox.HERE / "vmcalls.gdb")
        debugger = subprocess.Popen(
            ["gdb", "-q", "-nx", "-batch", "-p", str(process.pid), "-x", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        time.sleep(GDB_START_S)
        command = [
            toolbox.wsload(),
            "-p",
            str(port),
            "-n",
            str(messages),
            "-W",
            "1",
            "-t",
            "60",
            *load.options(),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        if not server.ends_by_itself:
            process.terminate()  # SIGINT would interrupt gdb, too
        process.wait(30)
        said = debugger.communicate(timeout=30)[0]
    except subprocess.SubprocessError as error:
        raise measure.ServerFailed(f"{server.name} under gdb: {error}") from None
    finally:
        for p in (process, debugger):
            if p is not None and p.poll() is None:
                p.kill()
                p.wait()
    return collections.Counter({m[2]: int(m[1]) for m in re.finditer(r"^CALL (\d+) (.*)$", said, re.M)})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    subjects = ("echo", "room", "get", "get-varied", "pure", "microdot", "asyncio")
    parser.add_argument("--what", choices=subjects, default="echo")
    parser.add_argument("--size", type=int, default=16)
    parser.add_argument("--members", type=int, default=20, help="of the room")
    parser.add_argument("--top", type=int, default=30)
    parser.add_argument("--calls", action="store_true", help="Python functions entered per message, by gdb")
    parser.add_argument("--callers", nargs="*", default=[], metavar="FUNCTION", help="who calls these")
    parser.add_argument("--micropython", metavar="PATH")
    options = parser.parse_args(argv)
    if options.micropython:
        os.environ["MICROPYTHON"] = options.micropython
    try:
        server, load = _subject(catalog.Bench(), options)
        if options.calls:
            if not shutil.which("gdb"):
                raise toolbox.Missing("no gdb: apt-get install gdb")
            print(f"{server.name} {options.what} {options.size} B: Python functions entered per message")
            for name, count in python_calls(server, load, GDB_MESSAGES):
                print(f"{count:8.2f}  {name}")
            return 0
        few, many = (FEW, MANY) if options.what != "microdot" else (FEW, FEW + 200)
        own, calls = profile(server, load, few, many)
    except (toolbox.Missing, measure.ServerFailed) as error:
        print(f"hotspots: {error}", file=sys.stderr)
        return 1
    print(f"{server.name} {options.what} {options.size} B: ", end="")
    show(own, calls, options.top)
    for function in options.callers:
        show_callers(calls, function)
    return 0


def _subject(bench: catalog.Bench, options: argparse.Namespace) -> tuple[measure.Server, Load]:
    load = Load(size=options.size)
    if options.what == "room":
        return bench.ours("room"), Load(mode="fan", path="/room", size=options.size, connections=options.members)
    if options.what.startswith("get"):
        return bench.ours("get", ends=False), Load(wire="http", path="/get", varied=options.what == "get-varied")
    if options.what == "asyncio":
        return bench.plain_asyncio(), Load(wire="raw", size=options.size)
    servers = {
        "echo": lambda: bench.ours("echo"),
        "pure": lambda: bench.ours_without_kernels("echo"),
        "microdot": bench.microdot,
    }
    return servers[options.what](), load


if __name__ == "__main__":
    sys.exit(main())
