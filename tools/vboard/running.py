"""A virtual board in a process of its own, for tests: start it, script its surroundings, cut its power."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

PROGRAM = pathlib.Path(__file__).resolve().parent / "vboard.py"
PATIENCE = 60  # seconds for anything that should happen at once: a loaded machine is slow, a broken one never ends


def eventually(condition, what, patience=PATIENCE):
    """Wait until condition() is true, and return its value; AssertionError says `what` did not happen."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience} s: {what() if callable(what) else what}")
        time.sleep(0.02)


class Running:
    """`with Running("pico_w", folder) as board:`; everything it makes is in the folder, which outlives it.

    options  more options of vboard.py: heap="64K", storage="256K", fs="posix", micropython=path
    """

    def __init__(self, board, folder, **options):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.link = self.folder / "tty"
        self.world = self.folder / "world"
        self.log = self.folder / "console.log"
        self.command = [sys.executable, str(PROGRAM), "--board", board, "--link", str(self.link),
                        "--world", str(self.world), "--log", str(self.log), "--flash", str(self.folder / "flash")]
        for name, value in options.items():
            self.command += [f"--{name}", str(value)]
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Plug it in; returns when the port is there."""
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        line = self.process.stdout.readline()
        if "serial port" not in line:
            said = line + self.process.communicate(timeout=PATIENCE)[0]
            raise AssertionError(f"the virtual board did not start:\n{said}")
        return self

    def stop(self):
        """Unplug it, which is also a power cut: it runs from USB."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def printed(self, since=0):
        """What it has printed, from the `since`-th byte on."""
        try:
            return self.log.read_bytes()[since:].decode(errors="replace")
        except FileNotFoundError:
            return ""

    def mark(self):
        """How much it has printed so far, for printed(since)."""
        return self.log.stat().st_size if self.log.exists() else 0

    def wait_for(self, text, since=0, times=1):
        """Until it has printed the text."""
        eventually(lambda: self.printed(since).count(text) >= times,
                   lambda: f"{text!r} on the console, which has {self.printed(since)!r}")

    def set(self, **changes):
        """Change world.json: networks={"home": "secret"}, up=False, lies=True."""
        path = self.world / "world.json"
        content = dict(json.loads(path.read_text()), **changes)
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(content))
        os.replace(temporary, path)

    def events(self):
        """What it has done, a line each: "wifi join home", "listen tcp-80"."""
        try:
            return (self.world / "events.log").read_text().splitlines()
        except FileNotFoundError:
            return []

    def port(self, port, patience=PATIENCE):
        """The host's port that leads to the board's, once it listens."""
        return eventually(lambda: self._ports().get(str(port)), lambda: f"port {port}: {self.printed()!r}", patience)

    def _ports(self):
        try:
            return json.loads((self.world / "ports.json").read_text())
        except FileNotFoundError:
            return {}
