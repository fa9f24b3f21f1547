"""Clients of app.stream for tests: WebSocket (plain, viper.v1) and event stream (plain, viper)."""

import json
import time

from raw import Raw, text

VIPER = "Sec-WebSocket-Protocol: viper.v1"


def get(port, path):
    """JSON, or bytes, of a GET that must succeed."""
    with Raw(port, timeout=30) as client:
        status, headers, body = client.get(path)
        assert status == 200, (status, body)
        return json.loads(body) if headers["content-type"] == "application/json" else body


def stats(port, room):
    """Room.stats() of a room."""
    return get(port, "/stats")["rooms"][room]


def publish(port, room, key, data, event=None):
    """Publish `data` as JSON; how many were reached."""
    with Raw(port) as client:
        body = json.dumps(data).encode()
        query = "?event=" + event if event else ""
        client.request(f"POST /json/{room}/{key}{query}", [f"Content-Length: {len(body)}"], body)
        status, _, answer = client.response()
        assert status == 200, answer
        return json.loads(answer)["reached"]


class Socket(Raw):
    """A WebSocket member that speaks viper.v1."""

    def __init__(self, port, path="/live", *headers, **options):
        super().__init__(port, **options)
        assert self.open(path, VIPER, *headers)["sec-websocket-protocol"] == "viper.v1"
        self.hello = self.next()
        assert self.hello[:3] == [0, "", "hello"], self.hello
        self.point = None

    def frame(self):
        """The next frame but PINGs, which come where a test takes long."""
        while True:
            byte0, payload = super().frame()
            if byte0 != 0x89:
                return byte0, payload

    def next(self):
        """The next message, decoded."""
        message = json.loads(self.message())
        if message[0]:
            self.point = message[0]
        return message

    def until(self, event):
        """Messages up to the first with this event name, which comes last."""
        found = [self.next()]
        while found[-1][2] != event:
            found.append(self.next())
        return found

    def ask(self, *message):
        """Send a request."""
        self.send(text(json.dumps(message)))


class Events(Raw):
    """An event stream member; `viper` asks for viper.v1."""

    def __init__(self, port, path="/live", *headers, viper=True, **options):
        super().__init__(port, **options)
        sign = "&" if "?" in path else "?"
        self.request("GET " + path + (sign + "viper=1" if viper else ""), ["Accept: text/event-stream", *headers])
        head = self.read_until(b"\r\n\r\n").decode().split("\r\n")
        assert head[0] == "HTTP/1.1 200 OK", head
        self.head = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        self.point = None
        self.port = port
        self.path = path
        self.hello = None
        if viper:
            self.hello = self.next()
            assert self.hello[:3] == [0, "", "hello"], self.hello

    def event(self):
        """The fields of the next event, {"data": ..., "id": ...}, as an EventSource would see them; comments are {}."""
        fields = {}
        for line in self.read_until(b"\n\n").decode().split("\n")[:-2]:
            name, _, value = line.partition(":")
            if name:
                value = value.removeprefix(" ")
                fields[name] = fields[name] + "\n" + value if name in fields else value
        if "id" in fields:
            self.point = fields["id"]
        return fields

    def next(self):
        """The next message of viper.v1."""
        while True:
            fields = self.event()
            if "data" in fields:
                return json.loads(fields["data"])

    until = Socket.until

    def ask(self, *message, headers=(), port=None):
        """POST a request; the status of the answer."""
        body = json.dumps(message).encode()
        with Raw(port or self.port) as client:
            fields = [f"X-Viper-Stream: {self.hello[3]['stream']}", f"Content-Length: {len(body)}", *headers]
            client.request("POST " + self.path, fields, body)
            return client.response()[0]


def read_slowly(client, seconds, pause, once=2048):
    """Read for some time, `once` bytes every `pause` seconds; what was read stays in client.buffer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        client.buffer += client.sock.recv(once)
        time.sleep(pause)
