"""After the reset: what the board prints until it serves, whether it can be reached, and its URL as a QR code."""

import re
import sys
import time
import urllib.error
import urllib.request

from link import FlashError

START_SECONDS = 90  # joining a Wi-Fi network may take 20 s, several of them longer
REACH_SECONDS = 15
SERVES = re.compile(r"serves (http://([\d.]+)(?::\d+)?/)")
# What viperhttp/device/wifi.py says: the reasons, and what helps.
REASONS = {
    "wrong password": "the Wi-Fi password is wrong. Give it again: make flash ... SSID=NAME, and WIFI_PASSWORD in the"
                      " environment or when asked",
    "network not found": "the board does not see that Wi-Fi network. The name has to be exact; these boards have only"
                         " 2.4 GHz radios",
    "no Wi-Fi network is configured": "the board has no Wi-Fi network yet: make flash ... SSID=NAME asks for its"
                                      " password",
    "no address from DHCP": "the Wi-Fi network gave the board no address: look at the router's DHCP",
    "not let in": "the Wi-Fi network did not let the board in: look at its security mode (WPA2 works) and its list of"
                  " devices",
}
PORTAL = re.compile(r"(http://192\.168\.4\.1\S*)")


def wait_for_url(link, show):
    """The URL that the board prints when it serves. FlashError says why it does not, with what it has printed.

    show  function(line) for what it prints meanwhile
    """
    printed = []
    for line in link.lines(START_SECONDS):
        printed.append(line)
        found = SERVES.search(line)
        if found:
            return found[1]
        advice = wifi_advice(line)
        if advice:
            raise FlashError(f"the board says: {line}\n{advice}.\nUntil then it offers its own network for setting up:"
                             " join it with a phone, a page opens")
        if "MemoryError" in line:
            printed += list(link.lines(2))
            raise FlashError("the program does not fit in the board's memory:\n" + quoted(printed)
                             + "\nFreeze the library into the firmware (boards/README.md), or leave parts out")
        if line.startswith(("Traceback", "MicroPython v")) or "has crashed" in line:
            printed += list(link.lines(2))
            raise FlashError("the program does not start:\n" + quoted(printed))
        show(line)
    raise FlashError(f"the board has not said within {START_SECONDS} s that it serves. It said:\n" + quoted(printed))


def wifi_advice(line):
    """What helps against the trouble that a line tells of, or None."""
    if "Wi-Fi" not in line:
        return None
    for reason, advice in REASONS.items():
        if reason in line:
            return advice
    return None


def quoted(lines):
    """The last lines, each marked as the board's."""
    return "\n".join("  | " + line for line in lines[-15:] if line.strip())


def reachable(url):
    """Whether it answers a GET from here, whatever the answer is."""
    deadline = time.monotonic() + REACH_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=REACH_SECONDS).close()
            return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)


def show_qr(url, stream=sys.stdout):
    """A QR code of the URL, for a phone."""
    import segno

    segno.make(url, micro=False).terminal(out=stream, compact=True, border=2)
