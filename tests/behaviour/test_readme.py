"""The README's programs run as printed, and every name in its tables is there."""

import http.client
import json
import pathlib
import re

import pytest
from serving import PATIENCE, Served
from websockets.sync.client import connect

README = (pathlib.Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.S)
GLANCE = README.split("## The API at a glance")[1].split("\n## ")[0]
NO_NAMES = ("/", "{", "async ", "room =", "import {", "viper.js", "uvicorn", "granian", "TestClient", "docs=", "resp")
PORT = "app.run(port=8080)"


@pytest.fixture
def program(runtime, tmp_path):
    """program(n) serves the README's nth program, with another port."""
    running = []

    def start(n):
        assert BLOCKS[n].count(PORT) == 1
        (tmp_path / "www").mkdir()
        (tmp_path / "www" / "index.html").write_text("<p>hello")
        lines = ["import os, sys", f"os.chdir({str(tmp_path)!r})", BLOCKS[n]]
        source = "\n".join(lines).replace(PORT, 'app.run(port=int(sys.argv[1]), host="127.0.0.1")')
        (tmp_path / "readme.py").write_text(source)
        served = Served(runtime, str(tmp_path / "readme"), "1M", None, {})
        running.append(served)
        served.wait_until_ready()
        return served

    yield start
    for served in running:
        served.stop()
        served.check_log()


def ask(served, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    connection.request(method, path, body)
    answer = connection.getresponse()
    found = answer.status, answer.getheader("content-type"), answer.read()
    connection.close()
    return found


def socket(served, path, **options):
    return connect(f"ws://127.0.0.1:{served.port}{path}", open_timeout=PATIENCE, **options)


def test_the_first_program_echoes(program):
    with socket(program(0), "/echo") as ws:
        ws.send("hello")
        assert ws.recv(PATIENCE) == "echo: hello"


def test_the_api_at_a_glance_does_what_its_comments_say(program):
    served = program(1)
    status, kind, body = ask(served, "GET", "/sensors/door")
    assert (status, kind, json.loads(body)) == (200, "application/json", {"name": "door", "value": 21.5})
    assert ask(served, "POST", "/settings", '{"ssid": "home"}')[0] == 204
    status, _, body = ask(served, "POST", "/settings", "{}")
    assert (status, json.loads(body)) == (422, {"detail": "ssid is missing"})
    with socket(served, "/chat/red", subprotocols=["chat.v1"]) as one, socket(served, "/chat/red") as two:
        assert one.subprotocol == "chat.v1"
        one.send("hello")
        assert one.recv(PATIENCE) == two.recv(PATIENCE) == "hello"
    status, kind, body = ask(served, "GET", "/events")
    assert kind == "text/event-stream; charset=utf-8"
    assert body.count(b"event: tick\n") == 10
    assert ask(served, "GET", "/")[2] == b"<p>hello"


def test_every_name_in_the_tables_is_there():
    import viperhttp
    from viperhttp import auth, middleware, sensors, sessions, socketio
    from viperhttp.rooms.room import Room

    places = [viperhttp, viperhttp.ViperHTTP, viperhttp.WebSocket, viperhttp.Request, viperhttp.Response]
    places += [middleware, auth, sessions, socketio, sensors, Room]
    missing = []
    rows = [line for line in GLANCE.splitlines() if line.startswith("| ")]
    assert len(rows) > 12
    for code in re.findall(r"`([^`]+)`", "\n".join(rows)):
        name = re.match(r"(?:viperhttp\.|app\.|ws\.|request\.|room\.|\.)?([A-Za-z_/]+)", code)
        if not name or code.startswith(NO_NAMES):
            continue
        names = [name[1]]
        if "/" in name[1]:  # receive_text/bytes/json
            first, *others = name[1].split("/")
            names = [first] + [first.rpartition("_")[0] + "_" + other for other in others]
        for one in names:
            if one not in ("stream_body",) and not any(has(place, one) for place in places):
                missing.append(one)
    assert not missing


def has(place, name):
    try:
        return hasattr(place, name) or hasattr(place, "_get_" + name)
    except RuntimeError:
        return True
