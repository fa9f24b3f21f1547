"""Finds the MicroPython and the CPython that the project's programs and tests run on.

MicroPython: $MICROPYTHON where set, else a `micropython` on PATH, else the one that `make` put in .venv.
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import environment

VENV_MICROPYTHON = os.path.join(environment.VENV, "bin", "micropython")
OLDEST_MICROPYTHON = (1, 21)  # asyncio was called uasyncio before
START_TIMEOUT = 20


def find_micropython():
    """The path of the MicroPython to use, or None where there is none."""
    return have_own_micropython() or venv_micropython()


def have_own_micropython():
    """The user's own MicroPython: $MICROPYTHON, or one on PATH that is new enough; else None."""
    named = os.environ.get("MICROPYTHON")
    if named:
        path = shutil.which(named)
        if not path:
            raise environment.SetupError(f"MICROPYTHON={named}: no such program")
        return os.path.abspath(path)
    path = shutil.which("micropython")
    if not path or os.path.realpath(path) == os.path.realpath(VENV_MICROPYTHON):
        return None
    version = version_of(path)
    if version >= OLDEST_MICROPYTHON:
        return os.path.abspath(path)
    found = ".".join(map(str, version)) or "that does not start"
    environment.say(f"{path} is MicroPython {found}; 1.21 is needed, so it is not used")
    return None


def venv_micropython():
    return VENV_MICROPYTHON if os.path.exists(VENV_MICROPYTHON) else None


def version_of(path):
    """(major, minor, patch) of an interpreter, () when it does not start."""
    script = "import sys; print('.'.join(str(x) for x in sys.implementation[1][:3]))"
    try:
        done = subprocess.run([path, "-c", script], capture_output=True, text=True, timeout=START_TIMEOUT)
        return tuple(int(x) for x in done.stdout.strip().split("."))
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()


def why_no_micropython():
    """One line for the user on a platform without MicroPython."""
    platform = f"{sys.platform} {os.uname().machine if hasattr(os, 'uname') else ''}".strip()
    return (f"No MicroPython for {platform} with Python {sys.version_info[0]}.{sys.version_info[1]} on PyPI; "
            "MICROPYTHON=/path/to/micropython names one of your own.")


def command(runtime, heap=None):
    """How to start a program: (["micropython", "-X", "heapsize=..."], {environment that it needs})."""
    if runtime == "cpython":
        return [environment.venv_python()], {"PYTHONPATH": ".", "PYTHONUNBUFFERED": "1"}
    path = find_micropython()
    if not path:
        raise environment.SetupError(why_no_micropython())
    options = ["-X", f"heapsize={heap}"] if heap else []
    return [path, *options], {"MICROPYPATH": ".:.frozen"}
