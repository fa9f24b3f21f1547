"""What differs from viperhttp's defaults on: ESP8266. Use it as ViperHTTP(config=CONFIG)."""

# 37 kB of heap for everything and lwIP's 5 control blocks: two clients, small buffers, short queues.
CONFIG = {
    "max_clients": 2,
    "backlog": 1,
    "min_free_heap": 4096,
    "rx_buffer": 1024,
    "tx_buffer": 536,  # one TCP segment
    "max_message": 2048,
    "max_body": 1024,
    "recv_queue": 1024,
    "send_queue": 1024,
    "send_queue_messages": 4,
    "write_timeout": 5,
}
