"""Whether the caller stands outside the event loop, where nothing may be written: a soft interrupt, another thread."""

from ..config import MICROPYTHON

if MICROPYTHON:
    import micropython

    _ran = [0]

    def _mark(_) -> None:
        _ran[0] = 1

    def outside(manager) -> bool:
        """True in a soft interrupt: it may have come while a frame was half written."""
        # While one scheduled callback runs, MicroPython lets no other begin; else the mark is made at the next jump.
        _ran[0] = 0
        try:
            micropython.schedule(_mark, 0)
        except RuntimeError:
            return True  # its queue is full: nobody knows
        for _ in _TWICE:
            pass
        return not _ran[0]

    _TWICE = (0, 0)
else:
    from asyncio import _get_running_loop

    def outside(manager) -> bool:
        """True in a thread other than the event loop's."""
        loop = manager.loop
        return loop is not None and _get_running_loop() is not loop and not loop.is_closed()
