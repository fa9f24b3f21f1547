"""What a board needs around its application: Wi-Fi that heals, settings, health, updates. Loaded part by part.

    from viperhttp.device import run

    run(app)      # on a board: Wi-Fi or the set-up page, then the application; elsewhere just app.run()

run          Wi-Fi, health and server around an application; see program.run()
start        a board's main.py: also chooses between the versions A and B; see program.start()

viperhttp.device.settings   settings that survive a power cut
viperhttp.device.wifi       connect, supervise, reconnect
viperhttp.device.portal     access point with a set-up page
viperhttp.device.health     what blocks the loop, memory, errors; the watchdog
viperhttp.device.ota        updates of the application over HTTP
"""


def run(app, port=None, settings=None, health="/health", ota="/ota") -> None:
    """Run an application on a board with all that it needs, or on a host; see program.run()."""
    from .program import run as go

    go(app, port, settings, health, ota)


def start(module: str = "main", root: str = "", profile: "str | None" = None) -> None:
    """Start the application of a board in its good version, or the one on trial; see program.start().

    profile  name of a module whose CONFIG has this board's values for viperhttp.config.Config
    """
    if profile is not None:
        from ..cold import once
        from ..config import Config

        config = once(profile, "CONFIG")
        for name in config:
            setattr(Config, name, config[name])
    from .program import start as go

    go(module, root)
