"""Wi-Fi that heals: connects with a deadline, watches the link without trusting isconnected(), and comes back.

Of the firmware it uses, and a stand-in for tests has to have: network.WLAN(IF) with active, config, connect,
disconnect, isconnected, status, ifconfig and scan; network.STA_IF, AP_IF and the STAT_ constants; network.hostname
and country where there are any.
"""

import asyncio
import os
import sys

try:
    import network
except ImportError:  # no Wi-Fi: program.has_wifi() has found out, but both are one module in a board's small files
    network = None

from ..cold import once
from ..log import report
from ..transport import ticks, ticks_add, ticks_diff

WRONG_PASSWORD = "wrong password"
NOT_FOUND = "network not found"
NO_ADDRESS = "no address from DHCP"
NOT_LET_IN = "not let in"
NO_ANSWER = "no answer in time"

_NO_ADDRESS_YET = 2  # rp2: associated, without an address; it has no name either
_OLD_PM_NONE = 0xA11140  # rp2 before PM_NONE had a name
_POLL = 0.1
_RADIO_RESET = 5  # failed rounds after which the radio is switched off and on

UP, DOWN, CONNECTING = "up", "down", "connecting"


class WifiError(OSError):
    """No network could be joined. `reasons` is {ssid: why}."""

    def __init__(self, reasons: dict):
        text = "; ".join(["%s: %s" % (ssid, why) for ssid, why in reasons.items()])
        super().__init__(text or "no Wi-Fi network is configured")
        self.reasons = reasons


class Wifi:
    """The station interface.

    networks     list of dicts: ssid, password (or None), and optionally static=(address, mask, gateway, dns) and
                 hidden=True for one that scans do not show
    hostname     the name for DHCP, and NAME.local where the firmware answers mDNS
    country      two letters; they decide about the channels
    timeout      seconds that joining one network may take, address included; default 20
    power_save   default False: with it an idle Pico W answers up to 200 ms late
    check        seconds between two looks at the link; default 5
    silence      seconds without a byte from anybody after which the gateway is asked; default 30
    changed      function(state), called at "connecting", "up" and "down"

    Passwords appear in no message, log line or repr.
    """

    def __init__(
        self,
        networks,
        hostname: str = "viper",
        country: "str | None" = None,
        timeout: float = 20,
        power_save: bool = False,
        check: float = 5,
        silence: float = 30,
        changed=None,
    ):
        self.networks = networks
        self.hostname = hostname
        self.country = country
        self.timeout = timeout
        self.power_save = power_save
        self.check = check
        self.silence = silence
        self.changed = changed
        self.state = DOWN
        self.ssid = None  # the network that was joined last
        self.reasons: dict = {}  # why the last attempt failed: {ssid: reason}
        self.losses = 0  # counter: how often the link was lost
        self.since = ticks()  # tick of the last change of state
        self.probe_port = 53
        self.wlan = network.WLAN(network.STA_IF)
        self._fixed = False  # the interface has a static address
        self._answered = False  # the gateway has answered a probe on this network
        self._missed = 0
        self._quiet = 0.0  # seconds without traffic
        self._heard = None
        self._known = once("viperhttp.device.reasons", "known")(network)

    # ---- what is ---------------------------------------------------------

    def address(self) -> "str | None":
        """The IPv4 address, or None."""
        address = self.wlan.ifconfig()[0]
        return None if address == "0.0.0.0" else address

    def rssi(self) -> "int | None":
        """Signal in dBm, where the firmware tells."""
        try:
            return self.wlan.status("rssi")
        except (OSError, ValueError, TypeError):
            return None

    def status(self) -> dict:
        """For /health: state, ssid, address, hostname, rssi, losses, and why it failed last."""
        return {
            "state": self.state,
            "ssid": self.ssid,
            "address": self.address(),
            "hostname": self.hostname,
            "rssi": self.rssi(),
            "losses": self.losses,
            "reasons": self.reasons,
        }

    def _is(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.since = ticks()
            if self.changed is not None:
                self.changed(state)

    # ---- joining ---------------------------------------------------------

    def start(self) -> None:
        """Switch the radio on and set what has to be set before joining."""
        wlan = self.wlan
        if self.country and hasattr(network, "country"):
            network.country(self.country)
        # Before the interface is up: the name goes out with the first DHCP request.
        if hasattr(network, "hostname"):
            network.hostname(self.hostname)
        if not wlan.active():
            wlan.active(True)
        if not hasattr(network, "hostname"):
            self._config("dhcp_hostname", self.hostname)
        pm_none = getattr(network.WLAN, "PM_NONE", _OLD_PM_NONE if sys.platform == "rp2" else None)
        if not self.power_save and pm_none is not None:
            self._config("pm", pm_none)
        # ESP32 tries for ever and says CONNECTING, unless it is told to stop: only then status() has the reason.
        self._config("reconnects", 2)

    def _config(self, key: str, value) -> None:
        try:
            self.wlan.config(**{key: value})
        except (OSError, ValueError, TypeError):
            pass  # this port, or this version, has no such setting

    async def connect(self) -> str:
        """Join the best of the networks; returns the address. WifiError says why each could not be joined."""
        self._is(CONNECTING)
        self.reasons = {}
        try:
            self.start()
            # The one that was lost comes back most often, and the scan for the others stops the loop for seconds.
            last = [entry for entry in self.networks if entry["ssid"] == self.ssid]
            if await self._try(last) or await self._try([one for one in self.order() if one not in last]):
                return self.address()
        finally:
            if self.state != UP:
                self._is(DOWN)
        for entry in self.networks:
            self.reasons.setdefault(entry["ssid"], NOT_FOUND)
        raise WifiError(self.reasons)

    async def _try(self, entries: list) -> bool:
        for entry in entries:
            reason = await self.join(entry)
            if reason is None:
                self.ssid = entry["ssid"]
                self._answered = False
                self._missed = 0
                self._quiet = 0.0
                self._is(UP)
                return True
            self.reasons[entry["ssid"]] = reason
        return False

    def order(self) -> list:
        """The networks to try: those in sight by signal, then hidden ones; all of them where none is in sight."""
        networks = self.networks
        if len(networks) < 2:
            return list(networks)  # a scan takes seconds, and could tell nothing that joining does not
        signals = {ssid: rssi for ssid, rssi, _ in self.scan()}
        seen = [entry for entry in networks if entry["ssid"] in signals]
        seen.sort(key=lambda entry: -signals[entry["ssid"]])
        return seen + [one for one in networks if one not in seen and (one.get("hidden") or not seen)]

    def scan(self) -> list:
        """What is in sight: [(ssid, signal in dBm, whether it needs a password)], best first, each name once."""
        best: dict = {}
        try:
            if not self.wlan.active():
                self.wlan.active(True)
            found = self.wlan.scan()
        except OSError as error:
            report("Wi-Fi scan", error)
            return []
        for item in found:
            try:
                ssid = str(item[0], "utf-8")
            except UnicodeError:
                continue  # a name that no form could send back
            if ssid and (ssid not in best or item[3] > best[ssid][1]):
                best[ssid] = (ssid, item[3], item[4] != 0)
        return sorted(best.values(), key=lambda one: -one[1])

    async def join(self, entry: dict) -> "str | None":
        """Join one network. None, or the reason why not."""
        wlan = self.wlan
        self.leave()
        self._addresses(entry.get("static"))
        try:
            wlan.connect(entry["ssid"], entry.get("password") or None)
        except (OSError, ValueError, TypeError) as error:
            return "%s (%s)" % (NOT_LET_IN, error)
        deadline = ticks_add(ticks(), int(self.timeout * 1000))
        while True:
            await asyncio.sleep(_POLL)
            if wlan.isconnected() and self.address() is not None:
                return None
            reason = self._known.get(wlan.status())
            if reason is not None:
                break
            if ticks_diff(ticks(), deadline) >= 0:
                reason = NO_ADDRESS if self._associated() else NO_ANSWER
                break
        self.leave()
        return reason

    def _addresses(self, static) -> None:
        if static:
            self.wlan.ifconfig(tuple(static))
        elif self._fixed and sys.platform == "rp2":
            self.wlan.active(False)  # there "dhcp" would wait for an address before the network is joined
            self.start()
        elif self._fixed:
            self.wlan.ifconfig("dhcp")
        self._fixed = bool(static)

    def _associated(self) -> bool:
        if sys.platform == "rp2":
            return self.wlan.status() == _NO_ADDRESS_YET
        return bool(self.rssi())

    def leave(self) -> None:
        """Leave the network; no error where there is none."""
        try:
            self.wlan.disconnect()
        except OSError:
            pass  # ESP32 says so when it was not connected

    # ---- staying ---------------------------------------------------------

    async def supervise(self, heard=None) -> None:
        """Watch the link and mend it, for ever: the body of a task.

        heard   function that returns something else whenever bytes have come in: as long as they do, nothing is asked
        """
        while True:
            await asyncio.sleep(self.check)
            if self.state != UP or not await self.alive(heard() if heard else None):
                await self.mend()

    async def alive(self, heard=None) -> bool:
        """Whether the link works. By its status where that is bad, by traffic, and else by asking the gateway."""
        wlan = self.wlan
        if not wlan.isconnected() or self.address() is None or wlan.status() in self._known:
            return False
        # "Connected" is no proof: a board that the access point has forgotten goes on saying so.
        if heard is not None and heard != self._heard:
            self._heard = heard
            self._quiet = 0.0
            self._missed = 0
            return True
        self._quiet += self.check
        if self._quiet < self.silence and not self._missed:
            return True
        self._quiet = 0.0
        if await self.gateway_answers():
            self._answered = True
            self._missed = 0
            return True
        # A gateway that has never answered proves nothing by its silence.
        self._missed += self._answered
        return self._missed < 3

    async def gateway_answers(self, patience: float = 2) -> bool:
        """Whether the name server or the gateway answers a DNS question, whatever the answer is."""
        from .dns import ask

        config = self.wlan.ifconfig()
        for host in (config[3], config[2]):
            if host != "0.0.0.0" and await ask(host, self.probe_port, patience):
                return True
        return False

    async def mend(self) -> None:
        """Connect again, with growing pauses, until it works."""
        if self.state == UP:
            self.losses += 1
            report("Wi-Fi %s is lost" % self.ssid)
        self._is(DOWN)
        said = None
        pause = 1.0
        rounds = 0
        while True:
            try:
                await self.connect()
                report("Wi-Fi %s is back: %s" % (self.ssid, self.address()))
                return
            except OSError as error:
                rounds += 1
                if str(error) != said:
                    said = str(error)
                    report("Wi-Fi", error)
                if rounds % _RADIO_RESET == 0:
                    self.leave()
                    self.wlan.active(False)
            # Not all boards of a house at the same moment, after a power cut.
            await asyncio.sleep(pause * (0.75 + os.urandom(1)[0] / 512))
            pause = min(pause * 2, 60)


def networks_of(settings) -> list:
    """What Wifi(networks=) takes, from a Settings: its key "networks", with the passwords of the secrets."""
    passwords = settings.secrets.get("networks") or {}
    found = []
    for entry in settings.get("networks") or []:
        entry = dict(entry)
        entry["password"] = passwords.get(entry["ssid"])
        found.append(entry)
    return found


def access_point(ssid: str, password: "str | None" = None):
    """Open an access point, WPA2 with a password of 8 characters or more, and return (interface, address)."""
    ap = network.WLAN(network.AP_IF)
    rp2 = sys.platform == "rp2"
    options = {"ssid": ssid, "security": 0}
    if password:
        options["key"] = password
        options["security"] = getattr(network.WLAN, "SEC_WPA_WPA2", None) or (0x400004 if rp2 else 4)
    if rp2:
        ap.config(**options)  # it takes them when it starts
        ap.active(True)
    else:
        ap.active(True)  # and the ESP chips once they have started
        ap.config(**options)
    return ap, ap.ifconfig()[0]


async def set_clock(host: "str | None" = None) -> bool:
    """Set the clock by NTP, where the firmware has ntptime. True when it is set; it blocks for up to a second."""
    try:
        import ntptime
    except ImportError:
        return False
    if host:
        ntptime.host = host
    for pause in (0, 2, 5):
        await asyncio.sleep(pause)
        try:
            ntptime.settime()
            return True
        except (OSError, IndexError) as error:
            said = error
    report("the clock is not set", said)
    return False
