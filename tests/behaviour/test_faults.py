"""What the operating system and the heap may do to a server: it loses a connection at most, and goes on."""

import resource
import time

import pytest
import runtimes
from raw import Raw, frame, text
from serving import Served, eventually

EIO, ENFILE, EPIPE, ENOMEM = 5, 23, 32, 12


def alive(port):
    """Whether the server answers."""
    with Raw(port) as client:
        return client.get("/alive")[2] == b"yes"


@pytest.fixture
def on_micropython():
    """serve("name", heap, key=value...) on MicroPython alone, for faults put under its sockets."""
    running = []

    def start(app, heap="1M", **config):
        served = Served(runtimes.RUNTIMES[2], app, heap, None, config)
        running.append(served)
        served.wait_until_ready()
        return served

    if runtimes.RUNTIMES[2].missing():
        pytest.skip(runtimes.RUNTIMES[2].missing())
    yield start
    for served in running:
        served.stop()
        served.check_log()


@pytest.mark.parametrize("number", [EIO, EPIPE, ENOMEM])
def test_a_failing_write_ends_that_connection_only(on_micropython, number):
    served = on_micropython("ws_faults", max_clients=1)
    with Raw(served.port) as client:
        client.open("/write/%d" % number)
        assert client.message() == "before"
        assert client.at_end()
    served.wait_for_log("write: ended 1006 None")
    assert alive(served.port)


def test_half_a_frame_without_memory_for_the_rest_ends_the_connection(on_micropython):
    served = on_micropython("ws_faults", max_clients=1)
    with Raw(served.port) as client:
        client.open("/memory")
        assert client.message() == "before"
        assert client.at_end()
    served.wait_for_log("memory: ended 1006 None")
    assert alive(served.port)


@pytest.mark.parametrize("number", [ENFILE, ENOMEM, 0])
def test_an_accept_that_fails_backs_off_and_recovers(on_micropython, number):
    served = on_micropython("ws_faults")
    with Raw(served.port) as client:
        client.open("/echo")
        with Raw(served.port) as other:
            assert other.get("/accept/%d/0.6" % number)[2] == b"broken"
        with Raw(served.port) as waiting:
            waiting.request("GET /alive")
            client.send(text("others go on"))
            assert client.message() == "others go on"
            assert waiting.response()[2] == b"yes"
        served.wait_for_log("accept: failed")
        assert 1 <= int(served.log().split("accept: failed ")[1].split()[0]) <= 6


def test_a_process_out_of_files_recovers(serve, runtime):
    served = serve("ws_cases", max_clients=100)
    served.expect_errors = not runtime.micropython  # asyncio prints what accept() said
    with Raw(served.port) as client:
        client.open("/echo")
        soft = 24
        resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (soft, soft))
        crowd = [Raw(served.port) for _ in range(40)]
        started, used = time.monotonic(), cpu_seconds(served)
        client.send(text("still served"))
        assert client.message() == "still served"
        eventually(lambda: time.monotonic() - started > 0.8, "some time passes")
        assert cpu_seconds(served) - used < 0.4, "it spins"
        for other in crowd:
            other.sock.close()

        def answers():
            with Raw(served.port, timeout=3) as other:
                try:
                    return other.get("/state")[0] == 200
                except OSError:
                    return False

        assert eventually(answers, "connections are accepted again")


def cpu_seconds(served):
    """CPU time of the process."""
    with open(f"/proc/{served.process.pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_a_message_for_which_there_is_no_memory_is_1009(on_micropython):
    served = on_micropython("ws_faults", heap="400K", max_message=10000000)
    with Raw(served.port) as other, Raw(served.port) as client:
        other.open("/echo")
        client.open("/eat")
        client.send(frame(0x82, bytes(5000000))[:50000])
        assert client.closing()[0] == 1009
        other.send(text("unharmed"))
        assert other.message() == "unharmed"
    assert alive(served.port)


def test_fragments_for_which_there_is_no_memory_are_1009(on_micropython):
    served = on_micropython("ws_faults", heap="400K", max_message=10000000)
    with Raw(served.port) as client:
        client.open("/eat")
        client.send(frame(0x02, bytes(20000)))
        try:
            for _ in range(100):
                client.send(frame(0x00, bytes(20000)))
        except OSError:
            pass
        assert client.closing()[0] == 1009
    assert alive(served.port)


def test_a_handler_that_runs_out_of_memory_is_1011_and_the_server_goes_on(on_micropython):
    served = on_micropython("ws_faults", heap="400K")
    for _ in range(3):
        with Raw(served.port) as client:
            client.open("/eat")
            client.send(text("die"))
            assert client.closing()[0] == 1011
        assert alive(served.port)
    assert "MemoryError" in served.log()


def test_many_clients_on_a_full_heap_do_not_end_the_server(on_micropython):
    served = on_micropython("ws_faults", heap="260K", max_clients=60, max_message=100000)
    clients = []
    for n in range(50):
        client = Raw(served.port, timeout=2)
        clients.append(client)
        try:
            client.handshake("/eat", glued=frame(0x82, bytes(30000))[:20000 + n])
        except OSError:
            pass
    for client in clients:
        client.reset()
    eventually(lambda: alive_at_last(served.port), "the server answers")
    assert served.process.poll() is None


def alive_at_last(port):
    try:
        return alive(port)
    except (OSError, EOFError):
        return False
