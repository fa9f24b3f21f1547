"""MicroPython: one receive and one send buffer for the whole server."""

RX = memoryview(bytearray(0))
TX = bytearray(0)  # its identity never changes, so that other modules may hold it


def set_sizes(rx: int, tx: int) -> None:
    """Make the buffers at least this large; done at start, while the heap is not yet in pieces."""
    global RX
    if len(RX) < rx:
        RX = memoryview(bytearray(rx))
    if len(TX) < tx:
        TX[:] = bytearray(tx)
