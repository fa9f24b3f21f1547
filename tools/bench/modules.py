"""What the library's modules weigh: size of the .mpy files, and heap of importing them, beside Microdot."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import tempfile

import heap32
import toolbox

# In the folder of each row: the module of machine code, compiled for a Pico W; the 32-bit VM has no emitter
# and takes the plain Python twin of it, as a board without one would.
MACHINE_CODE = "_viper"
ARCHITECTURE = "armv6m"
FIRST_ROUTE = {
    "viperhttp": "from viperhttp import ViperHTTP\napp = ViperHTTP()\n"
    "@app.websocket('/echo')\nasync def echo(ws):\n    await ws.accept()\n",
    "Microdot": "from microdot import Microdot\nfrom microdot.websocket import with_websocket\n"
    "app = Microdot()\n@app.route('/echo')\n@with_websocket\nasync def echo(request, ws):\n    pass\n",
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


def loaded_modules(name: str) -> list[str]:
    """Paths (in the package's folder) of the modules that MicroPython loads for a first WebSocket route."""
    source = packages()[name]
    listing = "import sys\nprint('\\n'.join(m for m in sys.modules))"
    done = subprocess.run(
        [toolbox.micropython(), "-c", FIRST_ROUTE[name] + READY[name] + listing],
        capture_output=True,
        text=True,
        timeout=60,
        env={"MICROPYPATH": f"{source.parent}:.frozen", "PATH": "/usr/bin:/bin"},
    )
    if done.returncode:
        raise toolbox.Missing(f"{name} does not import: {done.stderr.strip().splitlines()[-1:]}")
    found = []
    for module in done.stdout.split():
        path = pathlib.Path(module.replace(".", "/"))
        for candidate in (path.with_suffix(".py"), path / "__init__.py"):
            if (source.parent / candidate).exists():
                found.append(str(candidate))
    return found


def measure(name: str) -> dict[str, int]:
    """Bytes. package: all .mpy files; mpy: those that a first route loads; live and allocated: its heap, 32-bit."""
    source = packages()[name]
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder)
        sizes = compile_package(source, target)
        loaded = [m for m in loaded_modules(name) if m in sizes]
        result = {"package": sum(sizes.values()), "mpy": sum(sizes[m] for m in loaded)}
        if shutil.which("node"):
            package = source.name
            # asyncio is part of every firmware; it is imported first so that it is in nobody's bill.
            code = FIRST_ROUTE[name] + READY[name]
            _, got = heap32.heap({package: str(target / package)}, ["import asyncio, json", code])
            if got["error"]:
                raise toolbox.Missing(f"{name} on the 32-bit VM: {got['error']}")
            result.update(live=got["live"], allocated=got["allocated"])
    return result


if __name__ == "__main__":
    for server in packages():
        try:
            print(server, measure(server))
        except toolbox.Missing as error:
            print(server, error)
