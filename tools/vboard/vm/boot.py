"""Runs inside MicroPython when the virtual board starts: makes the unix port look like the board, then boots it."""

import gc
import os
import sys

import vb_world

_world = vb_world.World(os.getenv)


def dress(world):
    """Put the board's file system and its modules in place."""
    import vb_files

    if world.platform != "linux":
        import vb_machine
        import vb_modules
        import vb_sockets
        import vb_wifi

        vb_sockets.install(world)
        vb_machine.install(world)
        vb_wifi.install(world)
        vb_modules.install(world)
    vb_files.mount(world)
    for name in [name for name in sys.modules if name.startswith("vb_")]:
        del sys.modules[name]


def take_the_rest(heap):
    """Memory that the stand-ins do not need and the board does not have; keep what is returned."""
    gc.collect()
    gc.collect()
    surplus = gc.mem_free() - heap
    return bytearray(surplus) if surplus > 0 else None


def _run(path):
    """Run a file if there is one; False when it raised."""
    try:
        os.stat(path)
    except OSError:
        return True
    try:
        execfile(path)  # noqa: F821  MicroPython's own
        return True
    except SystemExit:
        raise
    except BaseException as error:
        sys.print_exception(error)
        return False


dress(_world)
ballast = take_the_rest(_world.heap)
# A board whose host is in raw REPL after a soft reset does not run main.py.
if _run("boot.py") and _world.mode != "raw" and "main.py" in os.listdir():
    _world.tell("main")  # from here on Ctrl-C can be taken; without a main.py, from the prompt on
    _run("main.py")
del dress, take_the_rest, vb_world, _world, _run
gc.collect()
