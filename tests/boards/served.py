"""A virtual board with an application on it, put there by `make flash`, and clients of it."""

import inspect
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import target
from browser.example import free_port
from running import PATIENCE, eventually
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

TOOL = target.ROOT / "tools" / "flash" / "flash.py"
FLASH_SECONDS = 240
# websockets 17 wants to be told that connect() is not used as a context manager; older ones do not know the word.
LEGACY = {"legacy": True} if "legacy" in inspect.signature(connect).parameters else {}
CTRL_C, CTRL_D = b"\x03", b"\x04"
BOARDS = [name for name in target.names() if name != "esp8266"]  # nothing that `make flash` copies fits there
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
        self.app = app
        self.command = [
            sys.executable,
            str(TOOL),
            "flash",
            "--app",
            str(app),
            "--ssid",
            "home",
            "--no-qr",
            "--http-port",
            str(self.port),
            "--port",
            str(board.link),
        ]

    def start_flash(self, password="secret"):
        """make flash: its process."""
        return subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ, WIFI_PASSWORD=password),
        )

    def flashed(self, password="secret", status=0):
        """make flash, to its end: what it printed."""
        process = self.start_flash(password)
        try:
            said = process.communicate(timeout=FLASH_SECONDS)[0]
        finally:
            process.kill()
            process.wait()
        assert process.returncode == status, said + self.board.printed()[-2000:]
        assert password not in said
        return said

    def flash(self):
        self.flashed()
        return self

    def url(self, path="/", scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def get(self, path="/"):
        with urllib.request.urlopen(self.url(path), timeout=PATIENCE) as answer:
            return json.load(answer)

    def serves(self):
        """Whether it answers now."""
        try:
            return self.get()
        except (OSError, urllib.error.URLError):
            return None

    def echo(self):
        """A WebSocket of the echo."""
        return connect(self.url("/echo", "ws"), open_timeout=PATIENCE, ping_interval=None, **LEGACY)

    def took(self):
        """Whether a further client is served now."""
        try:
            with self.echo() as ws:
                says(ws, "late")
                return True
        except (AssertionError, InvalidStatus, OSError, ConnectionClosed):  # as below: refused while it was sending
            return False

    def refuses(self):
        """Whether one client more is refused with a 503 now."""
        # Not by websockets: it is refused as soon as it is there, which may break the pipe under what it is still
        # sending, and websockets 17 answers that with an AssertionError.
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as peer:
                return b" 503 " in peer.recv(1000)
        except OSError:
            return False

    def type(self, keys):
        """Type on its console."""
        with open(self.board.link, "wb", buffering=0) as console:
            console.write(keys)

    def restarts(self, do):
        """do() something that starts it anew, and wait until it serves."""
        since = self.board.mark()
        do()
        self.board.wait_for("serves http", since)
        eventually(self.serves, "it answers again")


def says(ws, text):
    ws.send(text)
    assert ws.recv(PATIENCE) == "echo: " + text
