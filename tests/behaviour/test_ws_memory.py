"""Memory of WebSockets: what one that waits takes, and that those which have gone leave nothing."""

import json
import time

import pytest
from raw import Raw, close, text

BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "Accept-Encoding: gzip, deflate, br",
    "Accept-Language: en-GB,en;q=0.9",
    "Cache-Control: no-cache",
    "Pragma: no-cache",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
)


@pytest.fixture
def served(serve):
    return serve("ws_memory", max_clients=64)


def used(served, live):
    """Bytes in use once so many handlers run."""
    deadline = time.monotonic() + 20
    while True:
        with Raw(served.port) as client:
            found = json.loads(client.get("/memory")[2])
        if found["live"] == live:
            return found["used"]
        assert time.monotonic() < deadline, found


def come(served):
    client = Raw(served.port)
    client.open("/echo", *BROWSER)
    return client


def test_clients_that_have_gone_leave_nothing_on_the_heap(served):
    def visit(n):
        clients = [come(served) for _ in range(6)]
        for number, client in enumerate(clients):
            client.send(text("message"))
            assert client.frame() == (0x81, b"message")
            if (number + n) % 2:
                client.send(close(1000))
                client.closing()
            client.sock.close()

    for n in range(3):
        visit(n)
    before = used(served, 0)
    for n in range(20):
        visit(n)
    # The tables that have grown stay; a chain of 120 tasks that have ended would be 40 000 bytes and more.
    assert used(served, 0) - before < 12000


def test_a_client_that_waits_takes_few_bytes_with_its_handler(served, runtime):
    clients = [come(served) for _ in range(20)]
    before = used(served, 20)
    clients += [come(served) for _ in range(20)]
    each = (used(served, 40) - before) / 20
    for client in clients:
        client.sock.close()
    # 64-bit words: twice what a board's 32-bit heap gives. The tables of sockets grow in steps.
    assert not runtime.micropython or each < 2 * 340 * 1.15, each
