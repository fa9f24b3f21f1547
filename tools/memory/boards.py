"""Prints, for each board profile, what a server and its clients take of the heap, and what is left of it.

server   bytes live in the 32-bit VM once a server serves, from the small .mpy files of tools/mpy in RAM, and from the
         same files in a ROMFS image, where code stays in place
client   an idle WebSocket with a browser's headers and its handler; a member of a room: half of what they take on the
         64-bit unix port
flash    bytes of the .mpy files that such a server loads, for the board's machine code

    python3 tools/memory/boards.py             # measures, and prints the table
    python3 tools/memory/boards.py --update    # keeps the figures in boards.json and writes the tables of the READMEs
    python3 tools/memory/boards.py --readme    # writes the tables from boards.json
"""

from __future__ import annotations

import ast
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import imports
from imports import ROOT, build, heap32, toolbox

sys.path[:0] = [str(ROOT / "tools" / "vboard"), str(ROOT / "tests" / "behaviour")]

import limits  # noqa: E402  tools/vboard
import raw  # noqa: E402  tests/behaviour

KEPT = imports.HERE / "boards.json"
READMES = (ROOT / "README.md", ROOT / "boards" / "README.md")
MARKS = ("<!-- memory: from tools/memory/boards.py -->", "<!-- end of memory -->")
NAMES = ("esp32", "esp32s3", "esp32c3", "pico_w", "pico2_w", "esp8266")  # unix has what it is given
POLICIES = ("latest", "drop_oldest", "drop_newest", "close")
SERVING = "serving: after run()"
CLIENTS = 50
WAIT_S = 20
HEADERS = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "Accept-Encoding: gzip, deflate, br",
    "Accept-Language: en-GB,en;q=0.9",
)
MOUNT = "import vfs\nvfs.mount(vfs.VfsRom(open('/lib/image', 'rb').read()), '/rom')\nsys.path.insert(0, '/rom/lib')"


def profile(board: str) -> dict:
    """The CONFIG of a board's profile, over the defaults on MicroPython that are needed here."""
    config = {"rx_buffer": 2048, "tx_buffer": 1536, "max_clients": 8}
    for node in ast.parse((ROOT / "boards" / board / "profile.py").read_text()).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            config.update(ast.literal_eval(node.value))
    return config


def romfs_heap(folder: str) -> int:
    """32-bit heap of the server when its .mpy files are in a ROMFS image."""
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch, "rom")
        (root / "lib").mkdir(parents=True)
        (root / "lib" / "viperhttp").symlink_to(folder + "/viperhttp")
        image = str(pathlib.Path(scratch, "image"))
        command = [sys.executable, "-m", "mpremote", "romfs", "-o", image, "build", str(root)]
        subprocess.run(command, check=True, capture_output=True, timeout=imports.TIME_LIMIT_S)
        last = heap32.heap({"image": image}, [imports.FIRMWARE, MOUNT, imports.SERVING])[-1]
    if last["error"]:
        raise RuntimeError(f"from ROMFS on the 32-bit VM: {last['error']}")
    return last["live"]


def client_bytes(folder: str) -> dict[str, float]:
    """{"idle" or a policy: bytes of one more client}, on the unix port, halved."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [toolbox.micropython(), "-X", "heapsize=8M", str(imports.HERE / "members.py"), str(port)]
    environment = {"MICROPYPATH": f"{folder}:.frozen", "PATH": os.environ.get("PATH", "")}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    clients = []
    try:
        before = _used(port, 0)
        for n in (10, CLIENTS):
            while len(clients) < n:
                clients.append(raw.Raw(port))
                clients[-1].open("/idle", *HEADERS)
            before, last = _used(port, n), before
        result = {"idle": (before - last) / (CLIENTS - 10) / 2}
        for policy in POLICIES:
            result[policy] = _get(port, "/members/" + policy)["each"] / 2
        return {name: round(value) for name, value in result.items()}
    finally:
        for client in clients:
            client.sock.close()
        server.kill()
        server.wait()


def _get(port: int, path: str) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=WAIT_S) as answer:
        return json.load(answer)


def _used(port: int, live: int) -> int:
    """Bytes in use once so many handlers run."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            found = _get(port, "/memory")
            if found["live"] == live:
                return found["used"]
        except OSError:  # not listening yet
            found = None
        if time.monotonic() > deadline:
            raise RuntimeError(f"not {live} clients: {found}")
        time.sleep(0.05)


def measure(flash: bool = True) -> dict:
    """All figures, in bytes; flash takes a build per board. toolbox.Missing where there is no node or MicroPython."""
    with imports.Compiled(small=True) as compiled:
        loaded = [path.replace(".py", ".mpy") for path in compiled.unix(SERVING)[1]]
        found = {"ram": compiled.heap32(SERVING), "romfs": romfs_heap(compiled.folder)}
        found["client"] = client_bytes(compiled.folder)
    found["flash"] = {}
    for board in NAMES if flash else ():
        arch = json.loads((ROOT / "boards" / board / "board.json").read_text())["mpy"]
        with tempfile.TemporaryDirectory() as folder:
            groups = imports.modules.bundles.chosen(imports.modules.SOCKET)
            unused = ("device", "app/autodocs", "socketio", "testing")
            sizes = build.build(folder, arch, leave_out=unused, joined=groups)
        found["flash"][board] = sum(sizes[path] for path in loaded)
    return found


def table(found: dict) -> str:
    """The figures as Markdown, in bytes."""
    client = found["client"]
    lines = [
        "| board | heap | server, `.mpy` in RAM | server, ROMFS | buffers | clients | left: RAM / ROMFS | flash |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for board in NAMES:
        config = profile(board)
        heap = limits.BOARDS[board].heap
        buffers = config["rx_buffer"] + config["tx_buffer"]
        clients = config["max_clients"] * (client["idle"] + max(client[policy] for policy in POLICIES))
        left = [heap - found[kind] - buffers - clients for kind in ("ram", "romfs")]
        rooms = [f"{n:,}" if n > 0 else "**does not fit**" for n in left]
        lines.append(
            f"| `{board}` | {heap:,} | {found['ram']:,} | {found['romfs']:,} | {buffers:,} "
            f"| {config['max_clients']}: {clients:,} | {' / '.join(rooms)} | {found['flash'][board]:,} |"
        )
    members = ", ".join(f"`{policy}` {client[policy]}" for policy in POLICIES)
    lines += [
        "",
        f"Bytes. Servers: 32-bit VM. Clients: an idle WebSocket with its handler takes {client['idle']}, its place in "
        f"a room more ({members}): 64-bit unix port, halved.",
        "Left is before your application, the code of rooms, what their queues hold and, on a board, Wi-Fi's Python "
        "objects.",
    ]
    return "\n".join(lines)


def filled(text: str, found: dict) -> str:
    """A README with the table between its marks."""
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    return f"{before}{MARKS[0]}\n\n{table(found)}\n\n{MARKS[1]}{after}"


def kept() -> dict:
    return json.loads(KEPT.read_text())


def main(arguments: list[str]) -> int:
    try:
        found = kept() if "--readme" in arguments else measure()
    except toolbox.Missing as missing:
        print(f"error: {missing}", file=sys.stderr)
        return 1
    if "--update" in arguments:
        KEPT.write_text(json.dumps(found, indent=2) + "\n")
    if "--update" in arguments or "--readme" in arguments:
        for place in READMES:
            place.write_text(filled(place.read_text(), found))
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
