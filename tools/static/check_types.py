"""Runs mypy over the package: as CPython sees it, and as each board's firmware sees it (by its stubs).

For a board only the names count: a module, attribute or argument that its firmware does not have.
Modules for one runtime are checked only there (see tree.py).
"""

import os
import subprocess
import sys

from tree import BOARD_ONLY, HOST_ONLY, ROOT, is_for

STUBS = os.path.join(ROOT, ".venv", "stubs")
BOARDS = ("esp32", "rp2", "esp8266")
NAME_ERRORS = ("[import-not-found]", "[attr-defined]", "[call-arg]", "[name-defined]")
# The viper emitter's own names exist in no stub.
EMITTER_NAMES = ('Name "ptr8"', 'Name "ptr16"', 'Name "ptr32"', 'Name "ptr"', 'Name "uint"')


def mypy(arguments, environment=None):
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600,
                          env={**os.environ, **(environment or {})})
    if done.returncode > 1:
        raise SystemExit(f"mypy itself failed:\n{done.stdout}{done.stderr}")
    return [line for line in done.stdout.splitlines() if ": error:" in line]


def of_this_package(error, elsewhere):
    """Is the error in a module of the package, and not in one that is for elsewhere?"""
    path = os.path.relpath(os.path.join(ROOT, error.split(":")[0]), ROOT)
    return path.startswith("viperhttp" + os.sep) and not is_for(path, elsewhere)


def host_errors():
    return [error for error in mypy([]) if of_this_package(error, BOARD_ONLY)]


def board_errors(board):
    stubs = os.path.join(STUBS, board)
    # The stubs bring the board's own standard library; nothing else may be visible.
    arguments = ["--check-untyped-defs", "--no-site-packages", "--config-file=", "--explicit-package-bases",
                 f"--cache-dir={os.path.join(ROOT, '.mypy_cache', board)}", "--custom-typeshed-dir", stubs,
                 "viperhttp"]
    found = mypy(arguments, {"MYPYPATH": os.pathsep.join([stubs, ROOT])})
    return [error for error in found
            if error.rstrip().endswith(NAME_ERRORS)
            and of_this_package(error, HOST_ONLY)
            and not any(name in error for name in EMITTER_NAMES)]


def main():
    total = 0
    for title, errors in [("CPython", host_errors()), *((board, board_errors(board)) for board in BOARDS)]:
        print(f"{title:8} {len(errors) or 'no'} errors")
        for error in errors:
            print("   ", error)
        total += len(errors)
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
