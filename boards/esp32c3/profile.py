"""What differs from viperhttp's defaults on: ESP32-C3. Use it as ViperHTTP(config=CONFIG)."""

# Sockets as on the ESP32.
CONFIG = {
    "max_clients": 8,
    "backlog": 2,
}
