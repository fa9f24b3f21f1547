"""Readings of a host: what Linux tells in /proc and /sys, and the load average elsewhere."""

import os

from . import Reading

GIB_IN_KIB = 1024 * 1024
MAX_TEMPERATURES = 4  # lines that one chart can show and a reader can tell apart


def candidates(_adc_pin=None, root=""):
    """Everything a host might have; `root` stands in for / in tests."""
    found = [
        Reading("cpu", "CPU busy", "%", CpuBusy(root + "/proc/stat").read, low=0, high=100),
        Reading("load1", "Load, 1 min", "", lambda: load(root, 0), group="Load average", low=0, digits=2),
        Reading("load5", "Load, 5 min", "", lambda: load(root, 1), group="Load average", low=0, digits=2),
    ]
    total = safely(memory_total, root)
    if total is not None:

        def used():  # as `free` counts it: what programs cannot have
            return total - meminfo(root, "MemAvailable:") / GIB_IN_KIB

        found.append(Reading("memory", "Memory used", "GiB", used, None, 0, round(total, 1), 2))
    for number, (label, path) in enumerate(temperature_files(root)):
        key = "temp%d" % number
        found.append(Reading(key, label, "°C", lambda path=path: read_milli(path), group="Temperature"))
    return found


def name():
    """The host's name, where it can be read."""
    text = safely(first_line, "/proc/sys/kernel/hostname")
    if text:
        return text
    try:
        import platform

        return platform.node() or "This computer"
    except (ImportError, AttributeError):
        return "This computer"


class CpuBusy:
    """Share of time in which the processors did anything, between two reads of /proc/stat."""

    def __init__(self, path):
        self._path = path
        self._busy = self._total = 0
        self._last = None

    def read(self):
        fields = [int(field) for field in first_line(self._path).split()[1:9]]
        total = sum(fields)
        busy = total - fields[3] - fields[4]  # idle and iowait
        elapsed = total - self._total
        # Counted in ticks of 10 ms: too short a time to divide by is no new reading.
        if elapsed > 0:
            self._last = max(0.0, min(100.0, 100.0 * (busy - self._busy) / elapsed))
            self._busy, self._total = busy, total
        return self._last


def load(root, index):
    """Load average over 1 (index 0) or 5 (index 1) minutes."""
    try:
        return float(first_line(root + "/proc/loadavg").split()[index])
    except OSError:
        if not hasattr(os, "getloadavg"):
            raise
        return os.getloadavg()[index]


def memory_total(root=""):
    return meminfo(root, "MemTotal:") / GIB_IN_KIB


def meminfo(root, field):
    with open(root + "/proc/meminfo") as lines:
        for line in lines:
            if line.startswith(field):
                return int(line.split()[1])
    raise ValueError(field)


def temperature_files(root=""):
    """(label, path) of the temperatures that the system offers: thermal zones, else hwmon's inputs."""
    found = []
    base = root + "/sys/class/thermal"
    for entry in sorted(listdir(base)):
        if entry.startswith("thermal_zone"):
            label = safely(first_line, base + "/" + entry + "/type") or entry
            found.append((label, base + "/" + entry + "/temp"))
    if not found:
        found = hwmon_files(root + "/sys/class/hwmon")
    return [(label, path) for label, path in found if safely(read_milli, path) is not None][:MAX_TEMPERATURES]


def hwmon_files(base):
    found = []
    for chip in sorted(listdir(base)):
        folder = base + "/" + chip
        for entry in sorted(listdir(folder)):
            if not (entry.startswith("temp") and entry.endswith("_input")):
                continue
            label = safely(first_line, folder + "/" + entry[:-6] + "_label")
            found.append((label or safely(first_line, folder + "/name") or chip, folder + "/" + entry))
    return found


def read_milli(path):
    """A sysfs value given in thousandths."""
    return int(first_line(path)) / 1000


def first_line(path):
    with open(path) as file:
        return file.readline().strip()


def listdir(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def safely(function, argument):
    """The function's result, or None where the system does not have what it reads."""
    try:
        return function(argument)
    except (OSError, ValueError, IndexError):
        return None
