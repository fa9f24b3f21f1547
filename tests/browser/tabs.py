"""Tabs of one window, one of them in front: Playwright shows each page as if it were, this asks Chromium itself."""

import contextlib
import itertools
import json
import pathlib
import subprocess
import time

from browser.conftest import FLAGS, program
from websockets.sync.client import connect

HOST = "127.0.0.1"
PATIENCE = 60  # seconds for anything that a test waits for
POLL = 0.05
BACKGROUND = ("--disable-background-timer-throttling", "--disable-renderer-backgrounding")  # here it is to be as it is


class Window:
    """`with Window(tmp_path) as window: tab = window.open(url)`; the tab opened last is in front."""

    def __init__(self, folder):
        flags = [flag for flag in FLAGS if flag not in BACKGROUND]
        command = [program(), "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={folder}", *flags]
        self.port_file = pathlib.Path(folder) / "DevToolsActivePort"
        self.process = subprocess.Popen(
            [*command, "about:blank"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.numbers = itertools.count(1)
        self.stack = contextlib.ExitStack()
        self.socket = None

    def __enter__(self):
        try:
            lines = wait(self._where, "Chromium says where it listens")
            url = f"ws://{HOST}:{lines[0]}{lines[1]}"
            self.socket = self.stack.enter_context(connect(url, max_size=None))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _where(self):
        if self.process.poll() is not None:
            raise AssertionError(f"Chromium ended with status {self.process.returncode}")
        lines = self.port_file.read_text().split("\n") if self.port_file.exists() else []
        return lines if len(lines) > 1 else None

    def call(self, method, session=None, **parameters):
        """The result of a command of the Chrome DevTools protocol."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv(PATIENCE))
            if answer.get("id") == number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, url):
        return Tab(self, url)


class Tab:
    """One page: evaluate(), until(), and what a user does to a tab."""

    def __init__(self, window, url):
        self.window = window
        self.target = window.call("Target.createTarget", url=url)["targetId"]
        self.session = window.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]

    def evaluate(self, expression):
        """The value of a JavaScript expression; None where it cannot be had yet."""
        answer = self.window.call("Runtime.evaluate", self.session, expression=expression, returnByValue=True)
        return answer["result"].get("value") if "exceptionDetails" not in answer else None

    def until(self, expression):
        """Wait until the expression is true."""
        wait(lambda: self.evaluate(f"!!({expression})"), expression)

    def to_front(self):
        self.window.call("Target.activateTarget", targetId=self.target)

    def freeze(self):
        """What a browser does to tabs that are not looked at for long: nothing in them runs."""
        self.window.call("Page.setWebLifecycleState", self.session, state="frozen")

    def thaw(self):
        self.window.call("Page.setWebLifecycleState", self.session, state="active")


def wait(condition, what):
    """Wait until condition() is true; its value."""
    deadline = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}"
        time.sleep(POLL)  # the protocol has no event for what is waited for
