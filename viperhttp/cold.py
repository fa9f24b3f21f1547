"""Methods that few programs or moments need: they stand in mixins of their own, which a board loads at first use."""

import sys

from .config import MICROPYTHON

# Compiling takes blocks of kilobytes, which a heap that has served for a while may not have in one piece. From source
# what handlers commonly ask for is therefore loaded at the start; from .mpy files blocks of some hundred bytes do.
FROM_SOURCE = MICROPYTHON and globals().get("__file__", "").endswith(".py")

_early: list = []  # (class, mixin, module's name) of what is loaded of any `_early`


class Cold:
    """A class whose `_cold` lists mixins: "viperhttp.folder.module.Class name _get_name ", with what each has to offer
    to others, and a space at the end. Without names, it is loaded to see.

    MicroPython imports one when such a name is asked for, and from then on the mixin's methods are the class's own.
    Those of `_early` are needed before the server serves: unload() takes them back; whoever asks for one afterwards
    loads it again. CPython has room: complete() makes all of them the class's own at once.

    An attribute x may also be what the method _get_x returns. A property would do the same, but one property in a class
    makes MicroPython search the class and its bases at every assignment to an attribute: 1 500 instructions each.
    """

    _cold: tuple = ()
    _early: tuple = ()

    if MICROPYTHON:  # with it CPython searches for each attribute by name, and remembers nothing

        def __getattr__(self, name: str):
            if name[:2] != "__" or name[:3] == "__a":  # of the double names, those of `async with` and `async for`
                cls = type(self)
                method = " %s " % name
                getter = " _get_%s " % name
                for mixin in cls._early + cls._cold:
                    if method in mixin:
                        load(cls, mixin)
                        return getattr(self, name)
                    if getter in mixin:
                        getter = getter.strip()
                        if not hasattr(cls, getter):
                            load(cls, mixin)
                        return getattr(self, getter)()
                getter = getter.strip()
                if hasattr(cls, getter):
                    return getattr(self, getter)()
                for mixin in cls._cold:
                    if mixin[-1] != " " and load(cls, mixin, name):
                        return getattr(self, name)
            raise AttributeError("%s has no attribute %r" % (type(self).__name__, name))


def _owner(cls, mixin: str):
    # The class that lists the mixin. Its subclasses' tables stay small: every look-up of a message passes those first.
    for base in cls.__bases__:
        if mixin in getattr(base, "_early", ()) or mixin in getattr(base, "_cold", ()):
            return _owner(base, mixin)
    return cls


def load(cls, mixin: str, name: "str | None" = None) -> bool:
    """Give the class the methods of a mixin, but those that it has; with `name`, only if that is one of them."""
    where, _, what = mixin.split(" ")[0].rpartition(".")
    # By the package's own loader, which keeps the heap in large blocks: 57 kB against 5 kB (examples/auth, 256 kB).
    found = getattr(sys.modules["viperhttp"]._load(where, what), what)
    if name is not None and not hasattr(found, name):
        return False
    cls = _owner(cls, mixin)
    for key, value in found.__dict__.items():
        if not hasattr(cls, key):
            setattr(cls, key, value)
    if mixin in getattr(cls, "_early", ()):
        _early.append((cls, found, where))
    return True


def unload() -> None:
    """MicroPython: take back what is only needed before serving: methods of classes, and modules."""
    while MICROPYTHON and _early:
        cls, found, where = _early.pop()
        for key, value in found.__dict__.items():
            if cls.__dict__.get(key) is value:
                setattr(cls, key, None)  # see forget()
                delattr(cls, key)
        forget(where)


def forget(name: str) -> None:
    """Let go of a module; whoever needs it again imports it again."""
    package, _, short = name.rpartition(".")
    # None first: MicroPython's tables keep the value of what is deleted, and so keep it alive, until its slot is used.
    sys.modules[name] = None  # type: ignore[assignment]
    del sys.modules[name]
    parent = sys.modules.get(package)
    if parent is not None and hasattr(parent, short):
        setattr(parent, short, None)
        delattr(parent, short)


def once(module: str, name: str):
    """A function or class of a module that is needed once, such as at the start: a board forgets the module again."""
    found = getattr(sys.modules["viperhttp"]._load(module, name), name)
    if MICROPYTHON:
        forget(module)
    return found


if MICROPYTHON:
    complete = None
else:

    def complete(cls) -> None:
        """CPython: give the class all its mixins' methods, and make properties of its _get_ methods."""
        for mixin in cls._early + cls._cold:
            load(cls, mixin)
        for name in dir(cls):
            if name.startswith("_get_"):
                setattr(cls, name[5:], property(getattr(cls, name)))
