"""lwIP-like sockets: addresses are tuples, the table of sockets ends, writes are partial, reads are short.

A socket that listens is a Unix socket in the world's folder; the host connects a TCP port to it (air.py), and so
decides what comes through. So boards under test never meet at a port, and a port below 1024 needs no root.
"""

import errno
import io
import socket as real
import sys

import vb_world

GET_FILENO, CLOSE = 10, 4  # ioctl requests of MicroPython's streams
SOL_SOCKET, SO_SNDBUF = 1, 7
ENFILE = 23
PEER = ("127.0.0.1", 49152)


class Table:
    """How many sockets are open, and how many may be."""

    def __init__(self, world):
        self.world = world
        self.most = world.sockets or 1 << 16
        self.open = 0

    def take(self):
        if self.open >= self.most:
            raise OSError(ENFILE)
        self.open += 1


def packed(address, kind=real.SOCK_STREAM):
    """The unix port's form of (host, port)."""
    if isinstance(address, (bytes, bytearray)):
        return address
    return real.getaddrinfo(address[0], address[1], 0, kind)[0][-1]


def socket_class(table):
    """The class socket of this board."""
    world = table.world

    class Socket(io.IOBase):
        """Made when it is first used: only then is it known whether it will listen or connect."""

        def __init__(self, family=real.AF_INET, kind=real.SOCK_STREAM, protocol=0, accepted=None):
            table.take()
            self._kind = kind
            self._real = accepted
            self._path = None  # of the Unix socket that it listens on
            self._timeout = ()  # the argument of settimeout(), once there was one
            self._closed = False

        def _get(self):
            if self._closed:
                raise OSError(errno.EBADF)
            if self._real is None:
                self._use(real.socket(real.AF_INET, self._kind))
            return self._real

        def _use(self, made):
            self._real = made
            if self._timeout:
                made.settimeout(*self._timeout)

        def bind(self, address):
            host, port = address
            if self._kind != real.SOCK_STREAM:
                self._get().bind(packed((host, port), self._kind))
                return
            name = "tcp-%d" % port
            self._use(real.socket(vb_world.AF_UNIX, real.SOCK_STREAM))
            self._real.bind(vb_world.unix_address(world.path + "/" + name))
            self._path = name

        def listen(self, backlog=2):
            self._get().listen(backlog)
            world.tell("listen " + self._path)

        def accept(self):
            made, _ = self._get().accept()
            made.setsockopt(SOL_SOCKET, SO_SNDBUF, world.send_buffer)
            try:
                return Socket(accepted=made), PEER
            except OSError:
                made.close()
                raise

        def connect(self, address):
            if not world.read()["up"]:
                raise OSError(errno.EHOSTUNREACH)
            self._get().connect(packed(address, self._kind))

        def settimeout(self, seconds):
            self._timeout = (seconds,)
            if self._real is not None:
                self._real.settimeout(seconds)

        def setblocking(self, flag):
            self.settimeout(None if flag else 0)

        def setsockopt(self, *_):
            pass  # a Unix socket has neither TCP_NODELAY nor SO_REUSEADDR

        def makefile(self, *_):
            return self

        def fileno(self):
            return self._get().fileno()

        def _most(self, size):
            return min(size, world.segment)

        def read(self, size=-1):
            return self._get().read(size) if size < 0 else self._get().read(self._most(size))

        def recv(self, size, flags=0):
            return self._get().recv(self._most(size))

        def recvfrom(self, size):
            data, sender = self._get().recvfrom(size)
            return data, _tuple(sender)

        def readinto(self, buffer, size=-1):
            return self._get().readinto(buffer, self._most(len(buffer) if size < 0 else size))

        def readline(self, *size):
            return self._get().readline(*size)

        def write(self, data, *bounds):
            return self._get().write(data, *bounds)

        def send(self, data, flags=0):
            return self._get().send(data)

        def sendall(self, data):
            return self._get().sendall(data)

        def sendto(self, data, address):
            if not world.read()["up"]:
                raise OSError(errno.EHOSTUNREACH)
            return self._get().sendto(data, packed(address, self._kind))

        def close(self):
            if self._closed:
                return
            self._closed = True
            table.open -= 1
            if self._path:
                world.tell("close " + self._path)
                world.forget(self._path)
            if self._real is not None:
                self._real.close()

        def ioctl(self, request, argument):
            if request == CLOSE:
                self.close()
                return 0
            if request == GET_FILENO and not self._closed:
                return self._get().fileno()
            return -1

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.close()

    return Socket


def _tuple(address):
    """(host, port) of the unix port's form of an address."""
    _, host, port = real.sockaddr(address)[:3]
    return (".".join([str(byte) for byte in host]), port)


def getaddrinfo(host, port, family=0, kind=0, protocol=0, flags=0):
    """As lwIP's: one IPv4 address, as a tuple."""
    if host not in ("", "0.0.0.0"):
        host = _tuple(real.getaddrinfo(host, port, real.AF_INET, real.SOCK_STREAM)[0][-1])[0]
    return [(real.AF_INET, kind or real.SOCK_STREAM, 0, "", (host, port))]


def install(world):
    """Put the stand-in where `import socket` finds it."""
    module = vb_world.Over(real)
    module.socket = socket_class(Table(world))
    module.getaddrinfo = getaddrinfo
    sys.modules["socket"] = module
