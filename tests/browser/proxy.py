"""A loopback proxy between a browser and a server: passes on, swallows what asks for a WebSocket, cuts connections."""

import contextlib
import socket
import threading

HOST = "127.0.0.1"
PIECE = 65536


class Proxy:
    """`with Proxy(port) as proxy: ... proxy.port`

    eats_upgrades  a request for a WebSocket gets no answer, as behind a middlebox that does not know them
    upgrades       how many it has seen
    """

    def __init__(self, target, eats_upgrades=False):
        self.target = target
        self.eats_upgrades = eats_upgrades
        self.upgrades = 0
        self.refuses = False
        self.sockets = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.cut()

    def url(self, path="/"):
        return f"http://{HOST}:{self.port}{path}"

    def cut(self):
        """End every connection."""
        with self.lock:
            for one in self.sockets:
                _shut(one)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # the listener is closed
            if self.refuses:
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    @contextlib.contextmanager
    def _kept(self, one):
        with self.lock:
            self.sockets.add(one)
        try:
            yield one
        finally:
            with self.lock:
                self.sockets.discard(one)
            one.close()

    def _serve(self, client):
        with contextlib.suppress(OSError), self._kept(client):
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(PIECE)
                if not piece:
                    return
                head += piece
            if b"\r\nupgrade: websocket" in head.lower():
                self.upgrades += 1
                if self.eats_upgrades:
                    while client.recv(PIECE):
                        pass
                    return
            with self._kept(socket.create_connection((HOST, self.target))) as server:
                server.sendall(head)
                up = threading.Thread(target=_copy, args=(client, server), daemon=True)
                up.start()
                _copy(server, client)
                up.join()


def _copy(source, sink):
    with contextlib.suppress(OSError):
        while piece := source.recv(PIECE):
            sink.sendall(piece)
    _shut(source)
    _shut(sink)


def _shut(one):
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
