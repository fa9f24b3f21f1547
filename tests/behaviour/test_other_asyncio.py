"""Where MicroPython's asyncio is not the one that the hub knows, the server polls beside it and behaves the same."""

import pytest
from raw import Raw, close, frame, text


@pytest.fixture
def served(runtime, serve):
    if not runtime.micropython:
        return serve("basic")  # the other runtime, for the same behaviour
    return serve("ws_other_asyncio")


def test_requests_messages_pings_and_closes_are_answered(served, runtime):
    if runtime.micropython:
        served.wait_for_log("asyncio's I/O queue has changed")
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


def test_ctrl_c_closes_with_1001(served):
    with Raw(served.port) as client:
        client.open("/echo")
        served.interrupt()
        assert client.closing()[0] == 1001
        client.send(close(1001))
        assert client.at_end()
    served.wait()
