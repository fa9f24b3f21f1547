"""What differs from viperhttp's defaults on: ESP32. Use it as ViperHTTP(config=CONFIG)."""

# 10 sockets, one of them the listener, leave 9 clients; one more for what the application opens itself.
CONFIG = {
    "max_clients": 8,
    "backlog": 2,  # asyncio's default of 5 would let the chip accept what it cannot serve
}
