"""A server under test in a process of its own: start, wait, look at its log, stop."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from ports import free_port
from runtimes import wait_until_idle

APPS = pathlib.Path(__file__).parent / "apps"
PATIENCE = 40  # seconds for anything that should happen at once, on a machine that is busy with other things


def eventually(condition, what, patience=PATIENCE):
    """Wait until condition() is true, and return its value."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {patience} s")
        time.sleep(0.01)


class Served:
    """One running application. Its arguments are PORT and the config as JSON."""

    def __init__(self, runtime, app, heap, port, config):
        self.runtime = runtime
        self.port = port or free_port()
        self.log_file = tempfile.TemporaryFile("w+", errors="replace")
        self.expect_errors = False  # set it in a test whose application is meant to fail
        command = runtime.command(str(APPS / f"{app}.py"), str(self.port), json.dumps(config), heap=heap)
        self.process = subprocess.Popen(
            command,
            env=runtime.environ(str(APPS)),
            stdin=subprocess.DEVNULL,
            stdout=self.log_file,
            stderr=subprocess.STDOUT,
            preexec_fn=_default_signals,
        )

    def wait_until_ready(self):
        """Until the port accepts connections."""
        eventually(self._ready, "the server listens")

    def _ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended ({self.process.returncode}):\n{self.log()}")
        return "viperhttp serves" in self.log()

    def log(self):
        """What the server has printed so far."""
        self.log_file.flush()
        with open(f"/proc/self/fd/{self.log_file.fileno()}") if os.path.exists("/proc/self/fd") else self.log_file as f:
            f.seek(0)
            return f.read()

    def wait_for_log(self, text, patience=PATIENCE):
        """Until the server has printed `text`."""
        eventually(lambda: text in self.log(), f"{text!r} in the log, which is {self.log()!r}", patience)

    def interrupt(self):
        """Ctrl-C."""
        wait_until_idle(self.process.pid)
        self.process.send_signal(signal.SIGINT)

    def wait(self, patience=PATIENCE):
        """Until the process ends; its exit status."""
        return self.process.wait(patience)

    def stop(self):
        """End the process, gently first."""
        if self.process.poll() is None:
            self.interrupt()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def check_log(self):
        """No traceback but in tests that expect one."""
        log = self.log()
        if "Traceback" in log and not self.expect_errors:
            raise AssertionError(f"the server printed a traceback:\n{log}")


def _default_signals():
    # A parent that ignores Ctrl-C (a shell's background job) must not hand that down.
    signal.signal(signal.SIGINT, signal.default_int_handler)
