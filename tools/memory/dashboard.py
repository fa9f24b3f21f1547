"""Prints the smallest heap in which the dashboard runs on a virtual ESP32 while several browsers watch it.

    python3 tools/memory/dashboard.py               # with 4 clients; a minute
    python3 tools/memory/dashboard.py --clients 2
    python3 tools/memory/dashboard.py --update      # keeps the sentence in boards/README.md

It is flashed once, by `make flash`, and started with one heap after the other. It runs when the page is served, every
client gets its live values and the history, and the board never speaks of memory. The heap is that of the board's
32-bit words; the virtual machine has twice as much, since its words have 64 bits: what is no word, such as text, has
more room there than on a chip.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tools" / name) for name in ("vboard", "env")] + [str(ROOT / "tests" / "behaviour")]

import interpreters  # noqa: E402  tools/env
import live  # noqa: E402  tests/behaviour
import ports  # noqa: E402  tools/env
from running import Running, eventually  # noqa: E402  tools/vboard

README = ROOT / "boards" / "README.md"
MARKS = ("<!-- dashboard: from tools/memory/dashboard.py -->", "<!-- end of dashboard -->")
APP = "examples/dashboard"
BOARD = "esp32"
LARGE = 512  # KiB: enough for flashing
LEAST, MOST, STEP = 64, 192, 2  # KiB between which it is looked for
VALUES = 12  # live values that each client has to get
START_S, WAIT_S = 60, 20
TROUBLE = re.compile("memory|all that was free|has crashed", re.IGNORECASE)
STARTED = re.compile("serves http|" + TROUBLE.pattern, re.IGNORECASE)
FLASH_S = 300


class Board:
    """A virtual ESP32 with the dashboard on it."""

    def __init__(self, folder: str, micropython: str):
        self.folder = pathlib.Path(folder)
        self.micropython = micropython
        self.port = ports.free_port()

    def running(self, heap: int) -> Running:
        """The board, plugged in with a heap of so many KiB."""
        return Running(BOARD, self.folder, heap=f"{heap}K", micropython=self.micropython)

    def flash(self) -> None:
        """Put the dashboard there."""
        fetch = [sys.executable, str(ROOT / "tools" / "assets" / "fetch.py")]
        subprocess.run(fetch, check=True, stdout=subprocess.DEVNULL, timeout=FLASH_S)
        with self.running(LARGE) as board:
            command = [sys.executable, str(ROOT / "tools" / "flash" / "flash.py"), "flash", "--app", APP]
            command += ["--ssid", "home", "--http-port", str(self.port), "--port", str(board.link), "--no-qr"]
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=FLASH_S,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "WIFI_PASSWORD": "secret"},
            )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    def runs(self, heap: int, clients: int) -> bool:
        """Whether so many clients are served within this heap."""
        with self.running(heap) as board, contextlib.ExitStack() as stack:
            since = board.mark()
            try:
                eventually(lambda: re.search(STARTED, board.printed(since)), "it starts", START_S)
                if _trouble(board, since):
                    return False
                viewers = []
                for _ in range(clients):
                    self.get("/")
                    viewers.append(stack.enter_context(live.Socket(self.port, "/live", timeout=WAIT_S)))
                    self.get("/history")
                for _ in range(VALUES):
                    for viewer in viewers:
                        while viewer.next()[2] != "msg":
                            pass
            except (OSError, EOFError, AssertionError, ValueError, http.client.HTTPException):
                return False
            return not _trouble(board, since)

    def get(self, path: str) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=WAIT_S) as answer:
            answer.read()


def _trouble(board: Running, since: int) -> bool:
    return bool(TROUBLE.search(board.printed(since)))


def smallest(board: Board, clients: int) -> int:
    """KiB of the smallest heap; RuntimeError when MOST is too small."""
    least, most = LEAST // STEP, MOST // STEP
    if not board.runs(MOST, clients):
        raise RuntimeError(f"{clients} clients are not served within {MOST} kB")
    while least < most:
        middle = (least + most) // 2
        good = board.runs(middle * STEP, clients)
        print(f"  {middle * STEP} kB: {'runs' if good else 'does not'}", file=sys.stderr, flush=True)
        if good:
            most = middle
        else:
            least = middle + 1
    return most * STEP


def sentence(clients: int, heap: int) -> str:
    return (
        f"The dashboard with {clients} clients and all around it (Wi-Fi, health) runs on a virtual ESP32 with {heap}"
        f" kB\nof heap or more (found with {2 * heap} kB of 64-bit words; steps of {STEP} kB)."
    )


def update(text: str) -> None:
    """Put the sentence between the marks of the README."""
    page = README.read_text(encoding="utf-8")
    pattern = re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1])
    if not re.search(pattern, page, re.DOTALL):
        raise RuntimeError(f"{README} has no place for it: {MARKS[0]}")
    page = re.sub(pattern, lambda _: f"{MARKS[0]}\n\n{text}\n\n{MARKS[1]}", page, flags=re.DOTALL)
    README.write_text(page, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=4, help="how many watch (default: %(default)s)")
    parser.add_argument("--update", action="store_true", help="write it to boards/README.md")
    options = parser.parse_args()
    micropython = interpreters.find_micropython()
    if not micropython:
        print(interpreters.why_no_micropython(), file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        board = Board(folder, micropython)
        board.flash()
        text = sentence(options.clients, smallest(board, options.clients))
    if options.update:
        update(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
