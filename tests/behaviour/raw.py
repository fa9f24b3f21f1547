"""A raw-socket client for what a well-behaved client never sends."""

import os
import socket
import struct

# The sample of RFC 6455 section 1.3.
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def mask(payload, key=b"\x11\x22\x33\x44"):
    """XOR of payload and key (RFC 6455 section 5.3)."""
    return bytes(byte ^ key[i & 3] for i, byte in enumerate(payload))


def frame(byte0, payload=b"", masked=True, key=None):
    """A client frame; byte0 is FIN, RSV and opcode."""
    n = len(payload)
    bit = 0x80 if masked else 0
    if n < 126:
        head = struct.pack("!BB", byte0, bit | n)
    elif n < 65536:
        head = struct.pack("!BBH", byte0, bit | 126, n)
    else:
        head = struct.pack("!BBQ", byte0, bit | 127, n)
    if not masked:
        return head + payload
    key = key or os.urandom(4)
    return head + key + mask(payload, key)


def text(data, byte0=0x81):
    """A text frame."""
    return frame(byte0, data.encode())


def close(code=None, reason=b""):
    """A CLOSE frame."""
    return frame(0x88, b"" if code is None else struct.pack("!H", code) + reason)


class Raw:
    """A TCP connection with helpers for HTTP and frames. Every read has a deadline."""

    def __init__(self, port, timeout=30, receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer is not None:
            # Before connect(), which announces the window: a peer that does not read stalls the server soon.
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(timeout)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        """Send bytes."""
        self.sock.sendall(data.encode() if isinstance(data, str) else data)

    def drip(self, data):
        """Send one byte per segment."""
        for i in range(len(data)):
            self.sock.sendall(data[i : i + 1])

    def end_sending(self):
        """Send no more, but go on reading."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        """Vanish with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def _more(self):
        data = self.sock.recv(65536)
        self.buffer += data
        return bool(data)

    def read(self, n):
        """Exactly n bytes. EOFError when the server closes before."""
        while len(self.buffer) < n:
            if not self._more():
                raise EOFError(self.buffer)
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def read_until(self, end):
        """Up to and with `end`."""
        while end not in self.buffer:
            if not self._more():
                raise EOFError(self.buffer)
        at = self.buffer.index(end) + len(end)
        data, self.buffer = self.buffer[:at], self.buffer[at:]
        return data

    def read_all(self):
        """Everything until the server closes; a reset counts as an end."""
        try:
            while self._more():
                pass
        except ConnectionResetError:
            pass
        data, self.buffer = self.buffer, b""
        return data

    def at_end(self):
        """Whether the server has closed without another byte (waits for it)."""
        return self.read_all() == b""

    def request(self, line, headers=(), body=b""):
        """Send a request: "GET /path" and extra header lines; Host is added."""
        lines = [line + " HTTP/1.1", "Host: 127.0.0.1", *headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def response(self, method="GET"):
        """(status, {lower-case header: value}, body) of the next response."""
        head = self.read_until(b"\r\n\r\n").decode("latin-1")
        lines = head[:-4].split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if method == "HEAD" or status in (101, 204, 304) or status < 200:
            return status, headers, b""
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, self._chunks()
        if "content-length" in headers:
            return status, headers, self.read(int(headers["content-length"]))
        return status, headers, self.read_all()

    def _chunks(self):
        body = b""
        while True:
            size = int(self.read_until(b"\r\n")[:-2], 16)
            body += self.read(size)
            assert self.read(2) == b"\r\n"
            if not size:
                return body

    def get(self, path, *headers):
        """GET on this connection: (status, headers, body)."""
        self.request("GET " + path, headers)
        return self.response()

    def handshake(self, path="/", *headers, glued=b"", key=KEY):
        """Send an opening handshake, with `glued` bytes right behind it."""
        lines = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", *headers]
        if key is not None:
            lines.append("Sec-WebSocket-Key: " + key)
        self.request("GET " + path, lines, glued)

    def open(self, path="/", *headers, glued=b""):
        """A handshake that must succeed; its response headers."""
        self.handshake(path, *headers, glued=glued)
        status, headers, _ = self.response()
        assert status == 101, (status, headers)
        return headers

    def frame(self):
        """(first byte, payload) of the next server frame, which must not be masked."""
        byte0, n = self.read(2)
        assert not n & 0x80, "a server must not mask"
        if n == 126:
            n = struct.unpack("!H", self.read(2))[0]
        elif n == 127:
            n = struct.unpack("!Q", self.read(8))[0]
        return byte0, self.read(n)

    def message(self):
        """The text of the next frame, which must be a whole text message."""
        byte0, payload = self.frame()
        assert byte0 == 0x81, (byte0, payload)
        return payload.decode()

    def closing(self):
        """(code, reason) of the next frame, which must be a CLOSE; code None when it has no body."""
        byte0, payload = self.frame()
        assert byte0 == 0x88, (byte0, payload)
        if not payload:
            return None, ""
        return struct.unpack("!H", payload[:2])[0], payload[2:].decode()
