"""Milliseconds that wrap, as MicroPython counts them; the same three functions on CPython."""

import time

try:
    ticks = time.ticks_ms
    ticks_diff = time.ticks_diff
    ticks_add = time.ticks_add
except AttributeError:

    def ticks() -> int:
        """Milliseconds since some moment."""
        return int(time.monotonic() * 1000)

    def ticks_diff(end: int, start: int) -> int:
        """Milliseconds from start to end."""
        return end - start

    def ticks_add(start: int, delta: int) -> int:
        """The moment `delta` milliseconds after start."""
        return start + delta
