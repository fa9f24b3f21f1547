"""Where MicroPython's asyncio is not the one that the hub knows, plain streams take over, and nothing else changes.

The tests of messages, closing, full queues and busy handlers, once more under such asyncios: the I/O queue of one has
changed, and hardly anything of the other is as it was but the public functions (apps/coming_asyncio.py).
"""

import contextlib

import pytest
import runtimes
from raw import Raw, close, frame, text
from serving import Served
from test_backpressure import *  # noqa: F403
from test_ws_busy import *  # noqa: F403
from test_ws_closing import *  # noqa: F403
from test_ws_messages import *  # noqa: F403

MICROPYTHON = runtimes.RUNTIMES[2]
STREAMS = "its plain streams wait for the sockets"
SAID_IO = "asyncio's I/O queue has changed: " + STREAMS
# Each change by itself (coming_asyncio.py tells what it is), and what is logged of it.
TASK_CHANGES = {
    "coro": "'Task' object has no attribute 'coro'",
    "data": "Task.cancel",
    "state": "Task.state",
    "ph_key": "'Task' object has no attribute 'ph_key'",
    "callable": "Task.state",
    "peek": "'TaskQueue' object has no attribute 'peek'",
    "push": "'TaskQueue' object has no attribute 'push'",
    "queue": "has no attribute '_task_queue'",
    "cur_task": "core.cur_task",
}
ASYNCIOS = {"queue": (None, SAID_IO), "all": ("all", "asyncio's tasks have changed (core.cur_task): ")}


@pytest.fixture(scope="module", params=ASYNCIOS)
def other(request):
    """(what has changed, what is logged of it)"""
    return ASYNCIOS[request.param]


@pytest.fixture
def runtime():
    if MICROPYTHON.missing():
        pytest.skip(MICROPYTHON.missing())
    return MICROPYTHON


@pytest.fixture
def serve(serve, other):
    def start(program, *arguments, **config):
        return serve("other_asyncio", *arguments, program=program, changes=other[0], **config)

    return start


@contextlib.contextmanager
def serving(program, changes):
    if MICROPYTHON.missing():
        pytest.skip(MICROPYTHON.missing())
    served = Served(MICROPYTHON, "other_asyncio", "1M", None, {"program": program, "changes": changes})
    try:
        served.wait_until_ready()
        yield served
    finally:
        served.stop()
    served.check_log()


@pytest.fixture(scope="module")
def cases(other):
    with serving("ws_cases", other[0]) as served:
        yield served


def check_that_it_serves(served):
    with Raw(served.port) as client:
        assert client.get("/")[0] == 200
    with Raw(served.port) as client:
        client.open("/echo", glued=text("early"))
        assert client.frame() == (0x81, b"early")
        for n in (1, 125, 126, 5000):
            client.send(frame(0x82, bytes(n)))
            assert client.frame() == (0x82, bytes(n))
        client.send(frame(0x89, b"hi"))
        assert client.frame() == (0x8A, b"hi")
        client.send(close(1000))
        assert client.closing() == (1000, "")
        assert client.at_end()


def test_requests_messages_pings_and_closes_are_answered(serve, other):
    served = serve("basic")
    served.wait_for_log(other[1])
    check_that_it_serves(served)
    assert served.log().count(STREAMS) == 1


@pytest.mark.parametrize("change", TASK_CHANGES)
def test_a_single_change_of_the_tasks_is_noticed_and_named(change):
    with serving("basic", change) as served:
        assert TASK_CHANGES[change] in served.log().split("(")[1]
        check_that_it_serves(served)


@pytest.mark.parametrize("change", ["poller", "io"])
def test_a_single_change_of_the_io_queue_is_noticed(change):
    with serving("basic", change) as served:
        assert SAID_IO in served.log()
        check_that_it_serves(served)


@pytest.mark.parametrize("changes", ["", "flat"])
def test_the_hub_goes_on_where_all_that_it_needs_is_there(changes):
    with serving("basic", changes) as served:
        check_that_it_serves(served)
        assert "asyncio" not in served.log()


def test_ctrl_c_closes_with_1001(serve):
    served = serve("basic")
    with Raw(served.port) as client:
        client.open("/echo")
        served.interrupt()
        assert client.closing()[0] == 1001
        client.send(close(1001))
        assert client.at_end()
    served.wait()
