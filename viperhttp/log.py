"""Where the server reports what went wrong: one line to stderr, with the traceback in debug mode."""

import sys

_listener = None


def listen(function) -> None:
    """Call function(text) with each line, too, from now on; None: nobody."""
    global _listener
    _listener = function


def report(where: str, error: "BaseException | None" = None, traceback: bool = False) -> None:
    """Print `where: error`; with `traceback` also how it came about."""
    if error is not None:
        where = "%s: %s: %s" % (where, type(error).__name__, error)
    print("viperhttp:", where, file=sys.stderr)
    if _listener is not None:
        _listener(where)
    if traceback and error is not None:
        if hasattr(sys, "print_exception"):
            sys.print_exception(error, sys.stderr)
        else:
            import traceback as module

            module.print_exception(type(error), error, error.__traceback__)
