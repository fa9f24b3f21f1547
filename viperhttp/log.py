"""Where the server reports what went wrong: one line to stderr, with the traceback in debug mode."""

import sys


def report(where: str, error: "BaseException | None" = None, traceback: bool = False) -> None:
    """Print `where: error`; with `traceback` also how it came about."""
    if error is None:
        print("viperhttp:", where, file=sys.stderr)
        return
    print("viperhttp: %s: %s: %s" % (where, type(error).__name__, error), file=sys.stderr)
    if traceback:
        if hasattr(sys, "print_exception"):
            sys.print_exception(error, sys.stderr)
        else:
            import traceback as module

            module.print_exception(type(error), error, error.__traceback__)
