"""Socket.IO (protocol 5 over Engine.IO 4) for its ordinary clients: WebSocket transport, default namespace.

    sio = SocketIO(app)

    @sio.on("message")
    async def message(sid, text):
        await sio.emit("news", text, skip_sid=sid)
        return "ok"                       # the acknowledgement, where the client asks for one

A client must not begin with long polling: io(url, {transports: ["websocket"]}) in JavaScript, and
client.connect(url, transports=["websocket"]) in Python.
"""

import asyncio
import binascii
import os
import sys

from .config import const
from .endpoints.responses import Response
from .exceptions import WebSocketDisconnect
from .log import report
from .protocol.frames import frame
from .socketio_packets import decode, encode, rebuild
from .transport import ticks, ticks_diff

_OPEN = const(1)  # connection.phases.OPEN
_POLICY_VIOLATION = const(1008)  # codes.POLICY_VIOLATION
_TRY_AGAIN_LATER = const(1013)  # codes.TRY_AGAIN_LATER

PING_INTERVAL = 25  # seconds between Engine.IO's pings; what its own servers take
PING_TIMEOUT = 20  # seconds in which a client must answer one
CONNECT_TIMEOUT = 45  # seconds in which a client must join the namespace
MAX_ACKS = 16  # acknowledgements of one client that are waited for; the oldest is forgotten
_LOOK = 0.5  # seconds between two looks at the clients

_UNKNOWN_TRANSPORT = '{"code":0,"message":"Transport unknown: only WebSocket is spoken here, set transports"}'
_UNKNOWN_SESSION = '{"code":1,"message":"Session ID unknown"}'
_UNKNOWN_VERSION = '{"code":5,"message":"Unsupported protocol version; Engine.IO 4 is spoken here"}'


class SocketIO:
    """A Socket.IO server on a WebSocket route of `app`.

    path           where clients connect; default "/socket.io/", theirs
    ping_interval  seconds between pings, default 25; a client that does not answer within ping_timeout (20) is closed
    further options are those of app.websocket(): max_message, allowed_origins ...
    """

    def __init__(
        self,
        app,
        path: str = "/socket.io/",
        ping_interval: float = PING_INTERVAL,
        ping_timeout: float = PING_TIMEOUT,
        **options,
    ):
        self.app = app
        self.ping_interval = ping_interval
        self.ping_timeout = ping_timeout
        self.manager = sys.modules["viperhttp"].ConnectionManager()
        self.clients: dict = {}  # {sid: _Client} of those in the namespace
        self._all: list = []  # and of all that are connected
        self._handlers: dict = {}
        self._watcher = None
        options.setdefault("include_in_schema", False)
        self.max_payload = options.get("max_message") or app.config.max_message
        for one in {path, path.rstrip("/") or "/"}:
            app.websocket(one, **options)(self._serve)
            app.route(one, ("GET", "POST"), include_in_schema=False)(self._polling)
        app.on_event("startup")(self._start)
        app.on_event("shutdown")(self._stop)

    # ---- what applications use ---------------------------------------------

    def on(self, event: str, handler=None):
        """Decorator: handler(sid, *data) for an event, async or not; what it returns is the acknowledgement.

        "connect" gets (sid, ws, auth), and refuses the client by returning False or raising; "disconnect" gets
        (sid, reason). A client's events are handled one after the other.
        """

        def register(function):
            self._handlers[event] = function
            return function

        return register(handler) if handler is not None else register

    async def emit(self, event: str, data=None, to=None, room=None, skip_sid=None, callback=None) -> int:
        """Send an event to everybody, to a room, or to one client by its sid; return how many were reached.

        data      anything JSON can say, bytes inside included; a tuple is several arguments, None none
        to, room  a sid or the name of a room: the same
        skip_sid  a client that does not get it
        callback  with a sid only: called with what the client acknowledges, as arguments
        """
        to = to if to is not None else room
        client = self.clients.get(to)
        if callback is not None and client is None:
            raise ValueError("callback needs the sid of one connected client as `to`, not %r" % (to,))
        number = client.expect(callback) if callback is not None else None
        text, attachments = encode(2, [event] + _arguments(data), number, self.app.json.dumps)
        if client is not None:
            return await client.send(text, attachments)
        if skip_sid is None or skip_sid not in self.clients:
            reached = await self.manager.broadcast_text(text, to)
            for attachment in attachments:
                await self.manager.broadcast_bytes(attachment, to)
            return reached
        reached = 0
        for sid, other in list(self.clients.items()):
            if sid != skip_sid and (to is None or to in other.rooms):
                reached += other.push(text, attachments)
        return reached

    async def call(self, event: str, data=None, to=None, timeout: float = 60):
        """Send an event to one client and return what it acknowledges; asyncio.TimeoutError after `timeout` seconds."""
        client = self.clients.get(to)
        if client is not None and client.task is asyncio.current_task():
            raise RuntimeError("call() in a handler of the same client waits for itself; use emit(callback=...)")
        answer: list = []
        done = asyncio.Event()

        def callback(*values):
            answer.append(values)
            done.set()

        await self.emit(event, data, to=to, callback=callback)
        await asyncio.wait_for(done.wait(), timeout)
        values = answer[0]
        return values[0] if len(values) == 1 else values if values else None

    def enter_room(self, sid: str, room: str) -> None:
        """Put a client (`sid`) into a room. KeyError when it is not connected."""
        client = self.clients[sid]
        client.rooms.add(room)
        self.manager.join_room(client.ws, room)

    def leave_room(self, sid: str, room: str) -> None:
        """Take a client (`sid`) out of a room."""
        client = self.clients.get(sid)
        if client is not None:
            client.rooms.discard(room)
            self.manager.leave_room(client.ws, room)

    def rooms(self, sid: str) -> list:
        """The rooms that a client (`sid`) is in."""
        return list(self.clients[sid].rooms)

    def socket(self, sid: str):
        """The WebSocket of a client (`sid`): its headers, cookies, state. KeyError when it is not connected."""
        return self.clients[sid].ws

    async def disconnect(self, sid: str) -> None:
        """Close the connection of a client (`sid`)."""
        client = self.clients.get(sid)
        if client is not None:
            client.reason = "server disconnect"
            await client.send("41", ())
            await client.ws.close()

    # ---- connections -------------------------------------------------------

    async def _polling(self):
        return Response(_UNKNOWN_TRANSPORT, 400, content_type="application/json")

    async def _serve(self, ws) -> None:
        query = ws.query_params
        wrong = None
        if query.get("EIO") != "4":
            wrong = _UNKNOWN_VERSION
        elif query.get("transport") != "websocket":
            wrong = _UNKNOWN_TRANSPORT
        elif "sid" in query:
            wrong = _UNKNOWN_SESSION
        if wrong:
            return await ws.reject(400, wrong, {"Content-Type": "application/json"})
        await ws.accept()
        client = _Client(ws)
        self._all.append(client)
        try:
            opening = {
                "sid": _new_id(),
                "upgrades": [],
                "pingInterval": int(self.ping_interval * 1000),
                "pingTimeout": int(self.ping_timeout * 1000),
                "maxPayload": self.max_payload,
            }
            await ws.send_text("0" + self.app.json.dumps(opening))
            await self._read(client)
        finally:
            self._all.remove(client)
            if client.sid is not None:
                await self._gone(client)

    async def _read(self, client) -> None:
        ws = client.ws
        while ws.phase == _OPEN:
            try:
                message = await ws.receive_any()
            except WebSocketDisconnect:
                return
            client.task = asyncio.current_task()
            try:
                await self._message(client, message)
            except (ValueError, IndexError, KeyError, TypeError) as error:
                await ws.close(_POLICY_VIOLATION, "not Socket.IO: %s" % error)
            client.task = None

    async def _message(self, client, message) -> None:
        if not isinstance(message, str):
            return await self._attachment(client, message)
        kind = message[:1]
        client.pinged = False  # whatever comes is a sign of life
        if kind == "4":
            await self._packet(client, message)
        elif kind == "2":
            await client.ws.send_text("3" + message[1:])
        elif kind == "1":
            client.reason = "client disconnect"
            await client.ws.close()
        elif kind not in ("3", "5", "6"):
            raise ValueError("Engine.IO packet %r" % kind)

    async def _packet(self, client, message: str) -> None:
        kind, namespace, number, count, data = decode(message, self.app.json.loads)
        if kind == 0:
            return await self._join(client, namespace, data)
        if namespace != "/" or client.sid is None:
            if namespace == "/":
                raise ValueError("an event before the connection to the namespace")
            return
        if kind == 1:
            client.reason = "client disconnect"
            return await client.ws.close()
        if count:
            client.waiting = [kind, number, data, count, []]
        else:
            await self._event(client, kind, number, data)

    async def _attachment(self, client, message: bytes) -> None:
        waiting = client.waiting
        if waiting is None:
            raise ValueError("bytes that belong to no event")
        waiting[4].append(message)
        if len(waiting[4]) == waiting[3]:
            client.waiting = None
            await self._event(client, waiting[0] - 3, waiting[1], rebuild(waiting[2], waiting[4]))

    async def _join(self, client, namespace: str, auth) -> None:
        ws = client.ws
        if namespace != "/":
            return await ws.send_text("44%s," % namespace + self.app.json.dumps({"message": "Invalid namespace"}))
        if client.sid is not None:
            raise ValueError("a second connection to the namespace")
        sid = _new_id()
        handler = self._handlers.get("connect")
        refusal = None
        if handler is not None:
            try:
                if await _value(handler(sid, ws, auth)) is False:
                    refusal = "Connection refused by server"
            except WebSocketDisconnect:
                raise
            except Exception as error:
                report("Socket.IO connect", error, self.app.debug)
                refusal = str(error) or "Connection refused by server"
        if refusal is not None:
            return await ws.send_text("44" + self.app.json.dumps({"message": refusal}))
        client.sid = sid
        self.clients[sid] = client
        await self.manager.connect(ws)
        await ws.send_text("40" + self.app.json.dumps({"sid": sid}))

    async def _event(self, client, kind: int, number, data) -> None:
        if not isinstance(data, list):
            raise ValueError("an event that is no list")
        if kind == 3:
            callback = client.acks.pop(number, None)
            return await self._guarded("acknowledgement", callback, data) if callback is not None else None
        handler = self._handlers.get(data[0])
        values = None
        if handler is not None:
            values = await self._guarded("event %r" % data[0], handler, [client.sid] + data[1:])
        if number is not None and client.ws.phase == _OPEN:
            text, attachments = encode(3, _arguments(values), number, self.app.json.dumps)
            await client.send(text, attachments)

    async def _guarded(self, what: str, function, arguments):
        # One handler's trouble is a line in the log, as other servers have it, and does not end the connection.
        try:
            return await _value(function(*arguments))
        except WebSocketDisconnect:
            return None
        except Exception as error:
            report("Socket.IO " + what, error, self.app.debug)
            return None

    async def _gone(self, client) -> None:
        self.clients.pop(client.sid, None)
        self.manager.disconnect(client.ws)
        handler = self._handlers.get("disconnect")
        if handler is not None:
            await self._guarded("disconnect", handler, [client.sid, client.reason])

    # ---- heartbeat ---------------------------------------------------------

    def _start(self) -> None:
        self._watcher = asyncio.create_task(self._watch())

    def _stop(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            now = ticks()
            for client in list(self._all):
                if client.ws.phase == _OPEN:
                    await self._look_at(client, now)

    async def _look_at(self, client, now: int) -> None:
        if client.sid is None and ticks_diff(now, client.since) > CONNECT_TIMEOUT * 1000:
            return await client.ws.ensure_closed()
        silent = ticks_diff(now, client.seen)
        if client.pinged and client.task is None and silent > self.ping_timeout * 1000:
            client.reason = "ping timeout"
            return await client.ws.ensure_closed()
        if silent > self.ping_interval * 1000:
            client.seen = now
            client.pinged = True
            client.push("2", ())


class _Client:
    """One connection."""

    def __init__(self, ws):
        self.ws = ws
        self.sid = None  # once it is in the namespace
        self.since = self.seen = ticks()  # when it came, and when it was pinged
        self.pinged = False  # and has not answered
        self.task = None  # while a handler of its events runs
        self.rooms: set = set()
        self.acks: dict = {}
        self.number = 0
        self.waiting = None  # an event whose attachments are not all here
        self.reason = "transport close"

    def expect(self, callback) -> int:
        """The number of the acknowledgement that goes to `callback`."""
        self.number += 1
        while len(self.acks) >= MAX_ACKS:
            del self.acks[min(self.acks)]
        self.acks[self.number] = callback
        return self.number

    async def send(self, text: str, attachments) -> int:
        """Send a packet; waits while the client's queue is full. 1, or 0 when it is gone."""
        if attachments:
            return self.push(text, attachments)
        try:
            await self.ws.send_text(text)
        except WebSocketDisconnect:
            return 0
        return 1

    def push(self, text: str, attachments) -> int:
        """Send a packet at once and its attachments with it; a client whose queue is full is closed with 1013."""
        data = frame(0x81, text.encode())
        for attachment in attachments:
            data += frame(0x82, attachment)
        result = self.ws.push(data)
        if result >= 0:
            return 1
        self.ws.fail(_TRY_AGAIN_LATER, "too slow")
        return 0


def _arguments(data) -> list:
    return [] if data is None else list(data) if isinstance(data, tuple) else [data]


async def _value(result):
    return await result if hasattr(result, "send") else result


def _new_id() -> str:
    return binascii.hexlify(os.urandom(10)).decode()
