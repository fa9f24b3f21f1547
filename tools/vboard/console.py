"""The board's serial port: a pty behind a link that mpremote opens, and a TCP port on 127.0.0.1."""

import os
import pty
import socket
import termios
import tty

MOST_PENDING = 65536  # bytes that nobody has read; a real adapter's buffer is smaller still
CHUNK = 4096


class Console:
    """Both ends of the board's serial port; bytes go to the TCP client while there is one, else to the pty."""

    def __init__(self, link=None, port=None, log=None):
        self.link = link
        self.log = open(log, "ab", buffering=0) if log else None
        self.pending = b""
        self.client = None
        # The slave end stays open: without a reader there is no EIO between two runs of mpremote.
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.name = os.ttyname(self.slave)
        if link:
            if os.path.islink(link):
                os.unlink(link)
            os.symlink(self.name, link)
        self.server = None if port is None else socket.create_server(("127.0.0.1", port))

    @property
    def port(self):
        return self.server and self.server.getsockname()[1]

    def readers(self):
        return [one for one in (self.master, self.server, self.client) if one is not None]

    def writers(self):
        return [self.master] if self.pending else []

    def receive(self, ready):
        """What the host has sent, of those that select() reported."""
        if self.server in ready:
            self._accept()
        if self.client is not None and self.client in ready:
            return self._from_client()
        if self.master in ready:
            return os.read(self.master, CHUNK)
        return b""

    def _accept(self):
        if self.client is not None:
            self.client.close()
        self.client, _ = self.server.accept()
        self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        termios.tcflush(self.slave, termios.TCIOFLUSH)

    def _from_client(self):
        try:
            data = self.client.recv(CHUNK)
        except OSError:
            data = b""
        if not data:
            self.client.close()
            self.client = None
        return data

    def send(self, data):
        """Show the host what the board has printed; nobody listening holds nothing up."""
        if self.log and data:
            self.log.write(data)
        if self.client is not None:
            try:
                self.client.sendall(data)
            except OSError:
                self.client.close()
                self.client = None
            return
        self.pending += data
        self.flush()

    def flush(self):
        """Write what is pending, as far as the pty takes it."""
        if not self.pending:
            return
        try:
            self.pending = self.pending[os.write(self.master, self.pending):]
        except BlockingIOError:
            self.pending = self.pending[-MOST_PENDING:]

    def close(self):
        """Unplug: whoever has the port open gets an error."""
        if self.link and os.path.islink(self.link) and os.readlink(self.link) == self.name:
            os.unlink(self.link)
        for fd in (self.master, self.slave):
            os.close(fd)
        for one in (self.client, self.server, self.log):
            if one is not None:
                one.close()
