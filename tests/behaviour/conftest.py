"""Starts an application of apps/ on a runtime; each test that takes `serve` runs on CPython and on MicroPython."""

import pytest
import runtimes
from serving import Served

ON = {"cpython": runtimes.RUNTIMES[0], "micropython": runtimes.RUNTIMES[2]}
# The core runs without the fast paths, too: that nothing else changes is what a user relies on.
# VIPERHTTP_KERNELS=pure: plain byte loops, no fast path for short messages (CPython), none for heads in one piece.
MESSAGES = ("ws_messages", "http_connection", "backpressure")
WITHOUT_FAST_PATHS = {
    "cpython-pure": (runtimes.RUNTIMES[1], (*MESSAGES, "limits", "heartbeat", "shutdown")),
    "micropython-pure": (runtimes.RUNTIMES[3], MESSAGES),
}
ALL = {**ON, **{name: runtime for name, (runtime, _) in WITHOUT_FAST_PATHS.items()}}


def pytest_generate_tests(metafunc):
    module = metafunc.module.__name__.rpartition(".")[2].removeprefix("test_")
    names = [*ON, *(name for name, (_, modules) in WITHOUT_FAST_PATHS.items() if module in modules)]
    for fixture, scope in (("runtime", "function"), ("cases", "module")):
        if fixture in metafunc.fixturenames and not hasattr(metafunc.module, fixture):  # which has its own
            metafunc.parametrize(fixture, names, indirect=True, scope=scope)


@pytest.fixture
def runtime(request):
    """The runtime under test."""
    chosen = ALL[request.param]
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


@pytest.fixture(scope="module")
def cases(request):
    """One server of apps/ws_cases.py with default limits for all tests of a module that change nothing in it."""
    chosen = ALL[request.param]
    if chosen.missing():
        pytest.skip(chosen.missing())
    served = Served(chosen, "ws_cases", "1M", None, {})
    try:
        served.wait_until_ready()
        yield served
    finally:
        served.stop()
    served.check_log()
