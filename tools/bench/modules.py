"""What the library's modules weigh: size of the .mpy files, and heap of importing them, beside Microdot."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable

import heap32
import toolbox

sys.path.insert(0, str(toolbox.HERE.parent / "mpy"))

import build
import bundles

# In the folder of each row: the module of machine code, compiled for a Pico W; the 32-bit VM has no emitter
# and takes the plain Python twin of it, as a board without one would.
MACHINE_CODE = "_viper"
ARCHITECTURE = "armv6m"
# Part of every firmware: imported first, so that they are in nobody's bill. (A board has binascii and os in C; the
# 32-bit VM takes Python files of these names, of 3 kB.)
FIRMWARE = "import asyncio, binascii, json, os, select, socket, sys"
FIRST_ROUTE = {
    "viperhttp": "from viperhttp import ViperHTTP\napp = ViperHTTP()\n"
    "@app.websocket('/echo')\nasync def echo(ws):\n    await ws.accept()\n",
    "Microdot": "from microdot import Microdot\nfrom microdot.websocket import with_websocket\n"
    "app = Microdot()\n@app.route('/echo')\n@with_websocket\nasync def echo(request, ws):\n    pass\n",
}
# Words by which `make flash` knows what these applications serve.
SOCKET, GET = {"websocket"}, {"get"}
FIRST_GET = {
    "viperhttp": "from viperhttp import ViperHTTP\napp = ViperHTTP()\n"
    "@app.get('/')\nasync def index():\n    return {}\n",
    "Microdot": "from microdot import Microdot\napp = Microdot()\n"
    "@app.get('/')\nasync def index(request):\n    return {}\n",
}
# What serving needs loads in run(), before the first client: it counts, as it does for the others.
READY = {"viperhttp": "app.run\napp.prepare()\n", "Microdot": ""}


def compile_package(source: pathlib.Path, target: pathlib.Path, march: str = ARCHITECTURE) -> dict[str, int]:
    """Compile a package with mpy-cross -O2; {module path: bytes}. What is not for boards is left out."""
    sizes = {}
    for file in sorted(source.rglob("*.py")):
        name = file.relative_to(source.parent)
        out = target / name.with_suffix(".mpy")
        out.parent.mkdir(parents=True, exist_ok=True)
        command = [toolbox.mpy_cross(), "-O2", "-s", str(name), "-o", str(out)]
        if file.name.startswith(MACHINE_CODE):
            command.append(f"-march={march}")
        done = subprocess.run([*command, str(file)], capture_output=True, text=True, timeout=60)
        if done.returncode == 0:
            sizes[str(name)] = out.stat().st_size
    return sizes


def packages() -> dict[str, pathlib.Path]:
    """Name of the server -> its package's source."""
    return {
        "viperhttp": toolbox.ROOT / "viperhttp",
        "Microdot": pathlib.Path(toolbox.microdot()) / "microdot",
    }


def loaded_modules(name: str, folder: str, routes: dict[str, str] = FIRST_ROUTE) -> list[str]:
    """Names of the modules that MicroPython loads from this folder for a first route, by default a WebSocket's."""
    listing = "import sys\nprint('\\n'.join(m for m in sys.modules))"
    done = subprocess.run(
        [toolbox.micropython(), "-c", routes[name] + READY[name] + listing],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env={"MICROPYPATH": f"{folder}:.frozen", "PATH": "/usr/bin:/bin"},
    )
    if done.returncode:
        raise toolbox.Missing(f"{name} does not import: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout.split()


def file_of(module: str, files: Iterable[str], suffix: str = ".mpy") -> str | None:
    """Path of a module, by its name; of the machine code where that stands beside a plain twin."""
    path = module.replace(".", "/")
    places = (path.replace("_pure", MACHINE_CODE) + suffix, path + suffix, f"{path}/__init__{suffix}")
    return next((place for place in places if place in files), None)


def measure(name: str, small: bool = False) -> dict[str, int]:
    """Bytes. package: all .mpy files; mpy: those that a first route loads; live and allocated: its heap, 32-bit;
    get: the heap of an application with a GET and no WebSocket.

    small  viperhttp as `make flash` puts it on a board for such an application, not as mpy-cross -O2 makes it
    """
    with tempfile.TemporaryDirectory() as folder:
        sizes = _compiled(name, folder, SOCKET if small else None)
        loaded = [path for module in loaded_modules(name, folder) if (path := file_of(module, sizes))]
        result = {"package": sum(sizes.values()), "mpy": sum(sizes[path] for path in loaded)}
        if shutil.which("node"):
            found = _heap(name, folder, FIRST_ROUTE)
            if small:
                _compiled(name, folder, GET)
            result.update(live=found["live"], allocated=found["allocated"], get=_heap(name, folder, FIRST_GET)["live"])
    return result


def _compiled(name: str, folder: str, words: set[str] | None) -> dict[str, int]:
    """{path: bytes} of a package's files; small ones for an application with these words, None: by mpy-cross -O2."""
    if words is not None:
        return build.build(folder, ARCHITECTURE, joined=bundles.chosen(words))
    compiled = compile_package(packages()[name], pathlib.Path(folder))
    return {path.removesuffix(".py") + ".mpy": size for path, size in compiled.items()}


def _heap(name: str, folder: str, routes: dict[str, str]) -> dict:
    package = packages()[name].name
    _, got = heap32.heap({package: f"{folder}/{package}"}, [FIRMWARE, routes[name] + READY[name]])
    if got["error"]:
        raise toolbox.Missing(f"{name} on the 32-bit VM: {got['error']}")
    return got


if __name__ == "__main__":
    for server in packages():
        for small in (False, True)[: 1 + (server == "viperhttp")]:
            try:
                print(server, "small files" if small else "", measure(server, small))
            except toolbox.Missing as error:
                print(server, error)
