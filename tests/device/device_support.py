"""What the tests of viperhttp.device share: a folder, and scriptable stand-ins for `network` and `machine`.

Runs on CPython and on MicroPython.
"""

import os
import sys

_count = [0]


class Folder:
    """A new folder for a `with` block; it and all in it are deleted afterwards."""

    def __enter__(self):
        base = os.getenv("TMPDIR") or "/tmp"
        while True:
            _count[0] += 1
            self.path = "%s/viperhttp-device-%d-%d" % (base, _number(), _count[0])
            try:
                os.mkdir(self.path)
                return self.path
            except OSError:
                continue  # another test's

    def __exit__(self, *_):
        delete(self.path)


def _number():
    return int.from_bytes(os.urandom(4), "big") if hasattr(os, "urandom") else 0


def delete(path):
    """Delete a file, or a folder and all in it."""
    try:
        names = os.listdir(path)
    except OSError:
        os.remove(path)
        return
    for name in names:
        delete(path + "/" + name)
    os.rmdir(path)


def raises(kind, function, *arguments):
    """Call function(*arguments); return the exception of that kind which it must raise."""
    try:
        got = function(*arguments)
    except kind as error:
        return error
    raise AssertionError("%s%r gave %r, not %s" % (function, arguments, got, kind.__name__))


# ---- the stand-ins ---------------------------------------------------------------

NUMBERS = {
    # What each port's `network` has, with its numbers.
    "esp32": {
        "STAT_IDLE": 1000, "STAT_CONNECTING": 1001, "STAT_GOT_IP": 1010, "STAT_NO_AP_FOUND": 201,
        "STAT_WRONG_PASSWORD": 202, "STAT_BEACON_TIMEOUT": 200, "STAT_ASSOC_FAIL": 203, "STAT_HANDSHAKE_TIMEOUT": 204,
    },
    "rp2": {
        "STAT_IDLE": 0, "STAT_CONNECTING": 1, "STAT_GOT_IP": 3, "STAT_CONNECT_FAIL": -1, "STAT_NO_AP_FOUND": -2,
        "STAT_WRONG_PASSWORD": -3,
    },
    "esp8266": {
        "STAT_IDLE": 0, "STAT_CONNECTING": 1, "STAT_WRONG_PASSWORD": 2, "STAT_NO_AP_FOUND": 3, "STAT_CONNECT_FAIL": 4,
        "STAT_GOT_IP": 5,
    },
}


class Air:
    """What the radio meets: {ssid: {"key": password, "rssi": dBm, "dhcp": False for none, "slow": looks it takes}}.

    A test changes it while the program runs. `calls` is what the program asked of the interface, in order.
    """

    def __init__(self, platform="esp32", **networks):
        self.platform = platform
        self.networks = networks
        self.calls = []
        self.settings = {}
        self.address = "127.0.0.1"  # of the station, its gateway and its name server
        self.frozen = False  # isconnected() and status() keep saying what they said before
        self.hostname = None

    def module(self):
        """The stand-in for `network`."""
        air = self

        class WLAN(Station):
            pass

        if self.platform != "old":
            WLAN.PM_NONE = 0
        network = Names()
        network.WLAN = lambda interface: air.interfaces[interface]
        network.WLAN = WLAN
        network.STA_IF, network.AP_IF = 0, 1
        WLAN.air = self
        WLAN.instances = {}
        for name, number in NUMBERS[self.platform].items():
            setattr(network, name, number)

        def hostname(name=None):
            if name is not None:
                air.calls.append(("hostname", name))
                air.hostname = name
            return air.hostname

        network.hostname = hostname
        network.country = lambda code=None: air.calls.append(("country", code))
        return network

    def number(self, name):
        return NUMBERS[self.platform].get(name)


class Names:
    """Attributes; str() of it names them."""


class Station:
    """network.WLAN: one object for each interface, as on a board."""

    air = None
    instances = {}

    def __init__(self, interface=0):
        self.interface = interface
        self.shared = self.instances.setdefault(interface, {"on": False, "ssid": None, "key": None, "looks": 0,
                                                            "said": None, "fixed": None})

    def active(self, on=None):
        if on is not None:
            self.air.calls.append(("active", self.interface, on))
            self.shared["on"] = bool(on)
            if not on:
                self.shared["ssid"] = None
        return self.shared["on"]

    def config(self, *names, **settings):
        if names:
            return self.air.settings.get(names[0])
        for name, value in settings.items():
            if name == "reconnects" and self.air.platform != "esp32" or name == "dhcp_hostname":
                raise ValueError("unknown config param")
            self.air.calls.append(("config", self.interface, name))
            self.air.settings[(self.interface, name)] = value

    def connect(self, ssid, key=None):
        if not self.shared["on"]:
            raise OSError("Wifi Not Started")
        self.air.calls.append(("connect", ssid))
        self.shared.update({"ssid": ssid, "key": key, "looks": 0, "said": None})

    def disconnect(self):
        self.air.frozen = False
        self.shared["ssid"] = None

    def _state(self):
        """"up", or the name of a STAT_ constant."""
        if self.air.frozen and self.shared["said"]:
            return self.shared["said"]
        self.shared["said"] = said = self._now()
        return said

    def _now(self):
        if self.shared["ssid"] is None:
            return "STAT_IDLE"
        there = self.air.networks.get(self.shared["ssid"])
        if there is None:
            return "STAT_NO_AP_FOUND"
        self.shared["looks"] += 1
        if self.shared["looks"] <= there.get("slow", 1) or there.get("silent"):
            return "STAT_CONNECTING"
        if there.get("key") != self.shared["key"]:
            return "STAT_WRONG_PASSWORD"
        if not there.get("dhcp", True) and not self.shared["fixed"]:
            return "no address"
        return "STAT_GOT_IP"

    def isconnected(self):
        return self._state() == "STAT_GOT_IP"

    def status(self, what=None):
        state = self._state()
        if what == "rssi":
            if state not in ("STAT_GOT_IP", "no address"):
                raise OSError("not connected")
            return self.air.networks[self.shared["ssid"]].get("rssi", -50)
        if state == "no address":
            return 2 if self.air.platform == "rp2" else self.air.number("STAT_CONNECTING")
        return self.air.number(state)

    def ifconfig(self, new=None):
        if new is not None:
            self.air.calls.append(("ifconfig", new))
            self.shared["fixed"] = None if new == "dhcp" else new
            return None
        if self.interface == 1:
            return (self.air.address,) * 4
        if self._state() != "STAT_GOT_IP":
            return ("0.0.0.0",) * 4
        return self.shared["fixed"] or (self.air.address, "255.0.0.0", self.air.address, self.air.address)

    def scan(self):
        self.air.calls.append(("scan",))
        found = []
        for ssid, there in self.air.networks.items():
            if not there.get("hidden"):
                found.append((ssid.encode(), bytes(6), 1, there.get("rssi", -50), 3 if there.get("key") else 0, False))
        return found


def install(air):
    """Put the stand-in for `network` in place, and load what uses it anew; returns viperhttp.device.wifi."""
    import viperhttp.device

    sys.modules["network"] = air.module()
    for name in ("wifi", "portal"):
        sys.modules.pop("viperhttp.device." + name, None)
        if hasattr(viperhttp.device, name):
            delattr(viperhttp.device, name)
    import viperhttp.device.wifi as wifi

    wifi.sys = Platform(air.platform)
    wifi._POLL = 0.001
    return wifi


class Platform:
    """Stands for `sys` in a module under test."""

    def __init__(self, platform):
        self.platform = platform
        self.stderr = sys.stderr


# ---- flash ------------------------------------------------------------------------


class PowerCut(BaseException):
    """The board is off from here on."""


class Flash:
    """Stands for `os` and `open` in modules under test; the power goes when `budget` bytes or steps are used."""

    def __init__(self, budget):
        self.budget = budget

    def __getattr__(self, name):
        return getattr(os, name)

    def spend(self, n):
        """How many of n go through."""
        if self.budget <= 0:
            raise PowerCut()
        done = min(n, self.budget)
        self.budget -= n
        return done

    def open(self, name, mode="r"):
        if "w" not in mode:
            return open(name, mode)
        self.spend(1)
        return CutFile(self, name)

    def rename(self, a, b):
        self.spend(1)
        os.rename(a, b)

    def remove(self, name):
        self.spend(1)
        os.remove(name)

    def rmdir(self, name):
        self.spend(1)
        os.rmdir(name)

    def mkdir(self, name):
        try:
            os.stat(name)
        except OSError:
            self.spend(1)
        os.mkdir(name)

    def fsync(self, number):
        self.spend(1)

    def sync(self):
        self.spend(1)

    def under(self, *modules):
        """A context in which the modules use this flash."""
        return _Under(self, modules)


class _Under:
    def __init__(self, flash, modules):
        self.flash = flash
        self.modules = modules

    def __enter__(self):
        for module in self.modules:
            module.os = self.flash
            module.open = self.flash.open

    def __exit__(self, *_):
        for module in self.modules:
            module.os = os
            del module.open


class CutFile:
    def __init__(self, flash, name):
        self.flash = flash
        self.file = open(name, "wb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def close(self):
        self.file.close()

    def fileno(self):
        return 0

    def flush(self):
        self.file.flush()

    def write(self, data):
        if isinstance(data, str):
            data = data.encode()
        done = self.flash.spend(len(data))
        self.file.write(data[:done])
        if done < len(data):
            raise PowerCut()
        return done


def tar(files):
    """A ustar archive of {name: bytes, or None for a folder}."""
    out = b""
    for name, data in files.items():
        head = bytearray(512)
        raw = name.encode()
        head[: len(raw)] = raw
        head[100:107] = b"0000644"
        head[124:135] = b"%011o" % len(data or b"")
        head[148:156] = b" " * 8
        head[156:157] = b"5" if data is None else b"0"
        head[257:265] = b"ustar\x0000"
        head[148:155] = b"%06o\x00" % sum(head)
        out += bytes(head) + (data or b"") + bytes(-len(data or b"") % 512)
    return out + bytes(1024)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def silent(*modules):
    """report() of these modules goes to the list that is returned."""
    said = []

    def note(where, error=None, traceback=False):
        said.append(where if error is None else "%s: %s" % (where, error))

    for module in modules:
        module.report = note
    return said


# ---- a server in this process ------------------------------------------------------


def serve(app, body, **config):
    """Run the application on a free port of 127.0.0.1 and `body(port)` beside it; returns what that returns."""
    import asyncio

    async def main(port):
        task = asyncio.create_task(app.serve("127.0.0.1", port, **config))
        for _ in range(500):
            if app.server is not None or task.done():
                break
            await asyncio.sleep(0.01)
        if task.done():
            await task  # the port is somebody else's: OSError
        try:
            return await asyncio.wait_for(body(port), 40)
        finally:
            await app.shutdown()
            await task

    for _ in range(20):
        try:
            return asyncio.run(main(20000 + int.from_bytes(os.urandom(2), "big") % 8000))
        except OSError as error:
            if "in use" not in str(error):
                raise
        finally:
            asyncio.new_event_loop()
    raise AssertionError("no free port")


async def fetch(port, path, headers="", method="GET"):
    """(status, head, body) of a request."""
    import asyncio

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        request = "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s\r\n" % (method, path, headers)
        writer.write(request.encode())
        await writer.drain()
        data = await reader.read(-1)
    finally:
        writer.close()
        if hasattr(writer, "wait_closed"):
            try:
                await writer.wait_closed()
            except OSError:
                pass
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), str(head, "utf-8"), body


async def until(condition, what):
    """Wait until condition() is true, for 20 seconds at most."""
    import asyncio

    for _ in range(2000):
        found = condition()
        if found:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(what)
