# Written by `make flash`: starts the application in /app_a or /app_b with this board's profile.
from profile import CONFIG

from viperhttp.config import Config

for name in CONFIG:
    setattr(Config, name, CONFIG[name])

from viperhttp.device import start  # noqa: E402  what it loads reads the settings above

start()
