"""The names of statuses and close codes, and the module that WebSocket handlers import, on both runtimes."""

import pytest

from viperhttp import status
from viperhttp.protocol import phrases

PROGRAM = """
from viperhttp import status
from viperhttp.status import WS_1008_POLICY_VIOLATION, HTTP_418_IM_A_TEAPOT
from viperhttp.websockets import WebSocket, WebSocketDisconnect, WebSocketException
import viperhttp
print(status.WS_1000_NORMAL_CLOSURE, WS_1008_POLICY_VIOLATION, status.HTTP_404_NOT_FOUND, HTTP_418_IM_A_TEAPOT)
print(WebSocket is viperhttp.WebSocket, WebSocketDisconnect is viperhttp.WebSocketDisconnect)
try:
    status.HTTP_404_NOT_FOUN
except AttributeError as error:
    print(error)
"""


def test_the_names_are_there_on_both_runtimes(runtime, tmp_path):
    script = tmp_path / "names.py"
    script.write_text(PROGRAM)
    output, code = runtime.run(str(script))
    assert output.splitlines() == [
        "1000 1008 404 418",
        "True True",
        "module 'viperhttp.status' has no attribute 'HTTP_404_NOT_FOUN'",
    ]
    assert code == 0


def test_every_name_carries_its_number():
    for name in dir(status):
        kind, number, _ = name.split("_", 2)
        assert getattr(status, name) == int(number)
        assert kind == ("WS" if int(number) >= 1000 else "HTTP")


def test_every_status_that_the_server_knows_has_a_name():
    known = {getattr(status, name) for name in dir(status)}
    spoken = {code for code in range(100, 600) if phrases.status_line(code) != b"%d " % code}
    assert len(spoken) > 30
    assert spoken <= known


@pytest.mark.parametrize("name", ["", " ", "HTTP_200", "200_OK", "HTTP_200_OK HTTP_201_CREATED", "ws_1000_normal"])
def test_nothing_but_whole_names_is_found(name):
    assert not hasattr(status, name)
