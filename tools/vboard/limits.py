"""What each board's firmware offers, as far as the virtual board imitates it.

Read in the sources of MicroPython 1.29 and lwIP; the Pico W's heap and its five control blocks were seen on an
emulated board. None of it was measured on hardware.
"""

KIB = 1024


class Limits:
    """One board's limits.

    platform     sys.platform there
    machine      what the chip is called
    heap         bytes of the garbage-collected heap that a program can have, in the board's 32-bit words
    storage      bytes of the file system
    sockets      open sockets, the listener among them; one more is OSError(23), ENFILE. 0: no such table
    connections  TCP control blocks; a further client is not answered until one is free. 0: no such limit
    send_buffer  bytes that a connection takes before its peer has read them
    segment      bytes that one read returns at most
    """

    def __init__(self, platform, machine, heap, storage, sockets=0, connections=0, send_buffer=5760, segment=1440):
        self.platform = platform
        self.machine = machine
        self.heap = heap
        self.storage = storage
        self.sockets = sockets
        self.connections = connections
        self.send_buffer = send_buffer
        self.segment = segment


BOARDS = {
    # The heap starts at 56 kB and grows into what Wi-Fi leaves of the chip's RAM; 112 kB has been reported.
    "esp32": Limits("esp32", "ESP32", 112 * KIB, 2048 * KIB, sockets=10),
    # With PSRAM the heap is megabytes; 2 MB is the smallest such module.
    "esp32s3": Limits("esp32", "ESP32S3", 2048 * KIB, 2048 * KIB, sockets=10),
    "esp32c3": Limits("esp32", "ESP32C3", 112 * KIB, 2048 * KIB, sockets=10),
    "pico_w": Limits("rp2", "RP2040", 199 * KIB, 848 * KIB, connections=5, send_buffer=6400, segment=800),
    "pico2_w": Limits("rp2", "RP2350", 467 * KIB, 2560 * KIB, connections=5, send_buffer=6400, segment=800),
    "esp8266": Limits("esp8266", "ESP8266", 37 * KIB, 1024 * KIB, connections=5, send_buffer=2920, segment=536),
    "unix": Limits("linux", "unix", 128 * KIB, 2048 * KIB),
}
