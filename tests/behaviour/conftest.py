"""Starts an application of apps/ on a runtime; each test that takes `serve` runs on CPython and on MicroPython."""

import pytest
import runtimes
from serving import Served

ON = {"cpython": runtimes.RUNTIMES[0], "micropython": runtimes.RUNTIMES[2]}


@pytest.fixture(params=list(ON))
def runtime(request):
    """The runtime under test."""
    chosen = ON[request.param]
    if chosen.missing():
        pytest.skip(chosen.missing())
    return chosen


@pytest.fixture
def serve(runtime):
    """serve("name", key=value...) starts apps/name.py with those config keys and returns a Served; it is stopped
    at the end of the test, and the test fails if the server printed a traceback that was not expected."""
    running = []

    def start(app, heap="1M", port=None, **config):
        served = Served(runtime, app, heap, port, config)
        running.append(served)
        served.wait_until_ready()
        return served

    yield start
    for served in running:
        served.stop()
    for served in running:
        served.check_log()


@pytest.fixture(scope="module", params=list(ON))
def cases(request):
    """One server of apps/ws_cases.py with default limits for all tests of a module that change nothing in it."""
    chosen = ON[request.param]
    if chosen.missing():
        pytest.skip(chosen.missing())
    served = Served(chosen, "ws_cases", "1M", None, {})
    try:
        served.wait_until_ready()
        yield served
    finally:
        served.stop()
    served.check_log()
