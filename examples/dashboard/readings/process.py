"""Readings of this program itself: MicroPython's heap, or the process's memory on a host."""

import gc

from . import Reading

KIB = 1024
EVERY_SECOND = 4  # samples; counting a heap walks all of it, which takes milliseconds on a board


def candidates():
    found = []
    if hasattr(gc, "mem_alloc"):
        total = (gc.mem_alloc() + gc.mem_free()) / KIB
        group = "MicroPython heap"
        heap = Reading("heap", "Heap used", "KiB", heap_used, group, 0, round(total), 0, EVERY_SECOND)
        found.append(heap)
    found.append(Reading("rss", "Server process", "MiB", resident, "Server memory", 0, every=EVERY_SECOND))
    return found


def heap_used():
    return gc.mem_alloc() / KIB


def resident():
    """Memory of this process that is really in RAM, in MiB (Linux only)."""
    with open("/proc/self/status") as lines:
        for line in lines:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / KIB
    raise ValueError("VmRSS")
