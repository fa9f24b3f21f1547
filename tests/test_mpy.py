"""The small .mpy files that tools/mpy builds for boards: what is renamed in them, and that they serve."""

import ast
import pathlib
import subprocess
import sys

import pytest
import runtimes

TOOLS = pathlib.Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS / "mpy"), str(TOOLS / "bench")]

import build  # noqa: E402
import shrink  # noqa: E402
import toolbox  # noqa: E402

from viperhttp import configuring  # noqa: E402

# Not needed here: compiling takes time.
LEFT_OUT = ("device", "socketio", "rooms", "app/autodocs")

ECHO = """
import viperhttp
from viperhttp import ViperHTTP
app = ViperHTTP(config={key: 5 for key in KEYS})
app.add_middleware(viperhttp.middleware.CORSMiddleware, allow_origins=["*"])

@app.get("/hello")
async def hello():
    viperhttp.current_request().client  # which asks for `peer`, which is _get_peer()
    return {"hello": "world"}

@app.websocket("/echo", protocols=["a", "b"])
async def echo(ws):
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(text * 2)

client = app.test_client()
print(client.get("/hello").json())
with client.websocket_connect("/echo", subprotocols=["b"]) as ws:
    ws.send_text("x")
    print(ws.receive_text(), ws.accepted_subprotocol)
"""


def folded(text):
    return ast.unparse(shrink.fold(ast.parse(text)))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mpy")
    try:
        return folder, build.build(folder, "x64", leave_out=LEFT_OUT)
    except toolbox.Missing as missing:
        pytest.skip(str(missing))


def test_what_is_for_cpython_is_left_out():
    text = 'if MICROPYTHON:\n    a = 1\nelse:\n    a = 2\nb = 3 if not MICROPYTHON else 4\nc = MICROPYTHON and d\n'
    assert folded(text) == "a = 1\nb = 4\nc = d"


def test_docstrings_and_annotations_are_left_out():
    text = 'def f(a: int, *b: str) -> "str | None":\n    """Text."""\nclass C:\n    x: int\n    y: int = 1\n'
    assert folded(text) == "def f(a, *b):\n    pass\n\nclass C:\n    y = 1"


def test_a_name_of_the_packages_own_is_shortened_everywhere_and_a_users_is_not():
    one = "class Zorble:\n    def frobnicate_it(self, quux_of_it):\n        self.send_text(quux_of_it)\n"
    other = "from .a import Zorble\nZorble().frobnicate_it(1)\ngetattr(x, 'grumble_it')\ny.grumble_it = 1\n"
    modules = {"p/a.py": ast.parse(one), "p/b.py": ast.parse(other)}
    names = shrink.Names(modules).map
    assert {"Zorble", "frobnicate_it", "quux_of_it"} <= set(names)
    assert not {"send_text", "grumble_it", "self"} & set(names)
    for module in modules.values():
        shrink.Renamer(names).visit(module)
    text = ast.unparse(modules["p/b.py"])
    assert text.startswith(f"from .a import {names['Zorble']}\n{names['Zorble']}().{names['frobnicate_it']}(1)")


def test_no_two_names_become_one(built):
    trees = {str(path): ast.parse(path.read_text()) for path in (build.ROOT / "viperhttp").rglob("*.py")}
    names = shrink.Names(trees)
    assert len(set(names.map.values())) == len(names.map)
    assert not set(names.map.values()) & (names.used - set(names.map))


def test_the_built_package_serves_http_and_websocket(built, tmp_path):
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    folder, _ = built
    script = tmp_path / "main.py"
    script.write_text(f"KEYS = {[key for key in configuring.keys() if key.endswith('_timeout')]}\n" + ECHO)
    done = subprocess.run(
        [runtimes.micropython(), "-X", "heapsize=1M", str(script)],
        env={"MICROPYPATH": f"{folder}:.frozen", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split("\n")[:2] == ["{'hello': 'world'}", "xx b"], done.stdout + done.stderr


def test_it_is_smaller_than_what_the_compiler_makes_of_the_source(built, tmp_path):
    plain = build.build(tmp_path, "x64", small=False, leave_out=LEFT_OUT)
    assert set(plain) == set(built[1])
    assert sum(built[1].values()) < 0.95 * sum(plain.values())


def test_modules_can_be_left_out(tmp_path):
    try:
        sizes = build.build(tmp_path, leave_out=(*LEFT_OUT, "testing", "sessions", "asgi", "middleware"))
    except toolbox.Missing as missing:
        pytest.skip(str(missing))
    assert "viperhttp/app/application.mpy" in sizes
    assert not [path for path in sizes if "autodocs" in path or path.endswith("/testing.mpy") or "_viper" in path]
