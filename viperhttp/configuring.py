"""Changing the settings of a server, by keys that exist."""

from .cold import forget
from .config import MICROPYTHON, Config


def update(config: Config, changes: dict) -> None:
    """Config.update()."""
    for key, value in changes.items():
        if key == "update" or key.startswith("_") or not hasattr(config, key):
            raise TypeError("unknown config key %r; known keys: %s" % (key, ", ".join(keys())))
        if value is not None or key.endswith("_timeout") or key == "ping_interval":
            setattr(config, key, value)
    if MICROPYTHON:
        forget("viperhttp.configuring")  # this is done before the server runs


def keys() -> list:
    """The names of all settings."""
    return sorted([key for key in Config.__dict__ if key != "update" and not key.startswith("_")])
