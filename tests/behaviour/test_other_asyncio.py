"""Where MicroPython's asyncio is not the one that the hub knows, plain streams take over, and nothing else changes.

The tests of messages, closing and full queues, once more under such an asyncio.
"""

import pytest
import runtimes
from raw import Raw, close, frame, text
from serving import Served
from test_backpressure import *  # noqa: F403
from test_ws_closing import *  # noqa: F403
from test_ws_messages import *  # noqa: F403

MICROPYTHON = runtimes.RUNTIMES[2]
SAID = "asyncio's I/O queue has changed"


@pytest.fixture
def runtime():
    if MICROPYTHON.missing():
        pytest.skip(MICROPYTHON.missing())
    return MICROPYTHON


@pytest.fixture
def serve(serve):
    def start(program, *arguments, **config):
        return serve("other_asyncio", *arguments, program=program, **config)

    return start


@pytest.fixture(scope="module")
def cases():
    if MICROPYTHON.missing():
        pytest.skip(MICROPYTHON.missing())
    served = Served(MICROPYTHON, "other_asyncio", "1M", None, {"program": "ws_cases"})
    try:
        served.wait_until_ready()
        yield served
    finally:
        served.stop()
    served.check_log()


def test_requests_messages_pings_and_closes_are_answered(serve):
    served = serve("basic")
    served.wait_for_log(SAID)
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


def test_ctrl_c_closes_with_1001(serve):
    served = serve("basic")
    with Raw(served.port) as client:
        client.open("/echo")
        served.interrupt()
        assert client.closing()[0] == 1001
        client.send(close(1001))
        assert client.at_end()
    served.wait()
