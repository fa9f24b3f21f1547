"""Lists the package's modules and says which of them are for one runtime only."""

import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGE = os.path.join(ROOT, "viperhttp")
# Names of modules or folders. Host modules never reach a board; board modules need what only firmware has.
HOST_ONLY = ("_cpython", "aio", "hangup", "params", "signatures", "asgi", "hosted", "lag_host", "done")
BOARD_ONLY = (
    *("_viper", "hub", "channel", "buffers", "cork", "streams", "interrupt", "fast", "fan", "waitfor", "lag_board"),
    *("path", "handing"),
    *("binding", "waiters", "plain"),
)
MACHINE_CODE = "_viper"  # needs mpy-cross -march


def modules():
    """Paths of the package's modules, relative to the project, in reading order."""
    found = []
    for folder, folders, files in os.walk(PACKAGE):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        found += [os.path.join(folder, name) for name in sorted(files) if name.endswith(".py")]
    return [os.path.relpath(path, ROOT) for path in found]


def is_for(path, names):
    """Has the path (relative to the project) a module or folder of one of these names in it?"""
    parts = path.removesuffix(".py").split(os.sep)[1:]
    return any(part in names for part in parts)
