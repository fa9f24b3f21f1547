"""The server's start, which a board forgets once it is done."""

import errno

from ..config import const
from ..transport import Listener

_MAX_SWEEP = const(500)  # ms between two looks at the deadlines
_MIN_SWEEP = const(20)


async def listen(server, host: str, port: int) -> None:
    """Bind the port and accept connections."""
    try:
        server.listener = Listener(host, port, server.config.backlog, server._accepted)
        await server.listener.open(server.config)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise OSError(
                error.errno,
                "port %d is in use by another program; stop it, or choose another with app.run(port=...)" % port,
            )
        if error.errno == errno.EACCES:
            raise OSError(error.errno, "port %d needs special rights; choose one above 1023" % port)
        raise


def interval(config) -> int:
    """Milliseconds between two looks at the deadlines: a quarter of the shortest."""
    shortest = _MAX_SWEEP / 250
    for key in dir(config):
        if key.endswith("_timeout") or key == "ping_interval":
            value = getattr(config, key)
            if value is not None and value < shortest:
                shortest = value
    return max(_MIN_SWEEP, int(shortest * 250))
