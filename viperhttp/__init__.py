"""viperhttp: a WebSocket and HTTP server that fits on a microcontroller. Names load when they are first used."""

import sys

__version__ = "0.1.0"


def __getattr__(name):
    if name[:2] == "__":
        raise AttributeError(name)
    where = _load("viperhttp._names", "where").where(name)
    if sys.implementation.name == "micropython":
        # It would be a kilobyte, and is asked a few times while a program starts.
        sys.modules["viperhttp._names"] = globals()["_names"] = None  # see cold.forget()
        del sys.modules["viperhttp._names"]
        del globals()["_names"]
    if where is None:
        raise AttributeError("module 'viperhttp' has no attribute %r" % name)
    if where == "":
        # MicroPython does not look for a module of that name by itself where there is a __getattr__.
        return _load("viperhttp." + name, name)
    value = getattr(_load("viperhttp." + where, name), name)
    globals()[name] = value
    return value


def _load(module, name):
    import gc

    if not hasattr(gc, "threshold"):
        return __import__(module, None, None, (name,))
    # Compiling leaves garbage between what stays. Collected often, and before, the heap keeps a large block free:
    # 110 kB of 128 kB after this import (unix port, 256 kB heap), where it was 8 kB without.
    before = gc.threshold()
    gc.collect()
    gc.threshold(16384)
    try:
        return __import__(module, None, None, (name,))
    finally:
        gc.threshold(before)
        gc.collect()
