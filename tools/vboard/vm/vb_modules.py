"""Stand-ins for what is left: sys.platform and sys.implementation, os.uname(), the chip's own modules."""

import os
import sys

import vb_world


class Implementation:
    """sys.implementation with the board's name in it; the .mpy architecture stays that of this interpreter."""

    def __init__(self, real, machine):
        self.name = real.name
        self.version = real.version
        self._mpy = real._mpy
        self._build = "vboard"
        self._machine = machine

    def __getitem__(self, index):
        return (self.name, self.version, self._machine, self._mpy)[index]


class Uname:
    """What os.uname() returns."""

    def __init__(self, platform, release, machine):
        self.sysname = self.nodename = platform
        self.release = release
        self.version = "v" + release
        self.machine = machine

    def __getitem__(self, index):
        return (self.sysname, self.nodename, self.release, self.version, self.machine)[index]


class Module:
    """An empty module, to be filled."""


def install(world):
    machine = "Virtual board with " + world.machine
    system = vb_world.Over(sys)
    system.platform = world.platform
    system.implementation = Implementation(sys.implementation, machine)
    release = ".".join([str(part) for part in sys.implementation.version[:3]])
    files = vb_world.Over(os, ("getenv", "putenv", "unsetenv", "system", "errno"))
    files.uname = lambda: Uname(world.platform, release, machine)
    if world.platform == "esp32":
        _esp32(world)
    elif world.platform == "rp2":
        sys.modules["rp2"] = Module()
    _esp(world)
    sys.modules["os"] = files
    sys.modules["sys"] = system


def _esp(world):
    if world.platform in ("esp32", "esp8266"):
        module = Module()
        module.osdebug = lambda *level: None
        module.flash_size = lambda: 4 << 20
        sys.modules["esp"] = module


def _esp32(world):
    module = Module()
    module.HEAP_DATA, module.HEAP_EXEC = 4, 1
    # One region: (total, free, largest free block, least free so far).
    module.idf_heap_info = lambda kind: [(160000, 60000, 31744, 52000)]
    if world.machine == "ESP32":
        module.raw_temperature = lambda: 120  # degrees Fahrenheit
    else:
        module.mcu_temperature = lambda: 41
    sys.modules["esp32"] = module
