"""Finds the readings that this machine really has, and takes them.

A reading is a function that returns a number. Each candidate is tried once at the start and kept only if
it answered, so what a platform lacks is never shown. A reading that fails later is None until it works again.
"""

import sys

HOST_PLATFORMS = ("linux", "darwin", "win32", "cygwin", "freebsd")


class Reading:
    """One measured quantity: how it is called, what scale it has, and how to read it."""

    def __init__(self, key, label, unit, read, group=None, low=None, high=None, digits=1, every=1):
        self.key = key
        self.label = label
        self.unit = unit
        self.read = read
        self.group = group or label  # readings of one group share a chart
        self.low = low  # the scale's ends, where the quantity has natural ones
        self.high = high
        self.digits = digits
        self.every = every  # take it on every n-th sample only: some readings cost milliseconds on a board
        self.value = None

    def describe(self):
        """What a page needs to know in order to show this reading."""
        return {
            "key": self.key,
            "label": self.label,
            "unit": self.unit,
            "group": self.group,
            "min": self.low,
            "max": self.high,
            "digits": self.digits,
        }

    def take(self):
        """Read once; returns the number, or None where the reading failed."""
        try:
            self.value = self.read()
        except (OSError, ValueError, IndexError, ZeroDivisionError):
            self.value = None
        return self.value


class Readings:
    """All readings of this machine, sampled together."""

    def __init__(self, candidates):
        self.all = [reading for reading in candidates if reading.take() is not None]
        self._turn = 0

    def describe(self):
        return [reading.describe() for reading in self.all]

    def take(self):
        """One sample: a list of numbers (None where a reading failed), in the order of describe()."""
        self._turn += 1
        return [r.value if self._turn % r.every else r.take() for r in self.all]


def is_host():
    return sys.platform in HOST_PLATFORMS


def find(adc_pin=None):
    """The readings of the machine that this runs on; `adc_pin` names the analogue input of a board."""
    from . import process

    if is_host():
        from . import host as machine
    else:
        from . import board as machine
    return Readings(machine.candidates(adc_pin) + process.candidates())


def describe_machine():
    """Two short texts for the page's heading: the machine's name and what runs on it."""
    if is_host():
        from .host import name
    else:
        from .board import name
    version = ".".join([str(part) for part in sys.implementation.version[:3]])
    runtime = {"micropython": "MicroPython", "cpython": "CPython"}.get(sys.implementation.name, "Python")
    return name(), runtime + " " + version + " on " + sys.platform
