"""A board's program around the application: the slot to start, Wi-Fi or the set-up page, health, updates, restarts."""

import asyncio
import os
import sys
import time

from ..cold import forget
from ..log import report

CRASH_PAUSE = 5  # seconds between a crash and the reset, in which Ctrl-C gets to the REPL
CONFIRM = 15  # seconds that a new version has to serve before it counts as good
TRIAL = 300  # seconds in which it has to come that far; then the board is reset

_slots = None  # set by start()


def has_wifi() -> bool:
    """Whether this is a board with Wi-Fi."""
    try:
        import network

        return hasattr(network, "WLAN")
    except ImportError:
        return False


def start(module: str = "main", root: str = "") -> None:
    """A board's main.py: start the application's good version, or the one on trial, and run its `app`.

    module  what the application's folder is started by; its global `app` is run, unless it has run it by itself
    root    where the folders app_a and app_b are

    An application that crashes is noted and the board reset; Ctrl-C leads to the REPL.
    """
    global _slots
    from .slots import Slots

    _slots = Slots(root)
    folder = _slots.boot()
    if folder:
        sys.path.insert(0, _slots.path(folder))
        os.chdir(_slots.path(folder))
    try:
        sys.modules.pop(module, None)
        program = __import__(module)  # an application's name, which no statement can have
        if hasattr(program, "app"):
            run(program.app)
    except Exception as error:
        _crashed(error)


def run(app, port: "int | None" = None, settings=None, health="/health", ota="/ota") -> None:
    """Run an application with all that a board needs; on a host, where there is no Wi-Fi, app.run(port).

    port      default: the setting "port", else 80 on a board and 8080 elsewhere
    settings  a Settings; default /settings.json and /secrets.json
    health    path of the health page; None: no health
    ota       path of updates, which need the secret "admin"; None: none

    Settings: hostname ("viper"), networks ([{"ssid":, "static":, "hidden":}]), country, power_save, ntp, port, ap (name
    of the set-up network), watchdog (seconds). Secrets: networks ({ssid: password}), admin, ap.
    """
    if not has_wifi():
        return app.run(port=port or 8080)
    Program(app, port, settings, health, ota).run()


class Program:
    """What run() does on a board."""

    def __init__(self, app, port, settings, health, ota):
        from .settings import Settings
        from .wifi import Wifi, networks_of

        self.app = app
        self.settings = get = settings or Settings()
        self.port = port or get.get("port") or 80
        self.wifi = Wifi(
            networks_of(get), get.get("hostname") or "viper", get.get("country"), power_save=bool(get.get("power_save"))
        )
        self.slots = _slots
        self.tasks: list = []
        self.updates = None
        self.restarting = False
        self.paths = health, ota
        if health:
            from .errors import keeper

            keeper()  # what goes wrong before it is shown is kept, too
        app.on_event("startup")(self._startup)
        app.on_event("shutdown")(self._shutdown)

    def _mount(self) -> None:
        # Once a network is joined: what this loads, the set-up page needs on a board without PSRAM.
        app = self.app
        health, ota = self.paths
        get = self.settings
        self.auth = None
        admin = get.secrets.get("admin")
        if admin:
            from ..auth import BasicAuth

            self.auth = BasicAuth(username="admin", password=admin)
        self.health = None
        if health:
            from .health import Health

            self.health = Health(app, self.wifi, self.slots, self.auth, get.get("watchdog"))
            self.health.mount(health)
        if ota and self.auth is not None and self.slots is not None:
            app.get(ota)(self._ota_status)
            app.post(ota, stream_body=True)(self._ota_install)

    def run(self) -> None:
        """Join a network, or let the set-up page do it; then serve until Ctrl-C or a restart."""
        asyncio.run(self._join())
        asyncio.new_event_loop()
        self._mount()
        self.app.run(port=self.port, quiet=True)
        if self.restarting:
            reset()

    async def _join(self) -> None:
        from .wifi import WifiError

        try:
            await self.wifi.connect()
        except WifiError as error:
            report("Wi-Fi", error)
            if self.slots is not None and self.slots.on_trial():
                return await self._join_on_trial()
            from .portal import Portal

            await Portal(self.settings, self.wifi).run()
            forget("viperhttp.device.portal")  # 15 kB that the application may have

    async def _join_on_trial(self) -> None:
        # The version before knew the network: its set-up page is not what a new version is to open.
        try:
            await asyncio.wait_for(self.wifi.mend(), TRIAL)
        except asyncio.TimeoutError:
            reset()

    def _startup(self) -> None:
        port = "" if self.port == 80 else ":%d" % self.port
        print(
            "viperhttp serves http://%s%s/ and http://%s.local%s/  (Ctrl-C stops it)"
            % (self.wifi.address(), port, self.wifi.hostname, port)
        )
        self._task(self.wifi.supervise(self._heard))
        if self.settings.get("ntp"):
            from .wifi import set_clock

            self._task(set_clock())
        if self.slots is not None and self.slots.on_trial():
            self._task(self._trial())

    def _task(self, coro) -> None:
        self.tasks.append(asyncio.create_task(coro))

    def _shutdown(self) -> None:
        for task in self.tasks:
            if not task.done():
                task.cancel()
        self.tasks = []

    def _heard(self):
        server = self.app.server
        return server.heard + server.accepted if server is not None else None

    # An update is rare, and 10 kB of the heap: what takes it is loaded then, and gone with the reset that follows.

    def _ota_status(self):
        return self._updates().status()

    def _ota_install(self):
        return self._updates().install()

    def _updates(self):
        if self.updates is None:
            from .ota import Updates

            self.updates = Updates(self.slots, self.auth, self.restart)
        return self.updates

    async def _trial(self) -> None:
        served = 0
        for _ in range(TRIAL):
            await asyncio.sleep(1)
            # Only one that can be reached can be replaced.
            served = served + 1 if self.wifi.state == "up" else 0
            if served >= CONFIRM:
                self.slots.confirm()
                return report("version %s is confirmed" % self.slots.version(self.slots.running))
        report("the version on trial was not on the network for %d s" % CONFIRM)
        await self.restart()

    async def restart(self) -> None:
        """Answer what is under way, then reset the board."""
        self.restarting = True  # run() does it: this task ends with the loop
        await asyncio.sleep(1)
        self.restarting = True  # run() resets, too: its loop ends with the server, and this task may end with it
        await self.app.shutdown()


def reset() -> None:
    """Reset the board; nothing where that is not possible."""
    import machine

    if hasattr(machine, "reset"):
        machine.reset()


def _crashed(error) -> None:
    from .errors import keeper

    errors = keeper()
    report("the application has crashed", error, True)
    errors.flush()
    print("The board is reset in %d s; Ctrl-C stops that." % CRASH_PAUSE)
    time.sleep(CRASH_PAUSE)
    reset()
