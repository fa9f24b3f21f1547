"""What this machine can switch: pins of a board, lights that Linux lets us have; nothing where there is nothing."""

import os
import sys

LIGHTS = "/sys/class/leds"
# Outputs that are safe to drive on the usual boards, as far as Pin takes them. Put your own here: [("Pump", 15)].
PINS = {
    "rp2": [("LED", "LED"), ("GP15", 15)],  # "LED" is the Pico's own, also where Wi-Fi's chip holds it
    "esp32": [("GPIO 2", 2), ("GPIO 4", 4)],
    "esp8266": [("GPIO 2", 2), ("GPIO 4", 4)],
}


class BoardPin:
    """A pin as an output; it keeps the level that it has until somebody switches it."""

    def __init__(self, pin, label):
        self.pin = pin
        self.label = label

    def read(self):
        return bool(self.pin.value())

    def write(self, on):
        self.pin.value(1 if on else 0)


class Light:
    """A light that Linux shows as a folder with a file `brightness` (a Raspberry Pi's ACT, a keyboard's Caps Lock)."""

    def __init__(self, folder, label):
        self.file = folder + "/brightness"
        self.label = label
        with open(folder + "/max_brightness") as file:
            self.full = file.read().strip()
        with open(self.file, "r+"):
            pass  # an OSError when we may not write it

    def read(self):
        with open(self.file) as file:
            return file.read().strip() not in ("", "0")

    def write(self, on):
        with open(self.file, "w") as file:
            file.write(self.full if on else "0")


def find():
    """(list of outputs, why there are none or "")."""
    try:
        from machine import Pin
    except ImportError:
        return lights()
    found = []
    for label, name in PINS.get(sys.platform, PINS["rp2"]):
        try:
            found.append(BoardPin(Pin(name, Pin.OUT), label))
        except (ValueError, TypeError, OSError):
            pass  # this board has no such pin
    return found, "" if found else "None of the pins listed in outputs.py is on this board."


def lights():
    """The lights below LIGHTS that this user may switch."""
    try:
        names = sorted(os.listdir(LIGHTS))
    except OSError:
        return [], "This machine has no pins, and no lights that Linux could switch."
    found = []
    for name in names:
        try:
            found.append(Light(LIGHTS + "/" + name, name))
        except OSError:
            pass  # not ours to switch
    if found:
        return found, ""
    if not names:
        return [], "This machine has no pins, and no lights that Linux could switch."
    return [], "This machine has no pins, and its %d lights in %s belong to root." % (len(names), LIGHTS)
