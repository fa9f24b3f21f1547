"""What is between the board's sockets and the host's: TCP ports, a link that can be down, a table that can be full."""

import json
import os
import select
import socket
import time

HOST = "127.0.0.1"
CHUNK = 4096
AGAIN_SECONDS = 0.05
FIRST_FREE_PORT = 1024  # those below need root: they are mapped to any free one


class Pipe:
    """One connection: the host's TCP socket and the board's Unix socket, with a chunk on its way in each direction."""

    def __init__(self, outside, inside):
        self.ends = (outside, inside)
        self.waiting = [b"", b""]  # read from ends[i], not yet written to the other
        self.finished = [False, False]  # ends[i] has said everything
        self.broken = False

    def readers(self):
        return [self.ends[i] for i in (0, 1) if not self.waiting[i] and not self.finished[i]]

    def writers(self):
        return [self.ends[1 - i] for i in (0, 1) if self.waiting[i]]

    def move(self, readable, writable):
        """Move what select() reported; sets `broken` where one end is gone."""
        try:
            for i in (0, 1):
                here, there = self.ends[i], self.ends[1 - i]
                if here in readable:
                    self.waiting[i] = here.recv(CHUNK)
                    self.finished[i] = not self.waiting[i]
                if self.waiting[i] and (there in writable or here in readable):
                    self._write(i, there)
                if self.finished[i] and not self.waiting[i]:
                    there.shutdown(socket.SHUT_WR)
        except OSError:
            self.broken = True

    def _write(self, i, there):
        try:
            self.waiting[i] = self.waiting[i][there.send(self.waiting[i]):]
        except BlockingIOError:
            pass  # it stays waiting

    def over(self):
        return self.broken or (all(self.finished) and not any(self.waiting))

    def close(self):
        for end in self.ends:
            end.close()


class Air:
    """All of a board's connections.

    world        the folder that the board's own side uses (vm/vb_world.py)
    connections  how many the board has control blocks for; more are not answered. 0: any number
    """

    def __init__(self, world, connections=0):
        self.world = world
        self.connections = connections
        self.up = True
        self.servers = {}  # name of the board's socket -> listening socket
        self.pipes = []
        self.full_until = 0.0  # the board's backlog was full: a SYN is sent again later

    def listen(self, name):
        """The board listens on "tcp-PORT": open a port of the host for it."""
        port = int(name.split("-")[1])
        try:
            server = socket.create_server((HOST, port if port >= FIRST_FREE_PORT else 0))
        except OSError:
            server = socket.create_server((HOST, 0))
        server.setblocking(False)
        self.servers[name] = server
        self._publish()

    def unlisten(self, name):
        if name in self.servers:
            self.servers.pop(name).close()
            self._publish()

    def _publish(self):
        """ports.json: {"80": the host's port that leads to the board's port 80}."""
        ports = {name.split("-")[1]: server.getsockname()[1] for name, server in self.servers.items()}
        path = self.world / "ports.json"
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(ports))
        os.replace(temporary, path)

    def select_lists(self):
        """(sockets to read, sockets to write) now."""
        if not self.up:
            return [], []
        readers = [one for pipe in self.pipes for one in pipe.readers()]
        some_free = not self.connections or len(self.pipes) < self.connections
        if some_free and time.monotonic() > self.full_until:
            readers += self.servers.values()
        return readers, [one for pipe in self.pipes for one in pipe.writers()]

    def move(self, readable, writable):
        """Move everything that select() reported."""
        for name, server in list(self.servers.items()):
            if server in readable:
                self._accept(name, server)
        for pipe in self.pipes:
            pipe.move(readable, writable)
        for pipe in [pipe for pipe in self.pipes if pipe.over()]:
            pipe.close()
            self.pipes.remove(pipe)

    def _accept(self, name, server):
        inside = socket.socket(socket.AF_UNIX)
        inside.setblocking(False)
        try:
            inside.connect(str(self.world / name))
        except BlockingIOError:
            self.full_until = time.monotonic() + AGAIN_SECONDS
            inside.close()
            return
        except OSError:  # the board does not listen any more
            inside.close()
            inside = None
        try:
            outside, _ = server.accept()
        except OSError:  # it has gone again
            outside = None
        if inside and outside:
            outside.setblocking(False)
            outside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pipes.append(Pipe(outside, inside))
            return
        for one in (inside, outside):
            if one:
                one.close()

    def reset(self):
        """The board has been reset: its sockets are gone."""
        for pipe in self.pipes:
            pipe.close()
        self.pipes.clear()
        for name in list(self.servers):
            self.unlisten(name)
        for path in self.world.glob("tcp-*"):
            path.unlink()


def wait(readers, writers, seconds):
    """select.select() that takes file descriptors and sockets; (readable, writable)."""
    readable, writable, _ = select.select(readers, writers, [], seconds)
    return readable, writable
