"""Exact heap figures of a 32-bit MicroPython, for code that needs no sockets (imports, routes, parsers)."""

from __future__ import annotations

import json
import pathlib
import subprocess
import tempfile

import toolbox

TIME_LIMIT_S = 120
# Modules that a board has and the WebAssembly VM lacks: enough of them for an import.
STAND_INS = {
    "socket": "AF_INET = 2\nSOCK_STREAM = 1\nSOL_SOCKET = 1\nSO_REUSEADDR = 2\nclass socket:\n    pass\n",
    "select": "POLLIN = 1\nPOLLOUT = 4\nPOLLERR = 8\nPOLLHUP = 16\nclass poll:\n    pass\n",
}


def heap(folders: dict[str, str], codes: list[str]) -> list[dict]:
    """Run the code strings in one VM; see heap32.mjs for what is returned.

    folders  name of a package -> folder on this machine whose files it gets
    """
    place = toolbox.wasm_folder()
    with tempfile.TemporaryDirectory() as made:
        places = {f"/lib/{name}": folder for name, folder in folders.items()}
        for name, text in STAND_INS.items():
            file = pathlib.Path(made) / f"{name}.py"
            file.write_text(text)
            places[f"/lib/{name}.py"] = str(file)
        done = subprocess.run(
            ["node", str(toolbox.HERE / "heap32.mjs"), place],
            input=json.dumps({"folders": places, "codes": codes}),
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
        )
    if done.returncode:
        raise toolbox.Missing("the 32-bit MicroPython failed: " + (done.stderr.strip().splitlines() or ["?"])[-1])
    return json.loads(done.stdout)
