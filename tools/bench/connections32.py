"""What a connection holds and a message leaves behind on a 32-bit heap, in viperhttp; see peers/viper_heap32.py."""

from __future__ import annotations

import pathlib
import tempfile

import heap32
import modules
import toolbox

FIRST, MORE = 101, 100  # connections: the growth by MORE after the FIRST is measured, as on 64 bits
FEW, MANY = 20, 220
# Name of the row -> path of the route in viper_heap32.py
ROUTES = {"idle": "/echo", "idle, each()": "/each", "idle, relay()": "/relay"}
SCRIPT = "from viper_heap32 import *"


def measure() -> tuple[dict[str, int], dict[str, float]]:
    """({name: bytes of one more open connection after a collection}, {name: bytes allocated per text of 16 bytes})."""
    held, left = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        modules.compile_package(toolbox.ROOT / "viperhttp", pathlib.Path(folder))
        places = {"viperhttp": folder + "/viperhttp", "viper_heap32.py": str(toolbox.PEERS / "viper_heap32.py")}
        for name, path in ROUTES.items():
            clients = [f"opened(b'{path}', {n})" for n in (FIRST, MORE)]
            texts = [f"messages(b'{path}', {n})" for n in (FEW, FEW, MANY)]  # the first fills caches
            *_, more, _, few, many = _run(places, clients + texts)
            held[name] = round(more["live"] / MORE)
            left[name] = (many["allocated"] - few["allocated"]) / (MANY - FEW)
    return held, left


def _run(places: dict[str, str], codes: list[str]) -> list[dict]:
    results = heap32.heap(places, [modules.FIRMWARE, SCRIPT, *codes])
    for result in results:
        if result["error"]:
            raise toolbox.Missing(f"viperhttp on the 32-bit VM: {result['error']}")
    return results


if __name__ == "__main__":
    for what in measure():
        print(what)
