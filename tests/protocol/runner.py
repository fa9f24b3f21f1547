"""Runs the test functions of one module on the interpreter at hand, and prints what became of each.

    runner.py MODULE FUNCTION ...

Lines that start with \\x1e are for tests/conftest.py; what stands before an outcome belongs to it.
"""

import gc
import sys

from support import Skip

MICROPYTHON = sys.implementation.name == "micropython"


def show(error):
    if MICROPYTHON:
        sys.print_exception(error, sys.stdout)
        return
    import traceback

    traceback.print_exception(type(error), error, error.__traceback__, file=sys.stdout)
    frame = error.__traceback__
    while frame.tb_next:
        frame = frame.tb_next
    # assert alone does not say what the values were
    for name, value in frame.tb_frame.f_locals.items():
        print("    %s = %.300r" % (name, value))


def run(name, function):
    print("\x1estart", name)
    gc.collect()
    try:
        function()
    except Skip as reason:
        print(reason)
        print("\x1eskip", name)
    except Exception as error:
        show(error)
        print("\x1efail", name)
    else:
        print("\x1epass", name)


def main(module, names):
    from viperhttp.protocol import kernels

    print("\x1ekernels", kernels.NAME)
    namespace = __import__(module)
    for name in names:
        run(name, getattr(namespace, name))


main(sys.argv[1], sys.argv[2:])
