"""A board that no network takes opens one of its own: access point, captive portal, and the page to set Wi-Fi up."""

import asyncio
import re

from ..app.application import ViperHTTP
from ..app.asking import current_request
from ..endpoints.responses import Response
from ..exceptions import HTTPException
from ..log import report
from ..transport import ticks, ticks_diff
from .dns import CatchAll
from .wifi import WifiError, access_point, networks_of

# What systems fetch to learn whether they are behind a portal: {path: (host, who, answer that means "no")}. Anything
# else makes them show the portal; the answer is given once the board is set up, so that they let the window go.
PROBES = {
    "/generate_204": ("connectivitycheck.gstatic.com", "Android, Chrome OS", (204, "")),
    "/gen_204": ("www.google.com", "Android", (204, "")),
    "/hotspot-detect.html": (
        "captive.apple.com",
        "iOS, macOS",
        (200, "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"),
    ),
    "/library/test/success.html": (
        "www.apple.com",
        "iOS, old",
        (200, "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"),
    ),
    "/connecttest.txt": ("www.msftconnecttest.com", "Windows", (200, "Microsoft Connect Test")),
    "/ncsi.txt": ("www.msftncsi.com", "Windows, old", (200, "Microsoft NCSI")),
    "/redirect": ("www.msftconnecttest.com", "Windows, the browser that it opens", None),
    "/canonical.html": (
        "detectportal.firefox.com",
        "Firefox",
        (200, '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'),
    ),
    "/success.txt": ("detectportal.firefox.com", "Firefox", (200, "success\n")),
    "/check_network_status.txt": ("network-test.debian.org", "GNOME", (200, "NetworkManager is online\n")),
    "/nm-check.txt": ("nmcheck.gnome.org", "GNOME", (200, "NetworkManager is online\n")),
    "/kindle-wifi/wifistub.html": (
        "spectrum.s3.amazonaws.com",
        "Kindle",
        (200, "81ce4465-7167-4dcb-835b-dcc9e44c112a"),
    ),
}

_RETRY = 60  # seconds between two attempts to join the known networks, while nobody uses the page
_IN_USE = 120  # seconds after a request in which somebody is taken to use it
_LET_GO = 20  # seconds that the page has to show where the board is now
_SCAN_AGE = 10000  # ms
_MAX_NETWORKS = 20  # in the list
_HOSTNAME = re.compile("^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$")
_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]


class Portal:
    """The set-up page on an access point of the board's own; run() returns when a network has been joined.

    settings  a Settings; what works is saved there (networks, hostname, and the password in its secrets)
    wifi      the Wifi that joins it
    port      default 80, where systems look for a portal
    dns_port  default 53

    The access point is named by the setting "ap", else by hostname and hardware address, and open unless the secret
    "ap" is a password of 8 characters or more. Meanwhile the known networks are tried every minute: after a power cut
    the router takes longer to start than the board.
    """

    def __init__(self, settings, wifi, port: int = 80, dns_port: int = 53):
        self.settings = settings
        self.wifi = wifi
        self.port = port
        self.dns_port = dns_port
        self.address = None
        self.state = "waiting"
        self.reason = None
        self.used = None  # tick of the last request of the page
        self.seen = False  # the page knows that it worked
        self.found: "tuple | None" = None  # (tick, networks in sight)
        self.task = None
        self.app = self._application()

    def name(self) -> str:
        """The access point's name."""
        name = self.settings.get("ap")
        if not name:
            mac = self.wifi.wlan.config("mac")
            name = "%s-%02x%02x" % (self.wifi.hostname, mac[-2], mac[-1])
        return name

    async def run(self) -> None:
        """Serve the page until a network is joined."""
        password = self.settings.secrets.get("ap")
        interface, self.address = access_point(self.name(), password)
        dns = CatchAll(self.address, self.dns_port, "0.0.0.0")
        tasks = [asyncio.create_task(self._retry())]
        try:
            dns.open()
            tasks.append(asyncio.create_task(dns.run()))
        except OSError as error:
            report("set-up page without a name server", error)  # it is found by its address only
        print("viperhttp: to set this board up, join the Wi-Fi %r and open %s" % (self.name(), self.url()))
        try:
            await self.app.serve("0.0.0.0", self.port)
        finally:
            for task in tasks:
                task.cancel()
            dns.close()
            interface.active(False)

    # ---- joining ---------------------------------------------------------

    async def _retry(self) -> None:
        while True:
            await asyncio.sleep(_RETRY)
            used = self.used is not None and ticks_diff(ticks(), self.used) < _IN_USE * 1000
            if self.wifi.networks and self.state != "joining" and not used:
                try:
                    await self.wifi.connect()
                except WifiError:
                    continue
                return await self.app.shutdown()

    async def _join(self, entry: dict, hostname: str) -> None:
        wifi = self.wifi
        before = wifi.networks, wifi.hostname
        wifi.networks = [entry]
        wifi.hostname = hostname
        try:
            await asyncio.sleep(0.3)  # the answer goes out before the radio changes its channel
            await wifi.connect()
            self._save(entry, hostname)
        except OSError as error:  # WifiError, or a full flash
            wifi.networks, wifi.hostname = before
            self.reason = error.reasons.get(entry["ssid"]) if isinstance(error, WifiError) else str(error)
            self.state = "failed"
            return report("set-up", error)
        wifi.networks = networks_of(self.settings)
        self.state = "joined"
        for _ in range(_LET_GO * 10):
            await asyncio.sleep(0.1)
            if self.seen:
                await asyncio.sleep(1)
                break
        await self.app.shutdown()

    def _save(self, entry: dict, hostname: str) -> None:
        settings = self.settings
        ssid = entry["ssid"]
        kept = [one for one in settings.get("networks") or [] if one["ssid"] != ssid]
        new = {"ssid": ssid, "hidden": True} if entry.get("hidden") else {"ssid": ssid}
        passwords = dict(settings.secrets.get("networks") or {})
        passwords[ssid] = entry["password"]
        settings.secrets["networks"] = passwords
        settings.update({"networks": [new] + kept, "hostname": hostname})
        settings.save()

    # ---- the page --------------------------------------------------------

    def _application(self):
        app = ViperHTTP(title="set-up", docs=False)
        app.get("/")(self._page)
        app.get("/networks")(self._networks)
        app.get("/state")(self._state)
        app.post("/join")(self._post)
        app.route("/{rest:path}", methods=_METHODS)(self._elsewhere)
        return app

    def _is_ours(self, request) -> bool:
        host = (request.header("host") or "").rpartition("@")[2].split(":")[0]
        return host in ("", self.address, "127.0.0.1", "localhost")

    def _page(self):
        request = current_request()
        if not self._is_ours(request):
            return self._redirect()
        self.used = ticks()
        from ..endpoints.packed import packed, page_headers
        from . import portal_data

        return packed(request, portal_data, page_headers(portal_data))

    def url(self) -> str:
        """The page's address."""
        return "http://%s%s/" % (self.address, "" if self.port == 80 else ":%d" % self.port)

    def _redirect(self):
        return Response("", 302, [("Location", self.url()), ("Cache-Control", "no-store")])

    def _elsewhere(self, rest):
        probe = PROBES.get("/" + rest)
        if self.state == "joined" and probe is not None and probe[2] is not None:
            status, text = probe[2]
            return Response(text, status, [("Cache-Control", "no-store")], "text/html")
        return self._redirect()

    def _networks(self):
        self.used = now = ticks()
        if self.found is None or ticks_diff(now, self.found[0]) > _SCAN_AGE:
            self.found = (now, self.wifi.scan()[:_MAX_NETWORKS])
        return [{"ssid": ssid, "rssi": rssi, "locked": locked} for ssid, rssi, locked in self.found[1]]

    def _state(self):
        self.used = ticks()
        found = {"state": self.state, "reason": self.reason, "hostname": self.wifi.hostname}
        if self.state == "joined":
            self.seen = True
            found.update(
                {
                    "ssid": self.wifi.ssid,
                    "address": "http://%s/" % self.wifi.address(),
                    "name": "http://%s.local/" % self.wifi.hostname,
                }
            )
        return found

    async def _post(self):
        request = current_request()
        origin = request.header("origin")
        if origin is not None and origin.rpartition("/")[2] != request.header("host"):
            raise HTTPException(403, "another page cannot set this board up")
        if self.state in ("joining", "joined"):
            raise HTTPException(409, "it is connecting already")
        try:
            form = await request.json()
            ssid, password = form["ssid"], form.get("password") or None
            hostname = form.get("hostname") or self.wifi.hostname
            good = isinstance(ssid, str) and isinstance(hostname, str) and isinstance(password, (str, type(None)))
        except (ValueError, KeyError, AttributeError, TypeError):
            good = False
        if not good or not 0 < len(ssid.encode()) <= 32:
            raise HTTPException(422, "the name of the network is missing or too long")
        if password is not None and not 8 <= len(password.encode()) <= 63:
            raise HTTPException(422, "a Wi-Fi password has 8 to 63 characters")
        if len(hostname) > 32 or not _HOSTNAME.match(hostname):
            raise HTTPException(422, "the board's name has letters, digits and - only")
        self.state = "joining"
        self.reason = None
        self.used = ticks()
        entry = {"ssid": ssid, "password": password, "hidden": bool(form.get("hidden"))}
        self.task = asyncio.create_task(self._join(entry, hostname))
        return {"state": self.state}, 202
