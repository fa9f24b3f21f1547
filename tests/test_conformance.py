"""A quick part of the Autobahn suite against examples/echo; `make conformance` runs all of it."""

import subprocess
import sys

import pytest
import runtimes

QUICK = [sys.executable, "tools/conformance/run.py", "--quick"]
SECONDS = 110


@pytest.mark.parametrize("path", ["/", "/relay", "/each", "/view"])
@pytest.mark.parametrize("name", ["micropython", "cpython"])
def test_the_quick_autobahn_cases_are_all_ok(name, path):
    if name == "micropython" and not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    done = subprocess.run(
        [*QUICK, "--runtime", name, "--path", path], cwd=runtimes.ROOT, capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert f"{name}" in done.stdout and "OK: no case NON-STRICT or FAILED" in done.stdout
