"""What the host tells the virtual board, and how the board tells the host: a folder, outside the board's files."""

import json
import socket

import vfs

AF_UNIX = 1
SOCK_DGRAM = 2


def unix_address(path):
    """A Linux sockaddr_un, which the unix port's socket functions take as bytes."""
    return AF_UNIX.to_bytes(2, "little") + path.encode() + b"\0"


class World:
    """The settings of this start, the state of the radio, and the line to the host.

    Everything that goes on outside the chip is in the folder `path`: world.json says which networks there are
    and whether they can be heard; what the board does goes to the socket `events`.
    """

    def __init__(self, getenv):
        self.path = getenv("VBOARD_WORLD")
        settings = json.loads(getenv("VBOARD_SETTINGS"))
        self.platform = settings["platform"]
        self.machine = settings["machine"]
        self.heap = settings["heap"]
        self.storage = settings["storage"]
        self.sockets = settings["sockets"]
        self.send_buffer = settings["send_buffer"]
        self.segment = settings["segment"]
        self.flash = settings["flash"]
        self.filesystem = settings["filesystem"]
        self.mode = settings["mode"]
        self.cause = settings["cause"]
        self._files = vfs.VfsPosix(self.path)  # never mounted; only absolute paths are taken from its root
        self._events = socket.socket(AF_UNIX, SOCK_DGRAM)
        self._events_address = unix_address(self.path + "/events")

    def read(self):
        """The content of world.json, as it is now."""
        with self._files.open("/world.json", "r") as file:
            return json.load(file)

    def tell(self, text):
        """Tell the host; nothing waits for an answer."""
        self._events.sendto(text.encode(), self._events_address)

    def load(self, name):
        """What keep() has stored under the name, or b""."""
        try:
            with self._files.open("/" + name, "rb") as file:
                return file.read()
        except OSError:
            return b""

    def keep(self, name, data):
        """Store bytes where a reset does not reach them, as an RTC's memory."""
        with self._files.open("/" + name, "wb") as file:
            file.write(data)

    def forget(self, name):
        """Remove a file of this folder, if it is there."""
        try:
            self._files.remove("/" + name)
        except OSError:
            pass


class Over:
    """A module with some of its names replaced, or taken away: attributes set here come first."""

    def __init__(self, real, without=()):
        self._real = real
        self._without = without

    def __getattr__(self, name):
        if name in self._without:
            raise AttributeError("no board has " + name)
        return getattr(self._real, name)
