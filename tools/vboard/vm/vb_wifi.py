"""Stand-in for `network`: a radio whose surroundings are in world.json, and may change at any time.

    {"networks": {"home": "its password"}, "up": true, "lies": false, "address": "127.0.0.1"}

networks  what can be joined; null is any network with any password
up        false: the network cannot be heard. Connections stay open and nothing comes through them
lies      isconnected() goes on to say True while nothing comes through, as drivers have been seen to do
"""

import sys

STA_IF, AP_IF = 0, 1
RSSI = -55
ADDRESS_OF_AP = "192.168.4.1"
# Names of the states and their numbers differ from port to port.
STATES = {
    "esp32": {"idle": 1000, "connecting": 1001, "got_ip": 1010, "wrong_password": 202, "no_ap": 201, "lost": 200},
    "rp2": {"idle": 0, "connecting": 1, "got_ip": 3, "wrong_password": -3, "no_ap": -2, "lost": -1},
    "esp8266": {"idle": 0, "connecting": 1, "got_ip": 5, "wrong_password": 2, "no_ap": 3, "lost": 4},
}
NAMES = {
    "STAT_IDLE": "idle",
    "STAT_CONNECTING": "connecting",
    "STAT_GOT_IP": "got_ip",
    "STAT_WRONG_PASSWORD": "wrong_password",
    "STAT_NO_AP_FOUND": "no_ap",
}


class Radio:
    """What both interfaces share: the surroundings, and what has been asked for."""

    def __init__(self, world):
        self.world = world
        self.state = STATES[world.platform]
        self.heals = world.platform != "rp2"  # Espressif's driver joins again by itself
        self.hostname = "mpy-" + world.platform
        self.country = "XX"
        self.target = None  # (ssid, key)
        self.joined = False
        self.status = "idle"

    def join(self, ssid, key):
        self.target = (ssid, key or "")
        self.joined = False
        self.status = "connecting"
        self.world.tell("wifi join " + ssid)

    def leave(self):
        self.target, self.joined, self.status = None, False, "idle"

    def look(self):
        """Bring `joined` and `status` up to date with the surroundings, which are returned."""
        around = self.world.read()
        if self.target is None:
            return around
        if not around["up"]:
            if self.joined and not around["lies"]:
                self.joined, self.status = False, "lost"
            elif not self.joined and self.status == "connecting":
                self.status = "no_ap"
        elif not self.joined and (self.status == "connecting" or (self.heals and self.status in ("lost", "no_ap"))):
            self.status = self._outcome(around["networks"])
            self.joined = self.status == "got_ip"
            self.world.tell("wifi " + self.status)
        return around

    def _outcome(self, networks):
        ssid, key = self.target
        if networks is None:
            return "got_ip"
        if ssid not in networks:
            return "no_ap"
        return "got_ip" if networks[ssid] == key else "wrong_password"


def interface_class(radio):
    """The class WLAN of this board."""

    class WLAN:
        IF_STA, IF_AP = STA_IF, AP_IF
        PM_NONE, PM_PERFORMANCE, PM_POWERSAVE = (0, 1, 2) if radio.heals else (0xA11140, 0xA11142, 0xA11C82)
        SEC_OPEN, SEC_WPA2, SEC_WPA_WPA2 = (0, 3, 4) if radio.heals else (0, 0x400004, 0x400006)

        def __init__(self, interface=STA_IF):
            self._ap = interface == AP_IF
            self._active = False
            self._static = None
            self._config = {"pm": WLAN.PM_PERFORMANCE, "essid": "", "ssid": "", "channel": 1, "reconnects": -1}

        def active(self, *on):
            if not on:
                return self._active
            self._active = bool(on[0])
            if self._ap:
                radio.world.tell("wifi ap " + ("on" if self._active else "off"))
            elif not self._active:
                radio.leave()

        def connect(self, ssid=None, key=None, bssid=None):
            if not self._active:
                raise OSError("Wifi Not Started")
            radio.join(ssid, key)

        def disconnect(self):
            radio.leave()

        def isconnected(self):
            if self._ap:
                return False
            radio.look()
            return self._active and radio.joined

        def status(self, *what):
            if what:
                if what[0] == "rssi":
                    return RSSI
                if what[0] == "stations":
                    return []
                raise ValueError("unknown status")
            radio.look()
            return radio.state[radio.status]

        def ifconfig(self, *settings):
            if settings:
                self._static = settings[0]
                return None
            if self._ap:
                return (ADDRESS_OF_AP, "255.255.255.0", ADDRESS_OF_AP, ADDRESS_OF_AP)
            address = radio.look()["address"]
            if not radio.joined:
                return ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")
            if self._static and self._static != "dhcp":
                return tuple(self._static)
            return (address, "255.0.0.0", address, address)

        def ipconfig(self, *what, **settings):
            if settings:
                address = settings.get("addr4", "dhcp")
                self._static = None if address == "dhcp" else (address, "255.0.0.0", address, address)
                return None
            address, mask, gateway, _ = self.ifconfig()
            return {"addr4": (address, mask), "gw4": gateway, "dhcp4": self._static is None}[what[0]]

        def config(self, *what, **settings):
            for name, value in settings.items():
                self._config[name] = value
                if name in ("pm", "essid", "ssid"):
                    radio.world.tell("wifi %s %s" % (name, value))
            if not what:
                return None
            if what[0] == "mac":
                return b"\xde\xad\xbe\xef\x00" + (b"\x02" if self._ap else b"\x01")
            if what[0] in ("hostname", "dhcp_hostname"):
                return radio.hostname
            if what[0] not in self._config:
                raise ValueError("unknown config param")
            return self._config[what[0]]

        def scan(self):
            around = radio.look()
            names = (around["networks"] or {"vboard": ""}) if around["up"] else {}
            return [(name.encode(), b"\0\0\0\0\0\1", 1, RSSI, 3 if names[name] else 0, False) for name in names]

    return WLAN


def install(world):
    """Put the stand-in where `import network` finds it."""

    class Network:
        """The module."""

    radio = Radio(world)
    module = Network()
    made = {}
    kind = interface_class(radio)

    class WLAN(kind):
        """One object per interface, as on a board."""

        def __new__(cls, interface=STA_IF):
            if interface not in made:
                made[interface] = kind(interface)
            return made[interface]

    module.WLAN = WLAN
    module.STA_IF, module.AP_IF = STA_IF, AP_IF
    module.AUTH_OPEN, module.AUTH_WPA2_PSK = 0, 3
    for name, state in NAMES.items():
        setattr(module, name, radio.state[state])
    module.hostname = lambda *name: setattr(radio, "hostname", name[0]) if name else radio.hostname
    module.country = lambda *code: setattr(radio, "country", code[0]) if code else radio.country
    module.ipconfig = lambda *what, **settings: None
    sys.modules["network"] = module
