"""Runs the Autobahn suite against examples/echo on MicroPython and on CPython, and judges the result.

    run.py                    groups 1-7, 9, 10 on both runtimes
    run.py --quick            a subset of every group, some seconds per runtime (part of `make test`)
    run.py --groups 1-7,10 --runtime micropython

Exit status: 0 when every case is OK: none NON-STRICT, and each failed connection got its close code.
"""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "env"))
import environment
import install
import interpreters
import ports

HERE = os.path.dirname(os.path.abspath(__file__))
ECHO = "examples/echo/main.py"
ALL_GROUPS = "1-7,9,10"
# Whole groups where they are cheap; of 6 the order of validation; of 9 one of each kind, the small ones.
QUICK = ("1,2,3,4,5,7,10,6.1,6.2,6.3,6.4.1,6.4.3,6.5,6.12,6.21,6.22,"
         "9.1.1,9.2.1,9.3.9,9.4.9,9.5.6,9.6.6,9.7.1,9.8.1")
# 9.1.6 and 9.2.6 echo 16 MiB: the message as received, as delivered and as sent.
HEAP = "256M"
START_SECONDS = 20
STOP_SECONDS = 10
CASE_SECONDS = 110
TOTAL_SECONDS = 1500


def parse_groups(text):
    """'1-3,9' -> ['1', '2', '3', '9']."""
    groups = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        groups += [str(number) for number in range(int(first), int(last or first) + 1)]
    return groups


@contextlib.contextmanager
def server(runtime, heap, program=ECHO):
    """Runs the program; yields (port, process, log file); stops it with Ctrl-C's signal."""
    port = ports.free_port()
    command, variables = interpreters.command(runtime, heap)
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        process = subprocess.Popen([*command, program, str(port)], cwd=environment.ROOT, stdout=log,
                                   stderr=subprocess.STDOUT, env={**os.environ, **variables})
        try:
            wait_until_listening(process, port, log)
            yield port, process, log
        finally:
            stop(process)


def wait_until_listening(process, port, log):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)  # nothing to wait on: a listening socket does not announce itself
    raise environment.SetupError("the server did not start:\n" + last_lines(log))


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"note: the server did not stop within {STOP_SECONDS} s of SIGINT and was killed")
        process.kill()
        process.wait()


def last_lines(log):
    log.seek(0)
    return environment.tail(log.read() or "(it printed nothing)")


def fuzz(port, agent, cases, options=(), path=""):
    """Runs the fuzzing client; its table goes to our output. Returns its exit status."""
    command = [environment.venv_python(install.VENV), os.path.join(HERE, "fuzz.py"),
               f"ws://127.0.0.1:{port}{path}", "--agent", agent, "--cases", cases, "--require-close-code",
               "--case-timeout", str(CASE_SECONDS), "--total-timeout", str(TOTAL_SECONDS), *options]
    return subprocess.run(command, cwd=environment.ROOT, timeout=TOTAL_SECONDS + 2 * CASE_SECONDS).returncode


def run_one(runtime, cases, heap, program=ECHO, options=(), path=""):
    """One runtime's pass; returns True when every case is acceptable."""
    title = f"MicroPython, heap {heap}" if runtime == "micropython" else "CPython"
    print(f"\n== {program}{path and ' at ' + path} on {title}", flush=True)
    with server(runtime, heap, program) as (port, process, log):
        status = fuzz(port, runtime, cases, options, path)
        if process.poll() is not None:
            print(f"the server ended during the run with status {process.returncode}")
            status = status or 1
        if status:
            print("the server's last output:\n" + last_lines(log), flush=True)
    return status == 0


def parse_arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", default=ALL_GROUPS, help=f"such as 1-7,10 (default {ALL_GROUPS})")
    parser.add_argument("--cases", help="single cases instead of groups, such as 6.4.1,9.1.*")
    parser.add_argument("--quick", action="store_true", help="a subset of every group")
    parser.add_argument("--runtime", choices=("both", "micropython", "cpython"), default="both")
    parser.add_argument("--heap", default=HEAP, help=f"MicroPython's heap (default {HEAP})")
    parser.add_argument("--program", default=ECHO, help=f"another echo server (default {ECHO})")
    parser.add_argument("--path", default="", help="of the WebSocket there, such as /relay, /each, /view (default /)")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line per case")
    parser.add_argument("--reports", metavar="DIR", help="the suite's own HTML reports, with wire logs")
    return parser.parse_args(argv)


def fuzz_options(arguments, runtime):
    options = ["--verbose"] if arguments.verbose else []
    if arguments.reports:
        options += ["--reports", os.path.abspath(f"{arguments.reports}-{runtime}")]
    return options


def main(argv):
    arguments = parse_arguments(argv)
    cases = QUICK if arguments.quick else arguments.cases or ",".join(parse_groups(arguments.groups))
    runtimes = ["micropython", "cpython"] if arguments.runtime == "both" else [arguments.runtime]
    passed = {}
    try:
        install.install()
        for runtime in runtimes:
            passed[runtime] = run_one(runtime, cases, arguments.heap, arguments.program,
                                      fuzz_options(arguments, runtime), arguments.path)
    except environment.SetupError as error:
        environment.say(f"error: {error}")
        return 2
    print("\nNot run here: groups 12 and 13 (permessage-deflate), which the server does not offer yet.")
    for runtime, good in passed.items():
        verdict = "OK: no case NON-STRICT or FAILED, no close code missing" if good else "NOT OK"
        print(f"{runtime:12} {verdict}")
    return 0 if all(passed.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
