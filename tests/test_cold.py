"""What loads when it is first asked for, and what a board lets go of when it begins to serve (viperhttp/cold.py)."""

import importlib
import pathlib
import subprocess
import sys

import pytest
import runtimes
from ports import free_port

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tools" / "memory"), str(HERE / "behaviour")]

import imports  # noqa: E402
import toolbox  # noqa: E402
from raw import Raw, text  # noqa: E402

from viperhttp import Request, Router, ViperHTTP, WebSocket  # noqa: E402
from viperhttp.app.dispatch import Dispatcher  # noqa: E402

CLASSES = (ViperHTTP, Router, WebSocket, Request, Dispatcher)
LISTED = [entry for cls in CLASSES for entry in cls._early + cls._cold]

BEGIN = """
import gc, sys
import viperhttp
from viperhttp import ViperHTTP
from viperhttp.testing import TestClient

def used():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()

app = ViperHTTP(config={"max_clients": 3})

@app.get("/first")
async def first():
    return "first"
"""


@pytest.fixture(scope="module")
def compiled():
    """A folder with the package as .mpy files, where what is rare loads late."""
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    try:
        with imports.Compiled() as found:
            yield found.folder
    except toolbox.Missing as missing:
        pytest.skip(str(missing))


def run(folder, script, heap="2M"):
    """What a script prints on MicroPython, the package being that of `folder`."""
    command = [toolbox.micropython(), "-X", "heapsize=" + heap, "-c", BEGIN + script]
    env = {"MICROPYPATH": f"{folder}:.frozen", "VIPERHTTP_KERNELS": "pure"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.splitlines()


@pytest.mark.parametrize("entry", sorted(set(LISTED)), ids=lambda entry: entry.split(" ")[0].rpartition(".")[2])
def test_a_mixin_is_listed_with_what_it_has_to_offer(entry):
    where, *names = entry.split(" ")
    module, _, name = where.rpartition(".")
    has = vars(getattr(importlib.import_module(module), name))
    assert entry[-1] == " " and names.pop() == ""
    assert set(names) <= set(has)
    offered = {key for key in has if callable(has[key]) and (key[0] != "_" or key.startswith(("_get_", "__a")))}
    if name == "Kinds":
        offered.discard("receive_text")  # CPython's
    assert offered <= set(names)


def test_no_two_mixins_of_a_class_offer_the_same_name():
    for cls in CLASSES:
        names = [name for entry in cls._early + cls._cold for name in entry.split(" ")[1:] if name]
        assert len(names) == len(set(names)), cls


def test_a_board_lets_go_of_what_only_registering_needs_when_it_serves(compiled):
    early = {entry.split(" ")[0].rpartition(".")[0] for entry in ViperHTTP._early}
    lines = run(
        compiled,
        f"""
for name in {sorted(early)!r}:
    __import__(name)  # as if all had been used
app.post("/second")(first)
app.on_event("startup")(lambda: None)
app.prepare()
print([name for name in {sorted(early)!r} if name in sys.modules])
import viperhttp.app
print([name for name in ("routing", "verbs", "registering", "starting") if hasattr(viperhttp.app, name)])
print([name for name in ("route", "get", "post", "on_event") if name in dir(ViperHTTP)])
""",
    )
    assert lines == ["[]", "[]", "[]"]


def test_registering_after_the_start_works(compiled):
    lines = run(
        compiled,
        """
with TestClient(app) as client:
    print(client.get("/first").text, client.get("/later").status_code)

    @app.get("/later")
    async def later():
        return "later"

    @app.websocket("/ws")
    async def ws(ws):
        await ws.accept()
        await ws.send_text(await ws.receive_text())

    print(client.get("/later").text)
    with client.websocket_connect("/ws") as ws:
        ws.send_text("x")
        print(ws.receive_text())
""",
    )
    assert lines == ["first 404", "later", "x"]


def test_what_a_board_lets_go_of_is_free_again(compiled):
    lines = run(
        compiled,
        """
from viperhttp.cold import unload
app.prepare()
for _ in range(3):
    app.get
    before = used()
    unload()
    print(before - used() > 2500)
""",
    )
    assert lines == ["True"] * 3


def test_every_name_of_a_websocket_is_there_when_it_is_asked_for(compiled):
    lines = run(
        compiled,
        """
@app.websocket("/ws")
async def ws(ws):
    print(ws.accepted, ws.query_params, ws.requested_subprotocols)
    async with ws:
        print(ws.accepted, ws.state, ws.try_send("hi"))
        print(await ws.receive_json(), await ws.receive_bytes(1))
        await ws.send({"a": 1})
        async for message in ws:
            print("not reached: the peer closes", message)

@app.get("/broken")
async def broken():
    raise KeyError("inside")

with TestClient(app, raise_server_exceptions=False) as client:
    with client.websocket_connect("/ws?q=1", subprotocols=["one"]) as ws:
        print(ws.receive_text())
        ws.send_text("[1]")
        ws.send_bytes(b"2")
        print(ws.receive_text())
        ws.close(1000)
    print(client.get("/broken").status_code, client.get("/nowhere").status_code)
""",
    )
    assert lines[0] == "False {'q': '1'} ['one']"
    assert lines[1:] == ["True {} 1", "hi", "[1] b'2'", '{"a": 1}', "500 404"]


FULL = """
import gc, sys
from viperhttp import ViperHTTP
app = ViperHTTP(config={"min_free_heap": 0})
held = None

def fill(left):
    global held
    gc.collect()
    while gc.mem_free() > left:
        held = (bytearray(100), held)

@app.get("/first")
async def first():
    global held
    held = None
    gc.collect()
    return [name for name in ("answers", "refusals") if "viperhttp.app." + name in sys.modules]

@app.get("/full")
async def full():
    fill(5000)
    raise KeyError("inside")

@app.websocket("/full")
async def full_ws(ws):
    await ws.accept()
    await ws.receive_text()
    fill(5000)
    raise KeyError("inside")

app.run(port=int(sys.argv[1]))
"""


def test_without_memory_for_what_makes_error_answers_it_is_still_a_500_and_a_1011(compiled, tmp_path):
    (tmp_path / "main.py").write_text(FULL)
    port = free_port()
    env = {"MICROPYPATH": f"{compiled}:.frozen", "VIPERHTTP_KERNELS": "pure"}
    command = [toolbox.micropython(), "-X", "heapsize=256K", "main.py", str(port)]
    server = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert "viperhttp serves" in server.stdout.readline().decode()
        with Raw(port, 30) as client:
            client.open("/full")
            client.send(text("now"))
            assert client.frame() == (0x88, b"\x03\xf3")  # 1011
        with Raw(port, 30) as client:
            assert client.get("/first")[2] == b"[]"
        with Raw(port, 30) as client:
            status, _, body = client.get("/full")
            assert (status, body) == (500, b"Internal Server Error\n")
        with Raw(port, 30) as client:
            assert client.get("/first")[::2] == (200, b"[]")  # not loaded, and well again
    finally:
        server.kill()
        said = server.communicate(timeout=30)[0].decode()
    assert said.count("KeyError") == 1 and said.count("MemoryError") == 1, said
