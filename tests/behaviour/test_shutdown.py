"""Ctrl-C, SIGTERM and app.shutdown(): clients are told, handlers clean up, and the port is free at once."""

import json
import signal
import time

import pytest
import runtimes
from raw import Raw, close
from serving import Served
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect


def running(served, number):
    """Wait until run() number `number` serves."""
    served.wait_for_log("startup %d" % number)
    served.wait_for_log("serves" if number == 1 else "returned\n")
    with Raw(served.port) as client:
        return json.loads(client.get("/run")[2]) == {"run": number}


def stop_by_request(served):
    with Raw(served.port) as client:
        assert client.get("/stop-soon")[2] == b"stopping"


@pytest.fixture(params=["Ctrl-C", "shutdown()"])
def stop(request):
    """stop(served) ends one run()."""
    return Served.interrupt if request.param == "Ctrl-C" else stop_by_request


def test_run_returns_and_the_next_run_binds_the_port_at_once(serve, stop):
    served = serve("ws_restart", handshake_timeout=0.1)  # deadlines are looked at often, so that tasks meet
    with Raw(served.port) as client:
        client.open("/wait")
        assert running(served, 1)  # by now the handler waits
        stop(served)
        assert client.closing() == (1001, "the server stops")
        client.send(close(1001))
        assert client.at_end()
    assert running(served, 2)
    stop(served)
    assert served.wait() == 0
    log = served.log()
    assert log.count("wait: finally 1001") == 1
    for line in ("shutdown 1", "run 1 returned", "shutdown 2", "run 2 returned", "the end"):
        assert log.count(line + "\n") == 1, (line, log)


def test_a_new_process_binds_the_port_at_once(serve):
    first = serve("ws_cases")
    clients = [Raw(first.port) for _ in range(3)]
    for client in clients:
        client.open("/echo")
    first.interrupt()
    assert [client.closing()[0] for client in clients] == [1001] * 3
    for client in clients:
        client.send(close(1001))
    assert first.wait() == 0
    second = serve("ws_cases", port=first.port)
    with Raw(second.port) as client:
        client.open("/echo")


def test_an_ordinary_client_sees_1001(serve):
    served = serve("ws_cases")
    with connect(f"ws://127.0.0.1:{served.port}/echo") as client:
        served.interrupt()
        with pytest.raises(Exception) as caught:
            client.recv(10)
    assert not isinstance(caught.value, ConnectionClosedError), "1001 is a proper end"
    assert client.protocol.close_code == 1001
    assert served.wait() == 0


def test_a_handler_that_sleeps_is_cancelled_and_its_finally_runs(serve, stop):
    served = serve("ws_restart", shutdown_timeout=0.5)
    with Raw(served.port) as client:
        client.open("/sleep")
        assert client.message() == "asleep"
        assert running(served, 1)  # by now the handler sleeps
        stop(served)
        assert client.closing()[0] == 1001
        client.send(close(1001))
        served.wait_for_log("sleep: finally 1001")
    assert running(served, 2)


def test_a_peer_that_never_answers_the_close_delays_the_end_by_close_timeout_only(serve):
    served = serve("ws_cases", close_timeout=0.3, shutdown_timeout=40)
    with Raw(served.port) as client:
        client.open("/echo")
        started = time.monotonic()
        served.interrupt()
        assert client.closing()[0] == 1001
        assert served.wait() == 0
        assert time.monotonic() - started < 20
        assert client.at_end()


def test_a_peer_that_does_not_read_delays_the_end_by_shutdown_timeout_at_most(serve):
    served = serve("ws_cases", close_timeout=40, shutdown_timeout=0.5)
    with Raw(served.port, receive_buffer=4096) as client:
        client.open("/fill/3000")
        served.wait_for_log("fill: blocked")
        started = time.monotonic()
        served.interrupt()
        assert served.wait() == 0
        assert time.monotonic() - started < 20


def test_an_answer_under_way_is_finished(serve, stop):
    served = serve("ws_restart")
    with Raw(served.port) as client:
        client.request("GET /slow")
        served.wait_for_log("slow: started")
        stop(served)
        assert client.response()[2] == b"slow but sure"
        assert client.at_end()
    assert running(served, 2)


def test_a_handler_that_never_answers_is_cancelled(serve, stop):
    served = serve("ws_restart", shutdown_timeout=0.3)
    with Raw(served.port) as client:
        client.request("GET /stuck")
        served.wait_for_log("stuck: started")
        stop(served)
        served.wait_for_log("stuck: finally")
    assert running(served, 2)


def test_a_handler_that_calls_shutdown_gets_its_answer_out_without_delay(serve):
    served = serve("ws_restart", shutdown_timeout=40)
    with Raw(served.port) as client:
        started = time.monotonic()
        assert client.get("/stop")[2] == b"stopped"
        assert time.monotonic() - started < 20
    assert running(served, 2)


def test_a_websocket_handler_may_call_shutdown(serve):
    served = serve("ws_restart", shutdown_timeout=40)
    with Raw(served.port) as client:
        client.open("/stop")
        assert client.closing()[0] == 1001
        client.send(close(1001))
        served.wait_for_log("stop: done 1001", patience=20)
    assert running(served, 2)


def test_a_websocket_accepted_during_the_shutdown_is_closed_too(serve, stop):
    served = serve("ws_restart")
    with Raw(served.port) as client:
        client.handshake("/late")
        served.wait_for_log("late: started")
        stop(served)
        assert client.response()[0] == 101
        assert client.closing()[0] == 1001
        client.send(close(1001))
        served.wait_for_log("late: finally 1001")
    assert running(served, 2)


def test_idle_connections_do_not_delay_the_end(serve):
    served = serve("ws_cases", shutdown_timeout=40)
    with Raw(served.port) as kept, Raw(served.port), Raw(served.port) as half:
        assert kept.get("/state")[0] == 200
        half.send("GET /state HT")
        started = time.monotonic()
        served.interrupt()
        assert served.wait() == 0
        assert time.monotonic() - started < 20
        assert kept.at_end()


def test_ctrl_c_ends_a_handler_that_never_gives_control_back(serve, runtime):
    served = serve("ws_restart", shutdown_timeout=40)
    with Raw(served.port) as client:
        client.open("/spin")
        assert client.message() == "spinning"
        started = time.monotonic()
        time.sleep(0.1)  # until the handler certainly spins: nothing tells, since nothing else can run
        served.interrupt()
        if not runtime.micropython:
            served.expect_errors = True  # asyncio prints what the second one did
            time.sleep(0.2)  # two signals at once would be one
            served.interrupt()  # asyncio lets the first one wait for an await
        served.wait_for_log("spin: finally")
        client.sock.close()
        served.wait_for_log("run 1 returned")
        assert time.monotonic() - started < 20


def test_ctrl_c_at_any_moment_is_a_quick_and_clean_end(serve):
    for _ in range(6):
        served = serve("ws_cases", shutdown_timeout=40)
        with Raw(served.port) as client:
            client.open("/echo", glued=b"")
            client.reset()  # the end of the connection and Ctrl-C come together
        started = time.monotonic()
        served.interrupt()
        assert served.wait() == 0
        assert time.monotonic() - started < 20


def test_a_second_ctrl_c_does_not_wait_for_anybody(serve):
    served = serve("ws_cases", close_timeout=60, shutdown_timeout=60)
    with Raw(served.port) as client:
        client.open("/echo")
        served.interrupt()
        assert client.closing()[0] == 1001
        served.interrupt()
        served.wait(30)
    assert served.log().count("Traceback") == 0


def test_sigterm_is_a_clean_end_on_cpython():
    # MicroPython has no signal handlers: there SIGTERM just ends the process.
    served = Served(runtimes.RUNTIMES[0], "ws_cases", "1M", None, {})
    try:
        served.wait_until_ready()
        with Raw(served.port) as client:
            client.open("/finally")
            served.process.send_signal(signal.SIGTERM)
            assert client.closing()[0] == 1001
            client.send(close(1001))
        assert served.wait() == 0
        served.wait_for_log("finally: ran 1001")
        served.check_log()
    finally:
        served.stop()


def test_a_port_in_use_is_said_plainly(serve, runtime):
    first = serve("ws_cases")
    second = Served(runtime, "ws_cases", "1M", first.port, {})
    assert second.wait() == 1
    assert f"port {first.port} is in use by another program" in second.log()
