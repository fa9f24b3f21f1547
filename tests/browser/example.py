"""Starts one of the examples as its README says, on a runtime of choice, and stops it again."""

import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

import pytest
import runtimes
from ports import free_port

ROOT = pathlib.Path(runtimes.ROOT)
HOST = "127.0.0.1"
START_SECONDS = 30
STOP_SECONDS = 10
BOARD_HEAP = "256K"  # in 64-bit words; what `make run` gives them
HEAPS = {"dashboard": "384K", "auth": "320K"}  # but these
POLL = 0.05

RUNTIMES = {one.name: one for one in runtimes.RUNTIMES if one.name in ("cpython", "micropython-viper")}


class Example:
    """A running example: `with Example("echo", "cpython") as example: example.url("/")`.

    port            stays the same across a stop() and a start()
    folder          a copy of the example to run instead
    started_inside  with that folder as the current one
    """

    def __init__(self, name, runtime="cpython", heap=None, folder=None, started_inside=False):
        self.runtime = RUNTIMES[runtime]
        if self.runtime.missing():
            pytest.skip(self.runtime.missing())
        folder = str(folder or ROOT / "examples" / name)
        # Inside its own folder it is just main.py, as on a board.
        self.folder, self.script = (folder, "main.py") if started_inside else (ROOT, folder + "/main.py")
        self.heap = heap or HEAPS.get(name, BOARD_HEAP)
        self.port = free_port()
        self.process = None
        self.output = tempfile.TemporaryFile()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.output.close()

    def url(self, path="/", scheme="http"):
        return f"{scheme}://{HOST}:{self.port}{path}"

    def start(self):
        command = self.runtime.command(self.script, str(self.port), heap=self.heap)
        self.process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.runtime.environ(),
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # `micropython` may be a script that starts the real one
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"{self.script} ended at once:\n{self.said()}")
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(POLL)  # a listening socket does not announce itself
        self.stop()
        raise AssertionError(f"{self.script} did not listen within {START_SECONDS} s:\n{self.said()}")

    def said(self):
        """Everything it has printed so far."""
        # Its own position: the process writes through the same open file.
        return os.pread(self.output.fileno(), 1 << 20, 0).decode(errors="replace")

    def signal(self, number):
        if number == signal.SIGINT:
            runtimes.wait_until_idle(self.process.pid)
        os.killpg(self.process.pid, number)

    def stop(self):
        """End it, by force if it has to be; returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.signal(signal.SIGINT)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        status, self.process = self.process.returncode, None
        return status

    def kill(self):
        """End it as a power cut does: no goodbye to anybody."""
        self.signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
