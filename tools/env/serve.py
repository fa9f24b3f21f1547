"""`make run`: starts an example on MicroPython (or CPython), prints the URL, stops it on Ctrl-C.

Reads PORT, HEAP, RUNTIME and APP from the environment.
"""

import os
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import environment
import interpreters

# An ESP32 or a Pico W has 100 to 200 KiB of heap in 32-bit words; a host's words are twice as wide,
# so the same objects take twice the bytes: 128 KiB there is 256 KiB here.
BOARD_HEAP = "256K"
# Of examples that need more, from source: on a board from .mpy files, which are not compiled there, less will do.
HEAPS = {"examples/dashboard": "384K", "examples/auth": "320K"}
START_SECONDS = 20
STOP_SECONDS = 10


def settings():
    """(app folder, port, heap, runtime), checked."""
    get = os.environ.get
    app = (get("APP") or "examples/dashboard").rstrip("/")
    if app.endswith(".py"):
        app = os.path.dirname(app)
    if not os.path.isfile(os.path.join(environment.ROOT, app, "main.py")):
        raise environment.SetupError(f"APP={app}: there is no {app}/main.py. Have: {', '.join(examples())}")
    port = get("PORT") or "8080"
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise environment.SetupError(f"PORT={port}: a number from 1 to 65535 is needed")
    runtime = (get("RUNTIME") or "micropython").lower()
    if runtime not in ("micropython", "cpython"):
        raise environment.SetupError(f"RUNTIME={runtime}: micropython or cpython")
    heap = (get("HEAP") or HEAPS.get(app, BOARD_HEAP)).upper()
    if not heap.rstrip("KM").isdigit():
        raise environment.SetupError(f"HEAP={heap}: a size such as 256K or 2M")
    return app, int(port), heap, runtime


def examples():
    folder = os.path.join(environment.ROOT, "examples")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [f"examples/{name}" for name in names if os.path.isfile(os.path.join(folder, name, "main.py"))]


def make_ready(app, runtime):
    """Installs what this run needs; returns the runtime to use."""
    groups = [] if runtime == "cpython" or interpreters.have_own_micropython() else ["micropython"]
    environment.ensure(groups)
    if app == "examples/dashboard":
        fetch_assets()
    if runtime == "micropython" and not interpreters.find_micropython():
        environment.say(interpreters.why_no_micropython() + " Running on CPython.")
        return "cpython"
    return runtime


def fetch_assets():
    """The page's chart library is fetched by a tool, not committed."""
    tool = os.path.join("tools", "assets", "fetch.py")
    if subprocess.run([environment.venv_python(), tool], cwd=environment.ROOT).returncode:
        raise environment.SetupError(f"{tool} could not fetch what the dashboard's page needs (see above)")


def check_port(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except PermissionError:
            raise environment.SetupError(f"port {port} needs root; try: make run PORT=8080") from None
        except OSError as error:
            raise environment.SetupError(
                f"port {port} is in use ({error.strerror}); try: make run PORT={port + 1}") from None


def wait_until_listening(child, port):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            return False
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            time.sleep(0.05)  # nothing to wait on: a listening socket does not announce itself
    raise environment.SetupError(f"nothing listens on port {port} after {START_SECONDS} s")


def serve(app, port, heap, runtime):
    """Runs the example until it ends or Ctrl-C; returns the exit status."""
    command, variables = interpreters.command(runtime, heap)
    command = [*command, f"{app}/main.py", str(port)]
    shown = " ".join(f"{k}={v}" for k, v in variables.items() if k != "PYTHONUNBUFFERED")
    environment.say("%s %s" % (shown, " ".join(part.replace(environment.ROOT + "/", "") for part in command)))
    child = subprocess.Popen(command, cwd=environment.ROOT, env={**os.environ, **variables})
    # Ctrl-C reaches the child by itself (same process group); SIGTERM has to be passed on.
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGINT))
    try:
        if wait_until_listening(child, port):
            where = f"MicroPython, {heap} heap" if runtime == "micropython" else "CPython"
            environment.say(f"\n  Open http://localhost:{port}/   ({app} on {where}; Ctrl-C stops it)\n")
        return ended(child, child.wait())
    except KeyboardInterrupt:
        environment.say("\nstopping ...")
        return stop(child)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def ended(child, status):
    if status not in (0, -signal.SIGINT, 128 + signal.SIGINT):
        environment.say(f"the program ended by itself with status {status} (process {child.pid})")
    return status if status >= 0 else 128 - status


def stop(child):
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        environment.say(f"it did not stop within {STOP_SECONDS} s: killed")
        return 1
    environment.say("stopped")
    return 0


def main():
    try:
        app, port, heap, runtime = settings()
        check_port(port)
        runtime = make_ready(app, runtime)
        return serve(app, port, heap, runtime)
    except environment.SetupError as error:
        environment.say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
