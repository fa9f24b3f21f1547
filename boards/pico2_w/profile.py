"""What differs from viperhttp's defaults on: Raspberry Pi Pico 2 W. Use it as ViperHTTP(config=CONFIG)."""

# The same network stack as the Pico W, and twice its heap.
CONFIG = {
    "max_clients": 3,
    "backlog": 1,
    "send_queue": 2048,
    "send_queue_messages": 8,
    "write_timeout": 5,
    "tx_buffer": 800,  # one TCP segment
}
