"""Free TCP ports for servers that tools and tests start.

Below the range that the system takes for outgoing connections (32768 and up on Linux). A port of that range can go to
the next client before the server binds it, and a client that retries a connect to it can end up connected to itself.
"""

import random
import socket

PORTS = range(11000, 32000)
TRIES = 500


def free_port(host="127.0.0.1"):
    """A TCP port of `host` on which nothing listens; no port comes twice in a row from one process."""
    for port in random.sample(PORTS, TRIES):
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port among {TRIES} of {PORTS}")
