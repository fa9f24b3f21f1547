"""Methods that few programs or moments need: they stand in mixins of their own, which a board loads at first use."""

import sys

from .config import MICROPYTHON


class Cold:
    """A class whose `_cold` names mixins, as "viperhttp.folder.module.Class".

    MicroPython imports one when a method is asked for that the class does not have, and from then on the methods are
    the class's own. CPython has room: complete() makes them its own at once.

    An attribute x may also be what the method _get_x returns. A property would do the same, but one property in a class
    makes MicroPython search the class and its bases at every assignment to an attribute: 1 500 instructions each.
    """

    _cold: tuple = ()

    if MICROPYTHON:  # with it CPython searches for each attribute by name, and remembers nothing

        def __getattr__(self, name: str):
            if not name.startswith("__"):
                cls = type(self)
                getter = "_get_" + name
                if hasattr(cls, getter):
                    return getattr(self, getter)()
                for mixin in cls._cold:
                    if load(cls, mixin, name) or load(cls, mixin, getter):
                        return getattr(self, name)
            raise AttributeError("%s has no attribute %r" % (type(self).__name__, name))


def load(cls, mixin: str, name: "str | None" = None) -> bool:
    """Give the class the methods of a mixin, but those that it has; with `name`, only if that is one of them."""
    where, _, what = mixin.rpartition(".")
    # By the package's own loader, which keeps the heap in large blocks: 57 kB against 5 kB (examples/auth, 256 kB).
    found = getattr(sys.modules["viperhttp"]._load(where, what), what)
    if name is not None and not hasattr(found, name):
        return False
    for key, value in found.__dict__.items():
        if not hasattr(cls, key):
            setattr(cls, key, value)
    return True


def complete(cls) -> None:
    """CPython: give the class all its mixins' methods, and make properties of its _get_ methods."""
    for mixin in cls._cold:
        load(cls, mixin)
    if not MICROPYTHON:
        for name in dir(cls):
            if name.startswith("_get_"):
                setattr(cls, name[5:], property(getattr(cls, name)))
