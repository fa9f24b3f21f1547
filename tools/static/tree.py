"""Lists the package's modules and says which runtime each one is for, by its name."""

import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGE = os.path.join(ROOT, "viperhttp")
# How the name of a module or folder begins. Host modules never reach a board; board modules need firmware.
HOST_ONLY = ("_cpython", "cpython", "asgi", "testing")
BOARD_ONLY = ("_viper", "_micropython", "micropython")
MACHINE_CODE = "_viper"  # needs mpy-cross -march


def modules():
    """Paths of the package's modules, relative to the project, in reading order."""
    found = []
    for folder, folders, files in os.walk(PACKAGE):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        found += [os.path.join(folder, name) for name in sorted(files) if name.endswith(".py")]
    return [os.path.relpath(path, ROOT) for path in found]


def is_for(path, prefixes):
    """Does a part of the path (relative to the project) begin with one of the prefixes?"""
    return any(part.startswith(prefixes) for part in path.split(os.sep)[1:])
