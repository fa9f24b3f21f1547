"""Prints what each module that a server has loaded holds of a 32-bit heap: where to look when it has to shrink.

    python3 tools/memory/parts.py            # .mpy files of mpy-cross -O2
    python3 tools/memory/parts.py --small    # the small files of tools/mpy, but that each module has one of its own
    python3 tools/memory/parts.py --functions protocol/http1.py    # bytes of bytecode, by function

Modules are imported one after the other, those that others import first. A module's figure is what is in use after it
and was not before: its code, its classes and functions, and the names that no module before it had (the table of names
grows by doubling: a jump of 5 kB or more is that table's).
"""

from __future__ import annotations

import argparse
import ast
import pathlib
import re
import subprocess
import sys

import imports
import toolbox

ROOT = imports.ROOT
ROW = "serving: after run()"


def in_order(paths: list[str]) -> list[str]:
    """The modules, each behind those that it imports at its top level."""
    names = {_module(path): path for path in paths}
    done: list[str] = []

    def visit(name: str) -> None:
        path = names.pop(name, None)
        if path is None:
            return
        for found in _imported(path):
            visit(found)
        done.append(path)

    for name in list(names):
        visit(name)
    return done


def _module(path: str) -> str:
    return path.replace("/__init__.py", "").replace(".py", "").replace("/", ".")


def _imported(path: str) -> list[str]:
    """Names of modules; also those of which only a name may be meant."""
    package = _module(path).split(".")
    if not path.endswith("__init__.py"):
        package.pop()
    found = []
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1] + ([node.module] if node.module else [])
            found.append(".".join(base))
            found += [".".join([*base, alias.name]) for alias in node.names]
    return found


def by_module(small: bool) -> list[tuple[str, int, int]]:
    """[(path, bytes of a 32-bit heap, bytes of .mpy)] and, last, what the application's own start adds."""
    with imports.Compiled(small=small, bundled=False) as compiled:
        loaded = compiled.unix(ROW)[1]
        plain = [path.replace(f"/{imports.modules.MACHINE_CODE}.py", "/_pure.py") for path in loaded]
        order = in_order(plain)
        codes = [imports.FIRMWARE, *("import " + _module(path) for path in order), imports.SERVING]
        got = imports.heap32.heap({"viperhttp": compiled.folder + "/viperhttp"}, codes)
        for code, one in zip(codes, got, strict=True):
            if one["error"]:
                raise RuntimeError(f"{code}: {one['error']}")
        figures = [one["live"] for one in got]
        rows = [(path, live, compiled.sizes[path]) for path, live in zip(order, figures[1:], strict=False)]
        return [*rows, ("(the application)", figures[-1], 0)]


def by_function(path: str) -> list[tuple[str, int]]:
    """[(function, bytes of its bytecode)] of a module, the largest first."""
    # Shown while it compiles; that the module's imports fail afterwards does not matter.
    command = [toolbox.micropython(), "-O2", "-v", "-v", "-v", str(ROOT / "viperhttp" / path)]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    found = []
    for line in shown.splitlines():
        match = re.match(r"File .*, code block '(.*)' \(.* (\d+) bytes\)", line)
        if match:
            found.append((match.group(1), int(match.group(2))))
    return sorted(found, key=lambda one: -one[1])


def main() -> int:
    parser = argparse.ArgumentParser(description="What each module of a server holds of a 32-bit heap.")
    parser.add_argument("--small", action="store_true", help="from the small files of tools/mpy, not bundled")
    parser.add_argument("--functions", metavar="PATH", help="a module below viperhttp/: its functions instead")
    options = parser.parse_args()
    try:
        if options.functions:
            rows = by_function(options.functions)
            print("\n".join(f"{size:7}  {name}" for name, size in rows))
            print(f"{sum(size for _, size in rows):7}  in all")
            return 0
        found = by_module(options.small)
    except toolbox.Missing as missing:
        print(f"error: {missing}", file=sys.stderr)
        return 1
    print(f"{'':44} {'heap, 32-bit':>12} {'.mpy':>8}")
    for path, live, size in sorted(found, key=lambda row: -row[1]):
        print(f"{pathlib.PurePath(path)!s:44} {live:12} {size:8}")
    print(f"{'in all':44} {sum(row[1] for row in found):12} {sum(row[2] for row in found):8}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
