"""Every limit, deadline and buffer size of the server, with its default and the reason for it."""

import sys

MICROPYTHON = sys.implementation.name == "micropython"

# MicroPython's compiler replaces `_NAME = const(1)` by the number; elsewhere it is an ordinary call.
const = int

# Rooms: defaults of ConnectionManager.room(). What waits for a member is shared by all members that wait for it.
ROOM_QUEUE_MESSAGES = 16  # messages that wait for a member that is slower than its room
ROOM_QUEUE = 4096  # and their bytes: a Pico W's 4 clients may then hold back 16 KB together
ROOM_QUEUE_AGE = 10  # seconds without taking one of them after which a member is closed
ROOM_HISTORY_BYTES = 4096  # messages that are kept for members that come back
ROOM_KEYS = 32  # values of a room with the policy "latest" that new members get


class Config:
    """The settings of one server: the defaults, changed by what the application says.

    changes  dict of keys; an unknown key is a TypeError that lists the known ones

    Sizes are bytes, times are seconds (floats allowed). None switches a deadline off.
    """

    # -- connections ---------------------------------------------------------
    # ESP32 has sockets for 9 clients, a Pico W for 4 (its board profile says so); a host has thousands.
    max_clients = 8 if MICROPYTHON else 1000
    backlog = 5 if MICROPYTHON else 128
    # Less free heap than that, and a further client gets a 503: it takes some 4 kB while it sends its request, and
    # the others have messages to come. 0: no limit.
    min_free_heap = 8192 if MICROPYTHON else 0
    retry_after = 2  # seconds that a 503 tells a refused client to wait
    # -- buffers -------------------------------------------------------------
    # One receive and one send buffer for the whole server; a frame that does not fit gets its own memory.
    rx_buffer = 2048 if MICROPYTHON else 262144
    tx_buffer = 1536 if MICROPYTHON else 65536
    # -- requests (RFC 9112) -------------------------------------------------
    max_line = 2048  # request line; longer is 414
    max_head = 4096  # request line and headers; longer is 431
    max_headers = 48  # a browser sends about 18; more is 431
    max_body = 16384  # a body held in memory; larger is 413
    # Chromium opens connections that say nothing for up to a minute: they must not hold a slot.
    first_byte_timeout = 3
    head_timeout = 5
    body_timeout = 10  # between two pieces of a body; 408
    response_timeout = 30  # a handler that has not answered by then; 504
    keep_alive_timeout = 5
    # -- WebSockets (RFC 6455) -----------------------------------------------
    handshake_timeout = 2  # a handler that neither accepts nor refuses; 504
    max_message = 16384  # whole message; longer is 1009
    recv_queue = 4096  # messages a busy handler has not taken; then reading pauses
    message_timeout = 30  # from the first byte of a message to its last
    ping_interval = 20  # silence after which the peer is pinged; any byte counts as life
    pong_timeout = 10  # further silence after which the peer is gone
    idle_timeout = None  # silence of application messages after which 1001 is sent
    close_timeout = 2  # wait for the peer's half of the closing handshake
    # -- sending -------------------------------------------------------------
    send_queue = 8192  # bytes that wait for a slow peer
    send_queue_messages = 32
    write_timeout = 10  # a peer that takes nothing for so long is gone
    # -- ending --------------------------------------------------------------
    linger_timeout = 30  # a handler that goes on after its peer has gone is cancelled
    shutdown_timeout = 3
    # -- the rest ------------------------------------------------------------
    # Headers that every browser sends and handlers rarely ask for are forgotten after the
    # WebSocket handshake: they are 300 of the 400 bytes that a browser's request would hold.
    drop_headers = (
        "user-agent accept accept-encoding accept-language cache-control connection pragma upgrade"
        " sec-websocket-key sec-websocket-version sec-websocket-extensions sec-fetch-dest"
        " sec-fetch-mode sec-fetch-site dnt sec-gpc priority"
    )

    def __init__(self, changes: "dict | None" = None):
        self.update(changes)

    def update(self, changes: "dict | None") -> None:
        """Set the keys of `changes`; a value of None leaves the key of a size as it was."""
        if changes:
            from .configuring import update

            update(self, changes)
