"""Prints what importing each part of viperhttp costs: heap on a 32-bit and a 64-bit MicroPython, and .mpy bytes.

heap, 32-bit   bytes still in use after the import and a collection, from .mpy files (mpy-cross -O2), in the 32-bit VM
               of tools/bench/heap32.py: words and blocks as ESP32 and RP2 have them. Exact: the same in every run.
heap, 64-bit   the same on the unix port, where most objects take twice the room.
.mpy           bytes of the files that are loaded, the machine code for a Pico W among them. The two VMs cannot load
               that and take its plain twin, so the heap is that of a board without MicroPython's viper emitter.

Optional parts are measured one by one, each in a VM of its own, on top of an application with one WebSocket route that
serves: what such an application loads anyway is not counted again.

    python3 tools/memory/imports.py            # the table, with budgets
    python3 tools/memory/imports.py --small    # the first rows, from the small files of tools/mpy
    python3 tools/memory/imports.py --update   # sets the budgets to what is measured now, a tenth and a little
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "bench"))
sys.path.insert(0, str(HERE.parent / "static"))
sys.path.insert(0, str(HERE.parent / "mpy"))

import build  # noqa: E402
import heap32  # noqa: E402
import modules  # noqa: E402
import toolbox  # noqa: E402
import tree  # noqa: E402

BUDGET = HERE / "budget.json"
HEADROOM = 1.1
SLACK = 128  # bytes: a chunk of the table of names, which falls to this row or to another
GRAIN = 64  # bytes; budgets are multiples
TIME_LIMIT_S = 60
UNIX_HEAP = "8M"  # large: nothing is collected before its time
COLUMNS = {"heap32": "heap, 32-bit", "heap64": "heap, 64-bit", "mpy": ".mpy"}

# These VMs have no radio: viperhttp.device.wifi only needs the name to be there.
FIRMWARE = modules.FIRMWARE + "\nsys.modules['network'] = sys"
CORE = modules.FIRST_ROUTE["viperhttp"]
SERVING = CORE + modules.READY["viperhttp"]
CORE_ROWS = {
    "import viperhttp": "import viperhttp",
    "registered: a route, before run()": CORE,
    "serving: after run()": SERVING,
}
# Name of an optional part -> the modules that it is, below viperhttp.
OPTIONAL = {
    "Depends, Query": ["app.depends", "app.gate"],
    "hooks, HTTP middleware": ["app.pipeline", "app.gate"],
    "hooks, events": ["app.registering"],
    "app.mount()": ["app.mounts"],
    "app.state, test_client()": ["app.own"],
    "registering after the start": ["app.routing"],
    "start again": ["app.starting"],
    "settings by key": ["configuring"],
    "current_request": ["app.asking"],
    "post() and other verbs": ["app.verbs"],
    "Router": ["app.router"],
    "/paths/{with}/parameters": ["app.paths"],
    "errors, Responses, files": ["app.answers"],
    "WebSockets refused, failed": ["app.refusals"],
    "404, %-escapes": ["app.finding"],
    "all kinds of messages": ["endpoints.messages"],
    "async with, try_send": ["endpoints.rare"],
    "subprotocols, origins": ["endpoints.opening"],
    "headers, query, cookies read": ["endpoints.info"],
    "ws.try_send()": ["endpoints.trysend"],
    "ws.each(), ws.relay()": ["endpoints.direct"],
    "bodies, pipelined requests": ["connection.bodies"],
    "HTTP errors, whole responses": ["connection.replies"],
    "fragments, broken frames": ["connection.wsparts"],
    "refused handshakes": ["connection.wsends", "protocol.badshake"],
    "shutdown()": ["connection.stop"],
    "asyncio's own streams": ["transport.waiters"],
    "streamed responses": ["connection.streams"],
    "auth": ["auth"],
    "background": ["background", "endpoints.background"],
    "ConnectionManager": ["rooms.manager"],
    "ConnectionManager, Room": ["rooms.manager", "rooms.room"],
    "rooms: slow members": ["rooms.room", "rooms.manager", "rooms.behind", "transport.fresh"],
    "rooms: resume": ["rooms.manager", "rooms.history"],
    "rooms: from interrupts": ["rooms.manager", "rooms.later"],
    "rooms: adapter": ["rooms.adapter"],
    "app.stream": ["rooms.stream"],
    "app.stream, server-sent events": ["rooms.stream", "rooms.eventstream"],
    "cookies": ["endpoints.cookies"],
    "idle_timeout": ["endpoints.idle"],
    "run() of the firmware": ["app.foreign"],
    "forms": ["endpoints.forms"],
    "debug, loop's handler": ["app.debugging"],
    "header editing": ["endpoints.fields"],
    "HTML, JSON, Redirect": ["endpoints.extra"],
    "middleware.base": ["middleware.base"],
    "middleware.cors": ["middleware.cors"],
    "middleware.csrf": ["middleware.csrf"],
    "middleware.hosts": ["middleware.hosts"],
    "middleware.origins": ["middleware.origins"],
    "middleware.ratelimit": ["middleware.ratelimit"],
    "middleware.security": ["middleware.security"],
    "middleware.trace": ["middleware.trace"],
    "receive_event": ["endpoints.events"],
    "JSON with escaped surrogates": ["protocol.surrogates"],
    "sessions": ["sessions"],
    "sessions in files": ["session_files"],
    "Socket.IO": ["socketio"],
    "static files": ["endpoints.static"],
    "status": ["status"],
    "StreamingResponse": ["endpoints.streaming"],
    "EventSourceResponse": ["endpoints.eventsource"],
    "websockets": ["websockets"],
    "/docs, /openapi.json": [
        "endpoints.packed",
        "app.autodocs",
        "app.autodocs.openapi",
        "app.autodocs.asyncapi",
        "app.autodocs.page",
        "app.autodocs.page_data",
    ],
    "/viper.js": ["endpoints.packed", "app.browser", "app.browser.viper_js"],
    "sensors": ["sensors"],
    "testing": ["testing"],
    "device: settings": ["device.settings"],
    "device: Wi-Fi": ["device.wifi", "device.reasons"],
    "device: set-up page": [
        "device.settings",
        "device.portal",
        "endpoints.packed",
        "app.autodocs.page",
        "device.portal_data",
    ],
    "device: health": ["device.health"],
    "device: updates": ["auth", "device.slots", "device.ota"],
    "device.run(), with auth": [
        "device.program",
        "device.settings",
        "device.wifi",
        "device.slots",
        "device.health",
        "auth",
    ],
}
# Loaded only in trouble or at the end, or by the other runtime; nobody pays for them at an import.
NOT_IN_ROWS = (
    "_names.py",  # forgotten as soon as it has been asked
    "transport/streams.py",
    "plain.py",  # of transport and endpoints
    "connection/start.py",  # forgotten again
    "transport/binding.py",  # the same
    "connection/phases.py",  # to be read, and by tests
    "protocol/codes.py",  # the same
    "health_data.py",
    "transport/memory.py",
    "transport/interrupt.py",
    "transport/done.py",
    "transport/aio.py",
    "_cpython.py",
)

# Runs the code strings in turn on the unix port; prints [bytes live after the last one, modules it has loaded].
SCRIPT = """
import gc, sys
def _used():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()
_codes = %r
for _code in _codes[:-1]:
    exec(_code, globals())
_known = list(sys.modules)
_before = _used()
exec(_codes[-1], globals())
_live = _used() - _before
import json
print(json.dumps([_live, [name for name in sys.modules if name not in _known]]))
"""


def codes(row: str) -> list[str]:
    """What runs for a row: the last one is measured."""
    if row in CORE_ROWS:
        return [FIRMWARE, CORE_ROWS[row]]
    return [FIRMWARE, SERVING, "\n".join("import viperhttp." + name for name in OPTIONAL[row])]


def rows() -> list[str]:
    """Names of the rows, in order."""
    return [*CORE_ROWS, *OPTIONAL]


class Compiled:
    """The package as .mpy files: `with Compiled() as compiled: compiled.heap32("auth")`.

    small    as tools/mpy builds them for an application that serves a WebSocket
    bundled  and as one module what all servers load
    """

    def __init__(self, small: bool = False, bundled: bool = True):
        self.small = small
        self.bundled = bundled

    def __enter__(self) -> Compiled:
        self.made = tempfile.TemporaryDirectory()
        self.folder = self.made.name
        if self.small:
            joined = modules.bundles.chosen(modules.SOCKET)
            sizes = build.build(self.folder, modules.ARCHITECTURE, bundled=self.bundled, joined=joined)
            self.sizes = {path.replace(".mpy", ".py"): size for path, size in sizes.items()}
        else:
            self.sizes = modules.compile_package(ROOT / "viperhttp", pathlib.Path(self.folder))
        return self

    def __exit__(self, *_) -> None:
        self.made.cleanup()

    def heap32(self, row: str) -> int:
        """Bytes live on the 32-bit VM. toolbox.Missing where there is no node."""
        last = heap32.heap({"viperhttp": self.folder + "/viperhttp"}, codes(row))[-1]
        if last["error"]:
            raise RuntimeError(f"{row} on the 32-bit VM: {last['error']}")
        return last["live"]

    def unix(self, row: str) -> tuple[int, list[str]]:
        """(bytes live on the unix port, paths of the modules that were loaded)."""
        done = subprocess.run(
            [toolbox.micropython(), "-X", "heapsize=" + UNIX_HEAP, "-c", SCRIPT % (codes(row),)],
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
            cwd=self.folder,  # not the project's: its sources would be found first
            env={"MICROPYPATH": f"{self.folder}:.frozen", "PATH": os.environ.get("PATH", "")},
        )
        if done.returncode:
            raise RuntimeError(f"{row} on the unix port: {done.stderr.strip() or done.stdout.strip()}")
        live, names = json.loads(done.stdout)
        return live, [path for name in names if (path := modules.file_of(name, self.sizes, ".py"))]

    def mpy(self, paths: list[str]) -> int:
        """Bytes of the .mpy files of these modules."""
        return sum(self.sizes[path] for path in paths)


def host_measure(compiled: Compiled) -> dict[str, dict]:
    """{row: {"heap64", "mpy", "modules"}}: what needs no node."""
    result = {}
    for row in rows():
        live, loaded = compiled.unix(row)
        result[row] = {"heap64": live, "mpy": compiled.mpy(loaded), "modules": loaded}
    return result


def board_measure(compiled: Compiled) -> dict[str, int]:
    """{row: bytes}: the 32-bit heap. toolbox.Missing where there is no node."""
    toolbox.wasm_folder()  # installs it, once and not in every thread
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        return dict(zip(rows(), pool.map(compiled.heap32, rows()), strict=True))


def unlisted(measured: dict[str, dict]) -> list[str]:
    """Paths of modules for boards that are in no row."""
    known = {path for one in measured.values() for path in one["modules"]}
    known |= {path.replace(f"/{modules.MACHINE_CODE}.py", "/_pure.py") for path in known}
    return [
        path
        for path in tree.modules()
        if path not in known and not path.endswith(NOT_IN_ROWS) and not tree.is_for(path, tree.HOST_ONLY)
    ]


def budgets() -> dict[str, dict[str, int]]:
    return json.loads(BUDGET.read_text())


def budget_for(measured: int) -> int:
    """The most that a part may take from now on."""
    return -(-int(measured * HEADROOM + SLACK) // GRAIN) * GRAIN


def table(measured: dict[str, dict], limits: dict[str, dict[str, int]]) -> list[str]:
    """Lines: each figure with its budget."""
    width = max(map(len, measured))
    lines = [f"{'':{width}}  " + "  ".join(f"{head:>16}" for head in COLUMNS.values())]
    lines.append(f"{'bytes / budget':{width}}")
    for row, found in measured.items():
        cells = []
        for column in COLUMNS:
            limit = limits.get(row, {}).get(column, "-")
            cells.append(f"{found.get(column, '-'):>7} / {limit:>6}")
        lines.append(f"{row:{width}}  " + "  ".join(cells))
    return lines


def update(measured: dict[str, dict]) -> None:
    """Write the budgets; a column that was not measured keeps its own."""
    old = budgets() if BUDGET.exists() else {}
    new = {}
    for row, found in measured.items():
        new[row] = {key: budget_for(found[key]) if key in found else old.get(row, {}).get(key) for key in COLUMNS}
    lines = [f"  {json.dumps(row)}: {json.dumps(limits)}" for row, limits in new.items()]
    BUDGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def print_small() -> None:
    """The first rows, from the small files."""
    with Compiled(small=True) as compiled:
        for row in CORE_ROWS:
            print(f"{row:34}  {compiled.heap32(row):>7}  {compiled.mpy(compiled.unix(row)[1]):>7}")


def main(arguments: list[str]) -> int:
    try:
        if "--small" in arguments:
            print_small()
            return 0
        with Compiled() as compiled:
            measured = host_measure(compiled)
            try:
                for row, live in board_measure(compiled).items():
                    measured[row]["heap32"] = live
            except toolbox.Missing as missing:
                print(f"No 32-bit figures: {missing}", file=sys.stderr)
    except toolbox.Missing as missing:
        print(f"error: {missing}", file=sys.stderr)
        return 1
    if "--update" in arguments:
        update(measured)
    print("\n".join(table(measured, budgets() if BUDGET.exists() else {})))
    for path in unlisted(measured):
        print(f"note: {path} is in no row", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
