"""`make verify`: conformance, throughput, memory and a soak on a board that runs verify_app; the report is a file.

Everything is driven from this computer over the network, as browsers would.
"""

import contextlib
import datetime
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.request

from link import FlashError
from target import ROOT

sys.path[:0] = [str(ROOT / "tools" / name) for name in ("conformance", "env")]

GROUPS = "1.*,2.*,3.*,4.*,5.*,6.*,7.*,10.*"
# Messages of 64 kB: the boards' profiles take 16 kB, and close with 1009.
TOO_LARGE = "1.1.6,1.1.7,1.1.8,1.2.6,1.2.7,1.2.8,10.1.1"
PATIENCE = 20
CONFORMANCE_SECONDS = 3600
SIZES = (16, 1024)
DRIFT = 4096  # bytes of heap that a soak may end with less, in the board's 32-bit words
FEW = 16  # seconds are asked for in stretches of so many messages


class Verification:
    """Measures one board and collects the report.

    url    http://HOST:PORT/ of verify_app
    title  what is verified, for the report's heading
    """

    def __init__(self, url, title):
        self.url = url.rstrip("/")
        self.socket_url = self.url.replace("http", "ws", 1) + "/"
        self.lines = [f"# {title}", "", f"{datetime.datetime.now():%Y-%m-%d %H:%M}, {self.url}", ""]
        self.failures = []
        self.most = self.free()["clients"]

    def note(self, text):
        print("  " + text, flush=True)
        self.lines.append("- " + text)

    def heading(self, text):
        print(text, flush=True)
        self.lines += ["", "## " + text, ""]

    def fail(self, text):
        self.failures.append(text)
        self.note("FAILED: " + text)

    def free(self):
        with urllib.request.urlopen(self.url + "/free", timeout=PATIENCE) as answer:
            return json.load(answer)

    def client(self):
        from websockets.sync.client import connect

        ws = connect(self.socket_url, open_timeout=PATIENCE, ping_interval=None, **legacy(connect))
        return contextlib.closing(ws)

    # ---- what is measured --------------------------------------------------

    def conformance(self, cases):
        """The Autobahn suite's cases that fit in a board."""
        import environment
        import install

        self.heading("Conformance (Autobahn)")
        try:
            install.install()
        except environment.SetupError as error:
            raise FlashError(str(error)) from None
        command = [environment.venv_python(install.VENV), str(ROOT / "tools" / "conformance" / "fuzz.py"),
                   self.socket_url.rstrip("/"), "--cases", cases or GROUPS, "--exclude", TOO_LARGE,
                   "--require-close-code"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=CONFORMANCE_SECONDS)
        for line in done.stdout.strip().splitlines()[-12:]:
            self.note(line.strip())
        if done.returncode:
            self.fail(f"not all cases passed (status {done.returncode}) {done.stderr.strip()[-300:]}")

    def throughput(self, seconds):
        """Round trips of one client, and GETs on a connection each."""
        self.heading(f"Throughput, {seconds:g} s each")
        for size in SIZES:
            times = []
            with self.client() as ws:
                message = "x" * size
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    began = time.perf_counter()
                    ws.send(message)
                    if ws.recv(PATIENCE) != message:
                        self.fail(f"an echo of {size} bytes came back changed")
                    times.append(time.perf_counter() - began)
            times.sort()
            self.note(f"echo of {size} bytes: {len(times) / sum(times):.0f} round trips/s, median"
                      f" {1000 * times[len(times) // 2]:.1f} ms, 99 % {1000 * times[int(len(times) * 0.99)]:.1f} ms")
        count, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            self.free()
            count += 1
        self.note(f"GET with a connection each: {count / seconds:.0f}/s")

    def memory(self):
        """The heap with no client, and what a client takes."""
        self.heading("Memory")
        with self.client() as ws:  # the first loads what the others share
            ws.send("x")
            ws.recv(PATIENCE)
        self.free()
        none = self.free()["free"]
        self.note(f"heap free with no client: {none} bytes; used {self.free()['used']}")
        with contextlib.ExitStack() as stack:
            count = self.most - 1  # one place is for asking
            for _ in range(count):
                ws = stack.enter_context(self.client())
                ws.send("x")
                ws.recv(PATIENCE)
            some = self.free()["free"]
        if count:
            self.note(f"{count} WebSockets: {(none - some) // count} bytes each")

    def soak(self, minutes):
        """Clients that come, talk and go, some without a word; the heap has to stay."""
        self.heading(f"Soak, {minutes:g} minutes")
        start = self.free()["free"]
        least, connections, messages = start, 0, 0
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            try:
                with self.client() as ws:
                    for _ in range(FEW):
                        ws.send("soak")
                        ws.recv(PATIENCE)
                        messages += 1
                    if connections % 4 == 0:
                        ws.socket.close()  # as a phone that leaves the network
                connections += 1
                if connections % FEW == 0:
                    least = min(least, self.free()["free"])
            except (OSError, TimeoutError) as error:
                self.fail(f"after {connections} connections: {error!r}")
                break
        last = self.free()["free"]
        self.note(f"{connections} connections, {messages} messages; heap free: {start} at first, {least} at least,"
                  f" {last} at last")
        if last < start - DRIFT:
            self.fail(f"{start - last} bytes of heap are missing")

    def save(self, path):
        verdict = "PASSED" if not self.failures else "FAILED: " + "; ".join(self.failures)
        self.lines.insert(3, f"**{verdict}**")
        pathlib.Path(path).write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        return not self.failures


def legacy(connect):
    """websockets 17 wants to be told that connect() is not used as a context manager."""
    import inspect

    return {"legacy": True} if "legacy" in inspect.signature(connect).parameters else {}


def verify(url, title, options):
    """Run all of it; the exit status. The report is written whatever happens."""
    found = Verification(url, title)
    path = options.out or f"verify-{options.board or 'board'}-{datetime.datetime.now():%Y%m%d-%H%M}.md"
    try:
        found.memory()
        found.throughput(options.seconds)
        if not options.no_conformance:
            found.conformance(options.cases)
        found.soak(options.minutes)
    except (OSError, TimeoutError) as error:
        found.fail(f"the board was lost: {error!r}")
    except BaseException:
        found.fail("it was not run to its end")
        raise
    finally:
        passed = found.save(path)
        print(f"report: {os.path.relpath(path)}")
    return 0 if passed else 1
