"""Each board's profile on a virtual board with that board's limits: an application is flashed, served, and lost."""

import contextlib
import gzip
import inspect
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
import target
from browser.example import free_port
from running import PATIENCE, eventually
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

TOOL = target.ROOT / "tools" / "flash" / "flash.py"
FLASH_SECONDS = 240
RECONNECTS = 200
# websockets 17 wants to be told that connect() is not used as a context manager; older ones do not know the word.
LEGACY = {"legacy": True} if "legacy" in inspect.signature(connect).parameters else {}
CTRL_C, CTRL_D = b"\x03", b"\x04"
BOARDS = [name for name in target.names() if name != "esp8266"]
APP = """
import gc

from viperhttp import ViperHTTP

app = ViperHTTP()


@app.get("/")
async def home():
    gc.collect()
    return {"free": gc.mem_free(), "clients": app.config.max_clients}


@app.websocket("/echo")
async def echo(ws):
    await ws.accept()
    async for message in ws.iter_text():
        await ws.send_text("echo: " + message)
"""


class Served:
    """A board with an application on it: the one above, or another folder."""

    def __init__(self, board, folder, app=None):
        self.board = board
        self.port = free_port()
        if app is None:
            app = folder / "app"
            app.mkdir(exist_ok=True)
            (app / "main.py").write_text(APP)
        self.command = [sys.executable, str(TOOL), "flash", "--app", str(app), "--ssid", "home", "--no-qr",
                        "--http-port", str(self.port), "--port", str(board.link)]

    def flash(self):
        done = subprocess.run(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=FLASH_SECONDS,
                              env=dict(os.environ, WIFI_PASSWORD="secret"))
        assert done.returncode == 0, done.stdout + self.board.printed()[-2000:]
        return self

    def get(self, path="/"):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE) as answer:
            return json.load(answer)

    def serves(self):
        """Whether it answers now."""
        try:
            return self.get()
        except (OSError, urllib.error.URLError):
            return None

    def echo(self):
        """A WebSocket of the echo."""
        return connect(f"ws://127.0.0.1:{self.port}/echo", open_timeout=PATIENCE, ping_interval=None, **LEGACY)

    def type(self, keys):
        """Type on its console."""
        with open(self.board.link, "wb", buffering=0) as console:
            console.write(keys)


@pytest.fixture
def serve(make_board, tmp_path):
    def make(name):
        board = make_board(name)
        board.set(networks={"home": "secret"})
        return Served(board, tmp_path).flash()

    return make


def says(ws, text):
    ws.send(text)
    assert ws.recv(PATIENCE) == "echo: " + text


def refused(served):
    """Whether one client more is refused with a 503 now."""
    # Not by websockets: it is refused as soon as it is there, which may break the pipe under what it is still sending,
    # and websockets 17 answers that with an AssertionError.
    try:
        with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as peer:
            return b" 503 " in peer.recv(1000)
    except OSError:
        return False


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_serves_to_its_limit_and_again_after_ctrl_c_and_a_soft_reset(serve, name):
    served = serve(name)
    most = served.get()["clients"]
    clients = []
    try:
        for number in range(most):
            clients.append(served.echo())
            says(clients[-1], f"client {number}")
        # A connection that the GET has left open may hold a place for a moment.
        eventually(lambda: refused(served), "one client more is refused")
        for number, ws in enumerate(clients):
            says(ws, f"again {number}")
        clients.pop().close()
        eventually(lambda: took(served), "a place that is free is given away")
        since = served.board.mark()
        served.type(CTRL_C)
        for ws in clients:
            with pytest.raises(ConnectionClosed):
                ws.recv(PATIENCE)
        served.board.wait_for(">>> ", since)
        since = served.board.mark()
        served.type(CTRL_D)  # a soft reset: boot.py and main.py run, and the port has to be free
        served.board.wait_for("serves http", since)
        with served.echo() as ws:
            says(ws, "after the reset")
    finally:
        for ws in clients:
            ws.close()
    assert "Traceback" not in served.board.printed(since)


def took(served):
    """Whether a further client is served now."""
    try:
        with served.echo() as ws:
            says(ws, "late")
            return True
    except (AssertionError, InvalidStatus, OSError, ConnectionClosed):  # as above: refused while it was sending
        return False


def test_two_hundred_clients_one_after_the_other_cost_nothing(serve):
    served = serve("pico_w")
    for number in range(20):
        with served.echo() as ws:
            says(ws, str(number))
    before = served.get()["free"]
    for number in range(RECONNECTS):
        if number % 3:
            with served.echo() as ws:
                says(ws, str(number))
        else:  # one that leaves without a word
            socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE).close()
    assert served.get()["free"] > before - 4096


def test_wi_fi_that_is_lost_comes_back_without_help(serve):
    served = serve("pico_w")
    with served.echo() as ws:
        says(ws, "before")
        joins = served.board.events().count("wifi got_ip")
        served.board.set(up=False)
        served.board.wait_for("is lost")
        served.board.set(up=True)
        eventually(lambda: served.board.events().count("wifi got_ip") > joins, "it joins again")
        eventually(served.serves, "it serves again")


def test_the_dashboards_page_comes_from_a_pico_and_gets_its_values(make_board, tmp_path):
    board = make_board("pico_w")
    served = Served(board, tmp_path, target.ROOT / "examples" / "dashboard").flash()
    with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/", timeout=PATIENCE) as answer:
        page = answer.read()
        if answer.headers["Content-Encoding"] == "gzip":
            page = gzip.decompress(page)
    assert b"<html" in page
    with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/viper.js", timeout=PATIENCE) as answer:
        assert answer.status == 200
    with contextlib.ExitStack() as stack:
        url = f"ws://127.0.0.1:{served.port}/live"
        viewers = [connect(url, subprotocols=["viper.v1"], ping_interval=None, **LEGACY) for _ in range(3)]
        for ws in viewers:
            stack.callback(ws.close)
        for ws in viewers:
            ws.send(json.dumps(["join", json.loads(ws.recv(PATIENCE))[3]["rooms"][0], None, None]))
            seen = {json.loads(ws.recv(PATIENCE))[2] for _ in range(8)}
            assert "msg" in seen or len(seen) > 1, seen
    assert "MemoryError" not in board.printed()


def test_its_health_is_told_and_no_password_is(serve):
    served = serve("pico_w")
    health = json.dumps(served.get("/health"))
    assert "home" in health
    assert "secret" not in health and "secret" not in served.board.printed()
