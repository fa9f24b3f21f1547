"""Measures one server with one load: instructions per message, processor and wall time, what it prints.

Instructions come from callgrind as the difference of two runs that differ only in the
number of messages, so start-up, handshakes and shutdown cancel out.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import toolbox

sys.path.insert(0, str(toolbox.ROOT / "tools" / "env"))

import ports

CLIENT_LIMIT_S = 280
EXIT_LIMIT_S = 4  # a server that ends with its last connection; one that does not is interrupted
KILL_LIMIT_S = 30


class ServerFailed(Exception):
    """The server or the load client ended with an error; the text holds what they said."""


@dataclasses.dataclass(frozen=True)
class Server:
    """How to start a server; "{port}" in the command is replaced."""

    name: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    ends_by_itself: bool = True


@dataclasses.dataclass(frozen=True)
class Load:
    """What the client does, as the options of wsload.c say it."""

    wire: str = "ws"
    mode: str = "ping"
    size: int = 16
    path: str = "/echo"
    connections: int = 1
    idle: int = 0
    window: int = 1
    browser: bool = False
    varied: bool = False

    def options(self) -> list[str]:
        pairs = {
            "-m": self.wire,
            "-M": self.mode,
            "-s": self.size,
            "-u": self.path,
            "-c": self.connections,
            "-i": self.idle,
            "-w": self.window,
        }
        flags = ["-b"] * self.browser + ["-V"] * self.varied
        return [str(x) for pair in pairs.items() for x in pair] + flags


@dataclasses.dataclass
class Outcome:
    client: dict[str, float]
    stdout: str
    stderr: str


def run_once(
    server: Server,
    load: Load,
    messages: int,
    wrap: list[str] | None = None,
    core: int | None = None,
    warm_up: int = 10,
) -> Outcome:
    """Start the server, send the messages, end both."""
    port = ports.free_port()
    command = (wrap or []) + [part.replace("{port}", str(port)) for part in server.command]
    environment = {**os.environ, "PYTHONHASHSEED": "0", **dict(server.environment)}
    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    process = subprocess.Popen(
        command, stdout=out, stderr=err, env=environment, cwd=toolbox.ROOT, start_new_session=True
    )
    client = None
    try:
        client = subprocess.Popen(
            [
                toolbox.wsload(),
                "-p",
                str(port),
                "-P",
                str(process.pid),
                "-t",
                str(CLIENT_LIMIT_S),
                "-n",
                str(messages),
                "-W",
                str(warm_up),
                *load.options(),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if core is not None:
            for pid in (process.pid, client.pid):
                os.sched_setaffinity(pid, {core})
        told = _wait_for_client(client, process)
        if client.returncode:
            said = [x for x in (_tail(out) + _tail(err)).splitlines() if not x.startswith("==")]  # valgrind's own
            raise ServerFailed("\n".join([f"{server.name}: {told[1].strip()}", *said]))
        _end(process, EXIT_LIMIT_S if server.ends_by_itself else 0)
        return Outcome(json.loads(told[0]), _tail(out, 0), _tail(err, 0))
    finally:
        for p in (client, process):
            if p is not None and p.poll() is None:
                p.kill()
                p.wait()
        out.close()
        err.close()


def instructions(server: Server, load: Load, few: int, many: int) -> float:
    """Instructions per message: (many - few) apart, both runs at the same time."""
    return _again(_instructions, server, load, few, many)


def _again(work, *args):
    # Once more: on a machine where others start servers too, a port can be taken between the look and the bind.
    try:
        return work(*args)
    except ServerFailed:
        return work(*args)


def _instructions(server: Server, load: Load, few: int, many: int) -> float:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        totals = list(pool.map(lambda n: _callgrind_total(server, load, n), (few, many)))
    return (totals[1] - totals[0]) / (many - few)


def times(server: Server, load: Load, messages: int, runs: int = 4) -> tuple[float, float]:
    """(processor, wall) microseconds per message: the least of the runs, client and server on one core."""
    core = max(os.sched_getaffinity(0))
    got = [_again(run_once, server, load, messages, None, core).client for _ in range(runs)]
    return min(g["cpu_ns"] for g in got) / 1000, min(g["wall_ns"] for g in got) / 1000


def callgrind(server: Server, load: Load, messages: int, out_file: str, *options: str) -> Outcome:
    """One run under callgrind that leaves its profile in a file."""
    wrap = [toolbox.valgrind(), "--tool=callgrind", f"--callgrind-out-file={out_file}", *options]
    return run_once(server, load, messages, wrap)


def _callgrind_total(server: Server, load: Load, messages: int) -> int:
    outcome = callgrind(server, load, messages, "/dev/null")
    found = re.search(r"Collected : (\d+)", outcome.stderr)
    if not found:
        raise ServerFailed(f"{server.name}: no callgrind total in: {outcome.stderr[-500:]}")
    return int(found.group(1))


def _wait_for_client(client: subprocess.Popen, process: subprocess.Popen) -> tuple[str, str]:
    until = time.monotonic() + CLIENT_LIMIT_S + 5
    while time.monotonic() < until:
        try:
            return client.communicate(timeout=0.5)
        except subprocess.TimeoutExpired:
            if process.poll():  # it failed; a server that ended well leaves the client to finish
                break
    client.kill()
    told = client.communicate()
    return told[0], told[1] or f"the server ended with status {process.returncode}"


def _end(process: subprocess.Popen, patience: float) -> None:
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            process.wait(patience)
            return
        except subprocess.TimeoutExpired:
            process.send_signal(how)
            patience = KILL_LIMIT_S
    process.wait()


def _tail(file, characters: int = 1500) -> str:
    file.seek(0)
    text = file.read().decode(errors="replace")
    return text[-characters:] if characters else text
