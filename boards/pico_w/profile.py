"""What differs from viperhttp's defaults on: Raspberry Pi Pico W. Use it as ViperHTTP(config=CONFIG)."""

# lwIP has 5 control blocks for everything and 8000 bytes for all send buffers together: a slow client holds
# memory that the others need, so it is given up early.
CONFIG = {
    "max_clients": 3,
    "backlog": 1,
    "send_queue": 2048,
    "send_queue_messages": 8,
    "write_timeout": 5,
    "tx_buffer": 800,  # one TCP segment
}
