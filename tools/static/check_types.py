"""Runs mypy over the package: as CPython sees it, and as each board's firmware sees it (by its stubs).

For a board only the names count: a module, attribute or argument that its firmware does not have.
Modules for one runtime are checked only there (see tree.py); so is a branch of `if MICROPYTHON`. A line for
CPython in a module for both (an import in a function) says so in a comment: `import signal  # CPython`.
A mixin uses what the class it is mixed into has; that class is looked at instead (MIXINS). What a class names
in `_cold` (see viperhttp/cold.py) are mixins of it too.
"""

import ast
import functools
import os
import re
import subprocess
import sys

from tree import BOARD_ONLY, HOST_ONLY, ROOT, is_for, modules

STUBS = os.path.join(ROOT, ".venv", "stubs")
BOARDS = ("esp32", "rp2", "esp8266")
NAME_ERRORS = ("[import-not-found]", "[attr-defined]", "[call-arg]", "[name-defined]")
# Said of an attribute that begins as None or empty and has no annotation: mypy could not tell its type, which
# is no error. The library annotates what is public and leaves most of the rest alone.
UNKNOWN_TYPES = ('"None" has no attribute', '"object" has no attribute', '("object" and ', '("None")',
                 'variable has type "None"', "[var-annotated]", "[has-type]")
# In the stubs because type checkers need them, in no firmware.
STUBS_ONLY = ("typing", "typing_extensions", "types", "enum", "abc", "__future__")
BOARD = "boards"
# Mixins and the class that each is part of: mypy does not know what self is there.
MIXINS = {"Opening": "WebSocketBase", "FastPath": "WebSocketBase", "WsSender": "WsConnection",
          "Running": "ViperHTTP", "Serving": "ViperHTTP", "Starting": "ViperHTTP", "Registering": "ViperHTTP",
          "Routing": "ViperHTTP", "Verbs": "ViperHTTP", "Finding": "ViperHTTP", "Mounts": "ViperHTTP",
          "Own": "ViperHTTP", "Kinds": "WebSocketBase", "Rare": "WebSocketBase", "Refusals": "Dispatcher",
          "Bodies": "HttpConnection", "Streams": "HttpConnection", "Replies": "HttpConnection",
          "Channel": "HttpConnection", "WsConnection": "WebSocketBase", "WsParts": "WsConnection",
          "WsEnds": "WsConnection", "Stopping": "Server", "Upgrading": "Dispatcher", "Answers": "Dispatcher",
          "Info": "WebSocketBase", "Direct": "WebSocketBase", "DirectPath": "WebSocketBase", "TrySend": "WebSocketBase"}
ABSENT = re.compile(r'error: "(\w+)" has no attribute "(\w+)"')
# (where it is reported, file, part of the message, why it is no error)
EXPECTED = (
    ("CPython", "viperhttp/transport/clock.py", '"ticks_', "tried first; the other branch is CPython's"),
    (BOARD, "viperhttp/transport/clock.py", '"monotonic"', "the branch for CPython"),
    (BOARD, "viperhttp/log.py", '"traceback"', "the branch for CPython"),
    (BOARD, "viperhttp/app/debugging.py", '"get_running_loop"', "the branch for CPython"),
    (BOARD, "viperhttp/transport/waitfor.py", "asyncio", "asyncio.funcs is there, the stubs leave it out"),
    (BOARD, "viperhttp/protocol/_viper.py", '"ptr', "the viper emitter's own names"),
    (BOARD, "viperhttp/endpoints/direct/_viper.py", '"ptr', "the viper emitter's own names"),
)


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


@functools.lru_cache(maxsize=None)
def classes(elsewhere):
    """{name: (names of the bases, names of attributes)} of the package's classes, but for modules `elsewhere`."""
    found = {}
    for path in modules():
        if is_for(path, elsewhere):
            continue
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            tree = ast.parse(file.read(), path)
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
                found[node.name] = (bases + cold_mixins(node), attributes(node))
    return found


def cold_mixins(class_node):
    """The names of the classes in `_cold = ("viperhttp.folder.module.Class names ", ...)`, and in `_early`."""
    found = []
    for node in class_node.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id in ("_cold", "_early") and node.value is not None:
            entries = [entry.value for entry in ast.walk(node.value) if isinstance(entry, ast.Constant)]
            found += [entry.split(" ")[0].rpartition(".")[2] for entry in entries]
    return found


def attributes(class_node):
    """The names that a class defines in its body, or sets on self in its functions."""
    names = set()
    for node in ast.walk(class_node):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                names.add(node.attr)
    for node in class_node.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        names.update(target.id for target in targets if isinstance(target, ast.Name))
    return names


def has(name, attribute, elsewhere):
    """Has the class, or one it inherits from, the attribute? _get_x() is the property x, by as_properties()."""
    bases, names = classes(elsewhere).get(name, ((), ()))
    bases = [*bases, *(mixin for mixin, whole in MIXINS.items() if whole == name)]
    return attribute in names or "_get_" + attribute in names or any(has(base, attribute, elsewhere) for base in bases)


def is_expected(error, where):
    """Is it no error: of unknown type, a mixin's, in EXPECTED, or on a line marked as the other runtime's?"""
    if any(text in error for text in UNKNOWN_TYPES):
        return True
    absent = ABSENT.search(error)
    elsewhere = HOST_ONLY if where == BOARD else BOARD_ONLY
    if absent and (absent[1] in MIXINS or absent[1] in classes(elsewhere)):
        if has(MIXINS.get(absent[1], absent[1]), absent[2], elsewhere):
            return True
    marker = "# CPython" if where == BOARD else "# MicroPython"
    path, line = error.split(":")[:2]
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        if marker in file.read().splitlines()[int(line) - 1]:
            return True
    return any(where == place and error.startswith(name + ":") and part in error
               for place, name, part, _ in EXPECTED)


def host_errors():
    return [error for error in mypy([])
            if of_this_package(error, BOARD_ONLY) and not is_expected(error, "CPython")]


def board_errors(board):
    stubs = os.path.join(STUBS, board)
    # The stubs bring the board's own standard library; nothing else may be visible.
    arguments = ["--config-file=", "--check-untyped-defs", "--no-strict-optional", "--no-site-packages",
                 "--always-true=MICROPYTHON", "--explicit-package-bases", "--custom-typeshed-dir", stubs,
                 f"--cache-dir={os.path.join(ROOT, '.mypy_cache', board)}", "viperhttp"]
    found = mypy(arguments, {"MYPYPATH": os.pathsep.join([stubs, ROOT])})
    return [error for error in found
            if error.rstrip().endswith(NAME_ERRORS)
            and of_this_package(error, HOST_ONLY) and not is_expected(error, BOARD)]


def imports_of_stubs_only():
    """Imports that the stubs allow and no board can run."""
    found = []
    for path in modules():
        if is_for(path, HOST_ONLY):
            continue
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            tree = ast.parse(file.read(), path)
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            found += [f"{path}:{node.lineno}: error: no board has the module {name!r}"
                      for name in names if name in STUBS_ONLY]
    return found


def main():
    total = 0
    checks = [("CPython", host_errors()), *((board, board_errors(board)) for board in BOARDS),
              ("any board", imports_of_stubs_only())]
    for title, errors in checks:
        print(f"{title:10} {len(errors) or 'no'} error{'' if len(errors) == 1 else 's'}")
        for error in errors:
            print("   ", error)
        total += len(errors)
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
