"""What the numbers of a firmware's `network` mean: asked once for each Wifi, and forgotten on a board."""

import sys

from .wifi import NO_ANSWER, NOT_FOUND, NOT_LET_IN, WRONG_PASSWORD

_REASONS = {
    "STAT_WRONG_PASSWORD": WRONG_PASSWORD,
    "STAT_HANDSHAKE_TIMEOUT": WRONG_PASSWORD,  # ESP32: how a wrong WPA2 password shows, more often than not
    "STAT_NO_AP_FOUND": NOT_FOUND,
    "STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD": NOT_LET_IN,
    "STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY": NOT_LET_IN,
    "STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD": NOT_FOUND,
    "STAT_ASSOC_FAIL": NOT_LET_IN,
    "STAT_CONNECT_FAIL": NOT_LET_IN,
    "STAT_BEACON_TIMEOUT": NO_ANSWER,
}
_HANDSHAKE_TIMEOUT = 15  # ESP-IDF's own number, which has no name in `network`


def known(network) -> dict:
    """{status of a failed attempt: reason}."""
    found = {}
    for name, reason in _REASONS.items():
        code = getattr(network, name, None)
        if code is not None:
            found[code] = reason
    if sys.platform == "esp32":
        found[_HANDSHAKE_TIMEOUT] = WRONG_PASSWORD
    return found
