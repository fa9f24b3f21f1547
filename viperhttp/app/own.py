"""What an application has for its author: room for attributes, JSON of its own, a client to test it with."""

import sys


class State:
    """Attributes that the application sets."""


class Json:
    """The pair of functions that an application was given."""

    def __init__(self, dumps, loads):
        self.dumps = dumps
        self.loads = loads


class Own:
    """Mixin of ViperHTTP."""

    def _get_state(self):
        """An object for the application's own attributes."""
        if self._state is None:
            self._state = State()
        return self._state

    def test_client(self, **options):
        """A viperhttp.testing.TestClient of this application; `options` are its keyword arguments."""
        # By its public name: it stands above this layer, and costs nothing until somebody asks for it.
        return sys.modules["viperhttp"].TestClient(self, **options)
