"""Mixins that load at first use: what they bring is what their class then has."""

import pytest
import runtimes

# A method of the class itself, or of a base, would keep the mixin's from ever being loaded.
SCRIPT = """
from viperhttp.app.application import ViperHTTP
from viperhttp.app.dispatch import Dispatcher
from viperhttp.cold import _owner, load
from viperhttp.connection.server import Server
from viperhttp.endpoints.websocket import WebSocket
from viperhttp.connection.http import HttpConnection

for cls in (ViperHTTP, Dispatcher, Server, WebSocket, HttpConnection):
    for mixin in cls._early + cls._cold:
        where, _, names = mixin.partition(" ")
        load(cls, mixin)
        where, _, what = where.rpartition(".")
        found = getattr(__import__(where, None, None, (what,)), what)
        owner = _owner(cls, mixin)
        for name, value in found.__dict__.items():
            if callable(value) and not name.startswith("__") and owner.__dict__.get(name) is not value:
                print(cls.__name__, name, "is shadowed")
        for name in names.split():
            if name not in found.__dict__:
                print(cls.__name__, name, "is not in", what)
print("seen")
"""


@pytest.mark.parametrize(
    "runtime", [one for one in runtimes.RUNTIMES if one.micropython], ids=lambda runtime: runtime.name
)
def test_nothing_hides_a_method_that_loads_at_first_use(runtime, tmp_path):
    script = tmp_path / "main.py"
    script.write_text(SCRIPT)
    output, status = runtime.run(str(script))
    assert output.split("\n") == ["seen", ""], output
    assert status == 0
