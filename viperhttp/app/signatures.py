"""CPython: what kind of function a handler is."""

import inspect


def is_plain_function(handler) -> bool:
    """Whether `handler` is certainly not async."""
    return inspect.isfunction(handler) and not inspect.iscoroutinefunction(handler)


def is_generator(handler) -> bool:
    """Whether calling `handler` makes a generator."""
    return inspect.isgeneratorfunction(handler) or inspect.isasyncgenfunction(handler)
