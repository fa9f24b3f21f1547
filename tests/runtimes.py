"""The interpreters that the tests run on, and how to start a script on each of them.

MicroPython is $MICROPYTHON, else a `micropython` on PATH, else the one that `make` put in .venv. With
VIPERHTTP_MPY=folder it takes the library from there, as tools/mpy/build.py has made it (--arch x64), not from source.
"""

import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools", "env"))

import environment  # noqa: E402
import interpreters  # noqa: E402

HEAP = "2M"  # of 64-bit words; plenty for a test module, small enough that a leak shows
BUILT = [os.path.abspath(path) for path in (os.environ.get("VIPERHTTP_MPY"),) if path]
TIMEOUT = 100  # seconds; less than pytest's own, so that the output is kept
IDLE_PATIENCE = 0.5  # seconds; some handlers in tests never wait
IDLE_POLL = 0.002


class Runtime:
    """One interpreter with one set of byte loops.

    name         as it stands in the names of tests
    micropython  True for MicroPython
    kernels      what viperhttp.protocol.kernels.NAME has to be there
    """

    def __init__(self, name, micropython, kernels):
        self.name = name
        self.micropython = micropython
        self.kernels = kernels

    def missing(self):
        """Why this runtime is not to be had here and how to get it, or None."""
        if not self.micropython or micropython():
            return None
        return no_micropython()

    def command(self, script, *arguments, heap=HEAP):
        """The command line that runs a script."""
        if self.micropython:
            return [micropython(), "-X", "heapsize=" + heap, script, *arguments]
        return [sys.executable, script, *arguments]

    def environ(self, *folders):
        """The environment for it: modules are found in the project and in `folders`."""
        env = dict(os.environ, VIPERHTTP_KERNELS=self.kernels, PYTHONUNBUFFERED="1")
        path = [ROOT, *folders]
        env["MICROPYPATH"] = ":".join([*BUILT, *path, ".frozen"])
        env["PYTHONPATH"] = os.pathsep.join(path)
        return env

    def run(self, script, *arguments, heap=HEAP, folders=(), timeout=TIMEOUT):
        """Run a script to its end: (output, exit status); the status is None when it took too long."""
        process = subprocess.Popen(
            self.command(script, *arguments, heap=heap),
            env=self.environ(*folders),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            output = process.communicate(timeout=timeout)[0]
            status = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            output = process.communicate()[0]
            status = None
        return output.decode(errors="replace"), status


RUNTIMES = [
    Runtime("cpython", False, "cpython"),
    Runtime("cpython-pure", False, "pure"),
    Runtime("micropython-viper", True, "viper"),
    Runtime("micropython-pure", True, "pure"),
]


def wait_until_idle(pid):
    """Until the process waits for something, or IDLE_PATIENCE is over; then a Ctrl-C strikes it as a person's does.

    MicroPython's unix port raises Ctrl-C at once, also in the middle of a garbage collection, and the heap stays locked
    ever after. Boards raise it between two bytecodes. A test is quick enough to hit the collection after a request.
    """
    deadline = time.monotonic() + IDLE_PATIENCE
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{pid}/stat") as file:
                state = file.read().rpartition(")")[2].split()[0]
        except OSError:
            return  # it has ended, or this is no Linux
        if state == "S":
            return
        time.sleep(IDLE_POLL)


def micropython():
    """The path of the MicroPython to test on, or None."""
    return interpreters.find_micropython()


def no_micropython():
    """Why there is no MicroPython here, and what mends it."""
    if os.path.exists(environment.venv_python()):
        return interpreters.why_no_micropython()
    return "no MicroPython; `make test` installs it, or set MICROPYTHON=/path/to/micropython"
