"""The parts that the package comes in for boards: the core, and what an application may do without."""

import ast
import os

from tree import HOST_ONLY, ROOT, is_for, modules

CORE = "core"
# part -> its modules and folders, below viperhttp/. What is in none of them is the core. Those with one underscore are
# what tools/mpy makes of several modules (bundles.py there).
PARTS = {
    "rooms": (
        *("rooms", "app/browser", "_rooms", "_room", "_history", "_stream", "_eventstream"),
        *("_pure_fan", "_viper_fan"),
    ),
    "sse": ("_sse", "_streaming", "protocol/sse", "endpoints/eventsource", "endpoints/events", "endpoints/streaming"),
    "static": ("_static", "endpoints/static"),
    "forms": ("endpoints/forms", "protocol/multipart", "protocol/urlencoded"),
    "auth": ("auth", "compare", "sessions", "session_files"),
    "middleware": ("middleware",),
    "docs": ("app/autodocs",),
    "sensors": ("sensors",),
    "socketio": ("socketio", "socketio_packets"),
    "device": ("_device", "_health", "device"),
    "testing": ("testing", "testing_parts", "app/inmemory", "transport/memory"),
}


def part_of(path):
    """The part that a module (relative to the project) belongs to."""
    below = path.replace(os.sep, "/").removeprefix("viperhttp/").removesuffix(".py") + "/"
    for name, places in PARTS.items():
        if any(below.startswith(place + "/") for place in places):
            return name
    return CORE


def board_modules():
    """Paths of the modules for boards."""
    return [path for path in modules() if not is_for(path, HOST_ONLY)]


def imports(path):
    """Paths of the package's modules that a module needs to be imported at all (not those in functions)."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        tree = ast.parse(file.read(), path)
    folder = path.split(os.sep)[:-1]
    found = set()
    for node in tree.body:  # only what runs at once; a branch of `if` or `try` is for one runtime
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = folder[: len(folder) - node.level + 1] + (node.module.split(".") if node.module else [])
        for end in ([*base], *([*base, alias.name] for alias in node.names)):
            for name in (os.path.join(*end) + ".py", os.path.join(*end, "__init__.py")):
                if os.path.isfile(os.path.join(ROOT, name)):
                    found.add(name)
    return found


def needed(part):
    """The names of the other parts that a part cannot be imported without, but for the core."""
    found, todo = set(), [part]
    while todo:
        current = todo.pop()
        for path in board_modules():
            if part_of(path) != current:
                continue
            for other in {part_of(one) for one in imports(path)} - {CORE, part} - found:
                found.add(other)
                todo.append(other)
    return found


def files(part, among=None):
    """Paths of what has to be on a board for a part: the core, the part and what that needs.

    among  paths to choose from, such as those of built modules; default all for boards
    """
    wanted = {CORE, part} | needed(part)
    return [path for path in among or board_modules() if part_of(path) in wanted]
