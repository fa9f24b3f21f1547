"""The layer rule, read from the import statements: imports in viperhttp/ run downwards only.

    app  >  rooms  >  endpoints  >  connection  >  protocol and transport  >  base modules

Protocol and transport know nothing of each other; device/ is what a board needs around an application.
Whatever stands beside the base modules at the top of viperhttp/ (__init__, testing, asgi ...) is what applications
import, and may use everything.
"""

import ast
import importlib
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PACKAGE = ROOT / "viperhttp"

BASE = "base"
BASE_MODULES = ("cold", "config", "configuring", "exceptions", "log", "status")
TOP = "top"
_APP = {BASE, "protocol", "transport", "connection", "endpoints", "rooms", "app"}
MAY_IMPORT = {
    BASE: {BASE},
    "protocol": {BASE, "protocol"},
    "transport": {BASE, "transport"},
    "connection": {BASE, "protocol", "transport", "connection"},
    "endpoints": {BASE, "protocol", "transport", "connection", "endpoints"},
    "rooms": {BASE, "protocol", "transport", "connection", "endpoints", "rooms"},
    "app": _APP,
    "middleware": {*_APP, "middleware", TOP},
    "asgi": {*_APP, "asgi", TOP},
    "device": {*_APP, "middleware", "device", TOP},
    TOP: {*_APP, "middleware", "asgi", "device", TOP},
}
NO_INPUT_OR_OUTPUT = {"socket", "select", "ssl", "asyncio", "time", "threading", "signal", "network",
                      "machine"}
SOCKETS = {"socket", "select", "ssl"}
LONGEST = 400  # a board compiles a module in its RAM

FILES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]
every_module = pytest.mark.parametrize("path", FILES, ids=NAMES)


def layer(parts):
    """The layer of a module of viperhttp, by the parts of its name behind "viperhttp."."""
    if len(parts) > 1 or parts[:1] and parts[0] in MAY_IMPORT:
        return parts[0]
    return BASE if parts[:1] and parts[0] in BASE_MODULES else TOP


def module_parts(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def is_module(parts):
    at = PACKAGE.joinpath(*parts)
    return at.with_suffix(".py").exists() or at.is_dir()


def imports(path, source):
    """(line, parts of the name behind "viperhttp", or the name of a module from elsewhere) of each import."""
    package = path.relative_to(PACKAGE).parent.parts
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for name in [alias.name.split(".") for alias in node.names]:
                yield node.lineno, tuple(name[1:]) if name[0] == "viperhttp" else name[0]
        elif isinstance(node, ast.ImportFrom):
            name = node.module.split(".") if node.module else []
            if not node.level and name[0] != "viperhttp":
                yield node.lineno, name[0]
                continue
            base = (*package[: len(package) - node.level + 1], *name) if node.level else tuple(name[1:])
            for alias in node.names:
                # "from . import x" names a module of the package, or something inside it
                yield node.lineno, (*base, alias.name) if is_module((*base, alias.name)) else base
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and ast.unparse(node).startswith(("_cold", "_early")):
            # mixins that cold.py imports at first use: "viperhttp.folder.module.Class name name "
            for value in ast.walk(node):
                if isinstance(value, ast.Constant) and str(value.value).startswith("viperhttp."):
                    yield node.lineno, tuple(value.value.split(".")[1:-1])


def violations(path, source):
    mine = layer(module_parts(path))
    found = []
    for line, target in imports(path, source):
        if isinstance(target, str):
            if mine == "protocol" and target in NO_INPUT_OR_OUTPUT:
                found.append(f"line {line}: the protocol layer does no input or output, but imports {target}")
            elif mine not in ("transport", "device", TOP) and target in SOCKETS:
                found.append(f"line {line}: only the transport knows sockets, but {mine} imports {target}")
        elif layer(target) not in MAY_IMPORT[mine]:
            name = ".".join(("viperhttp", *target))
            found.append(f"line {line}: {mine} must not import {layer(target)} ({name})")
    return found


@every_module
def test_imports_run_downwards_only(path):
    assert violations(path, path.read_text(encoding="utf-8")) == []


@every_module
def test_modules_are_imported_by_statements_that_this_test_can_read(path):
    # Parts of the package by name, at first use; and the application, whose name is a board's own.
    if path in (PACKAGE / "__init__.py", PACKAGE / "cold.py", PACKAGE / "device" / "program.py"):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        assert name not in ("__import__", "import_module", "exec", "eval"), f"line {node.lineno}: {name}"


@every_module
def test_a_module_is_in_a_known_layer(path):
    assert layer(module_parts(path)) in MAY_IMPORT, "a new folder needs its place in MAY_IMPORT"


@every_module
def test_a_module_says_its_job_in_its_first_line(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "no docstring"
    assert tree.body[0].lineno == 1, "something stands before the docstring"
    first = ast.get_docstring(tree).splitlines()[0]
    assert len(first) > 15, first


@every_module
def test_a_module_is_short_enough_for_a_board_to_compile(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{lines} lines"


def test_the_rule_is_read_from_the_project_that_is_here():
    assert PACKAGE / "protocol" / "frames.py" in FILES


@pytest.mark.parametrize(
    "name, source",
    [
        ("protocol/frames.py", "from ..transport import Channel"),
        ("protocol/frames.py", "from ..transport.hub import hub"),
        ("protocol/frames.py", "from .. import transport"),
        ("protocol/frames.py", "import viperhttp"),
        ("protocol/frames.py", "import viperhttp.app.routing"),
        ("protocol/frames.py", "from viperhttp.connection import ws"),
        ("protocol/frames.py", "def late():\n    from ..app import routing"),
        ("protocol/frames.py", "import asyncio"),
        ("protocol/frames.py", "from time import ticks_ms"),
        ("transport/hub.py", "from ..protocol.codes import CLOSE"),
        ("transport/__init__.py", "from ..protocol.codes import CLOSE"),
        ("connection/ws.py", "from ..rooms.room import Room"),
        ("connection/ws.py", "import socket"),
        ("rooms/manager.py", "from ..app.routing import Router"),
        ("app/routing.py", "from .. import ViperHTTP"),
        ("config.py", "from .protocol import codes"),
        ("config.py", "from . import protocol"),
        ("exceptions.py", "from viperhttp.app import routing"),
    ],
)
def test_an_import_that_runs_upwards_is_noticed(name, source):
    assert violations(PACKAGE / name, source)


@pytest.mark.parametrize(
    "name, source",
    [
        ("protocol/frames.py", "from ..exceptions import ProtocolError\nfrom .codes import TEXT\nimport re"),
        ("protocol/frames.py", "from . import codes\nfrom .. import config"),
        ("transport/hub.py", "import socket\nfrom ..config import MICROPYTHON\nfrom .clock import ticks"),
        ("connection/ws.py", "from ..transport.hub import hub\nfrom ..protocol import frames"),
        ("app/routing.py", "from ..rooms import manager\nfrom ..protocol.url import unquote"),
        ("__init__.py", "from .app.application import ViperHTTP\nfrom . import exceptions"),
    ],
)
def test_an_import_that_runs_downwards_is_let_through(name, source):
    assert violations(PACKAGE / name, source) == []


COPIED = re.compile(r"^_([A-Z][A-Z0-9_]*) = const\(([^)]*)\)  # ([a-z_.]+)\.([A-Z][A-Z0-9_]*)$", re.M)
WHERE = {"codes": "viperhttp.protocol.codes", "connection.phases": "viperhttp.connection.phases"}


@every_module
def test_a_number_that_is_written_again_is_the_one_it_names(path):
    # Modules for boards repeat numbers as `_OPEN = const(1)  # connection.phases.OPEN`: no name of them is in RAM.
    for mine, number, module, name in COPIED.findall(path.read_text(encoding="utf-8")):
        if module in WHERE:
            assert mine == name
            assert int(number, 0) == getattr(importlib.import_module(WHERE[module]), name), f"_{mine}"


def test_numbers_are_written_again_where_this_test_looks():
    found = [path.name for path in FILES if COPIED.search(path.read_text(encoding="utf-8"))]
    assert {"ws.py", "http.py", "dispatch.py", "assembly.py"} <= set(found)
