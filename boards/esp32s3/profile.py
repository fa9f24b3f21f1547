"""What differs from viperhttp's defaults on: ESP32-S3 with PSRAM. Use it as ViperHTTP(config=CONFIG)."""

# Sockets as on the ESP32; the heap is megabytes.
CONFIG = {
    "max_clients": 8,
    "backlog": 2,
    "max_message": 65536,
    "send_queue": 16384,
}
