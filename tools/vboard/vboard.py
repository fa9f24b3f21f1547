"""A virtual MicroPython board: the real interpreter behind a serial port, for mpremote and for tests without a board.

    python3 tools/vboard/vboard.py --board esp32 --link /tmp/ttyBOARD
    mpremote connect /tmp/ttyBOARD fs ls

It runs MicroPython's unix port with the board's heap and its own littlefs, runs boot.py and main.py, and does soft and
hard resets. What the unix port lacks has stand-ins: network, machine, esp32, sockets with lwIP's limits. The board's
network is on 127.0.0.1. Ctrl-C or SIGTERM ends it. It is no emulator: no timing, no radio, no flash wear.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "env")]

import interpreters  # noqa: E402
from air import Air, wait  # noqa: E402
from chip import Chip  # noqa: E402
from console import Console  # noqa: E402
from limits import BOARDS  # noqa: E402

LOOK_SECONDS = 0.05  # how often world.json is looked at
CRASH_LOOP = 0.2  # seconds between two starts of a board that ends at once
DEFAULT_WORLD = {"networks": None, "up": True, "lies": False, "address": "127.0.0.1"}
ROM_BANNER = {"esp32": b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"}


class VirtualBoard:
    """The chip, its serial port and its network, in one loop."""

    def __init__(self, options, world):
        limits = BOARDS[options.board]
        flash = pathlib.Path(options.flash).resolve() if options.flash else world / "flash"
        if options.fs == "posix":
            flash.mkdir(parents=True, exist_ok=True)
        settings = {
            "platform": limits.platform,
            "machine": limits.machine,
            "heap": options.heap or limits.heap,
            "storage": options.storage or limits.storage,
            "sockets": limits.sockets,
            "send_buffer": limits.send_buffer,
            "segment": limits.segment,
            "flash": str(flash),
            "filesystem": options.fs,
        }
        self.world = world
        self.platform = limits.platform
        self.chip = Chip(options.micropython, settings, world)
        self.console = Console(options.link, options.tcp, options.log)
        self.air = Air(world, limits.connections)
        self.watchdog = None  # when it bites
        self.reset = None  # "hard" or "soft", once the board has asked for it
        self.events = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.events.bind(str(world / "events"))
        self.events.setblocking(False)
        self._looked = None

    def run(self):
        """Until SystemExit."""
        self.chip.start("power")
        while True:
            air_readers, air_writers = self.air.select_lists()
            readers = [self.events, self.chip.fd, *self.console.readers(), *air_readers]
            readable, writable = wait(readers, [*self.console.writers(), *air_writers], LOOK_SECONDS)
            self.look_around()
            # Before what it prints: who reads "serves ..." may connect at once.
            self.take_events()
            if self.console.master in writable:
                self.console.flush()
            typed = self.console.receive(readable)
            if typed:
                self.chip.write(typed)
            if self.chip.fd in readable:
                self.from_chip()
            self.air.move(readable, writable)
            if self.watchdog and time.monotonic() > self.watchdog:
                self.reset = "watchdog"
            if self.reset:
                self.chip.cut_power()
                self.restart(self.reset)

    def from_chip(self):
        printed = self.chip.read()
        self.take_events()
        if printed is not None:
            self.console.send(printed)
            return
        status = self.chip.ended()
        if status < 0:
            self.console.send(b"\r\n[vboard: MicroPython died of signal %d]\r\n" % -status)
        self.restart("soft")

    def restart(self, cause):
        self.take_events()
        self.watchdog = self.reset = None
        self.air.reset()
        self.console.send(b"MPY: soft reboot\r\n" if cause == "soft" else ROM_BANNER.get(self.platform, b""))
        if time.monotonic() - getattr(self, "started", 0) < CRASH_LOOP:
            time.sleep(CRASH_LOOP)
        self.started = time.monotonic()
        self.chip.start(cause)

    def take_events(self):
        """What the board's side has told (vm/vb_world.py), each also a line of events.log."""
        while True:
            try:
                words = self.events.recv(256).decode().split()
            except BlockingIOError:
                return
            if words[0] == "listen":
                self.air.listen(words[1])
            elif words[0] == "main":
                self.chip.ready()
            elif words[0] == "close":
                self.air.unlisten(words[1])
            elif words[0] == "reset":
                self.reset = words[1]
            elif words[0] == "watchdog":
                self.watchdog = time.monotonic() + int(words[1]) / 1000
                continue
            with open(self.world / "events.log", "a", encoding="utf-8") as log:
                log.write(" ".join(words) + "\n")

    def look_around(self):
        """Has somebody changed world.json?"""
        try:
            path = self.world / "world.json"
            stamp = path.stat().st_mtime_ns, path.stat().st_ino
            if stamp != self._looked:
                self.air.up = json.loads(path.read_text())["up"]
                self._looked = stamp
        except (OSError, ValueError):
            pass  # just being written

    def close(self):
        self.chip.cut_power()
        self.air.reset()
        self.console.close()
        self.events.close()


def size(text):
    """128K, 2M or a number, as bytes."""
    match = re.fullmatch(r"(\d+)([KkMm]?)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 112K or 2M")
    return int(match[1]) * {"": 1, "k": 1024, "m": 1 << 20}[match[2].lower()]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", default="esp32", choices=BOARDS, help="whose limits (default: esp32)")
    parser.add_argument("--link", help="where to put a link to the serial port, for mpremote connect LINK")
    parser.add_argument("--tcp", type=int, metavar="PORT",
                        help="also serve it on 127.0.0.1:PORT, for mpremote connect socket://...; 0 is any port")
    parser.add_argument("--flash", help="file that keeps the board's files (default: gone with the board)")
    parser.add_argument("--fs", default="lfs2", choices=("lfs2", "posix"),
                        help="lfs2: an image of littlefs, as on a board; posix: a folder, easy to look into")
    parser.add_argument("--heap", type=size, help="another heap, in the board's 32-bit words, such as 64K")
    parser.add_argument("--storage", type=size, help="another size of the file system, such as 256K")
    parser.add_argument("--world", help="folder with world.json, ports.json and events.log (default: a temporary one)")
    parser.add_argument("--log", help="file to which everything the board prints is added")
    parser.add_argument("--micropython", help="path of the unix port (default: the project's)")
    return parser.parse_args()


def make_world(folder):
    """The folder with its world.json, unless that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("events", "ports.json"):
        (folder / name).unlink(missing_ok=True)
    if not (folder / "world.json").exists():
        (folder / "world.json").write_text(json.dumps(DEFAULT_WORLD))
    return folder


def stop(*_):
    raise SystemExit


def main():
    options = arguments()
    options.micropython = options.micropython or interpreters.find_micropython()
    if not options.micropython:
        print(interpreters.why_no_micropython(), file=sys.stderr)
        return 1
    temporary = None if options.world else tempfile.mkdtemp(prefix="vboard-")
    world = make_world(pathlib.Path(options.world or temporary).resolve())
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    board = VirtualBoard(options, world)
    try:
        print(f"serial port {options.link or board.console.name}", flush=True)
        if board.console.port:
            print(f"socket://127.0.0.1:{board.console.port}", flush=True)
        board.run()
    finally:
        board.close()
        if temporary:
            shutil.rmtree(temporary)
    return 0


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
