"""Every way in which a WebSocket ends, what the peer sees of it and what the handler sees."""

import pytest
from raw import Raw, close, frame, text
from serving import eventually


def slot_is_free(port):
    """The one slot of a server with max_clients=1 can be taken."""

    def attempt():
        with Raw(port) as client:
            client.handshake("/echo", glued=text("x"))
            try:
                return client.response()[0] == 101 and client.message() == "x"
            except (EOFError, ConnectionResetError):
                return False

    return eventually(attempt, "the slot is free")


# ---- the peer closes -------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                                  3000, 3999, 4000, 4999])
def test_a_legal_close_is_answered_with_its_code(cases, code):
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(close(code, "gr\u00fc\u00df".encode()))
        assert client.closing() == (code, "")
        assert client.at_end()


def test_a_close_without_a_code_is_answered_without_one_and_is_1005(serve):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open("/echo")
        client.send(close())
        assert client.closing() == (None, "")
        assert client.at_end()
    served.wait_for_log("echo: closed 1005 \n")


def test_the_handler_gets_code_and_reason(serve):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open("/echo")
        client.send(close(4001, b"bye"))
        assert client.closing() == (4001, "")
    served.wait_for_log("echo: closed 4001 bye")


def test_receive_and_send_after_the_peers_close_raise_each_time(serve):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open("/case/receive_after_close")
        client.send(close(4001, b"bye"))
        assert client.closing() == (4001, "")
        assert client.at_end()
    served.wait_for_log("6: True 4001 bye")
    log = served.log()
    assert "1: {" in log and "'code': 4001" in log
    for n in (2, 3, 4, 5):
        assert "%d: WebSocketDisconnect(4001, 'bye')" % n in log


def test_messages_before_the_close_are_delivered_first(cases):
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(text("one") + text("two") + close(1000))
        assert [client.message(), client.message()] == ["one", "two"]
        assert client.closing() == (1000, "")
        assert client.at_end()


def test_nothing_behind_the_peers_close_counts(cases):
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(close(1000) + text("late") + frame(0x83, b"bad"))
        assert client.closing() == (1000, "")
        assert client.read_all() == b""


# ---- the handler closes -------------------------------------------------------


def test_a_handlers_close_waits_for_the_peers_half(serve):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open("/case/after_own_close")
        assert client.closing() == (4000, "mine")
        client.send(text("on its way") + frame(0x89, b"x") + close(4000))
        assert client.at_end()
    served.wait_for_log("3: True 4000 mine")
    assert "1: WebSocketDisconnect(4000, 'mine')" in served.log()
    assert "2: WebSocketDisconnect(4000, 'mine')" in served.log()


def test_a_peer_that_never_answers_a_close_is_cut_off(serve):
    served = serve("ws_cases", close_timeout=0.3, max_clients=1)
    with Raw(served.port) as client:
        client.open("/case/return_later")
        assert client.closing() == (1000, "")
        assert client.at_end()
    assert slot_is_free(served.port)


def test_a_peer_that_keeps_talking_instead_of_closing_is_cut_off(serve):
    served = serve("ws_cases", close_timeout=0.5)
    with Raw(served.port) as client:
        client.open("/case/return_later")
        assert client.closing() == (1000, "")

        def cut_off():
            try:
                client.send(text("x"))
                return False
            except OSError:
                return True

        eventually(cut_off, "the connection ends")


@pytest.mark.parametrize("name, code, reason", [
    ("return_later", 1000, ""),
    ("raise_later", 1011, ""),
    ("exception_later", 4002, "wse"),
    ("close_403", 1011, ""),
    ("long_reason", 4003, "x" + "\u00e4" * 61),
])
def test_the_end_of_a_handler_has_its_code(serve, name, code, reason):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open("/case/" + name)
        assert client.closing() == (code, reason)
        client.send(close(code))
        assert client.at_end()
    if name in ("raise_later", "close_403"):
        error = "KeyError" if name == "raise_later" else "ValueError"
        served.wait_for_log("viperhttp: WebSocket /case/{name}: " + error)


def test_both_sides_may_close_at_once(cases):
    with Raw(cases.port) as client:
        client.open("/case/return_later", glued=close(4000))
        assert client.closing()[0] in (1000, 4000)
        assert client.at_end()


def test_data_queued_before_a_close_arrives_before_it(serve):
    with Raw(serve("ws_cases").port, receive_buffer=4096) as client:
        client.open("/case/close_while_queued")
        assert [client.message().split()[0] for _ in range(20)] == [str(n) for n in range(20)]
        assert client.closing() == (4004, "after the data")
        client.send(close(4004))
        assert client.at_end()


def test_a_task_that_waits_to_send_is_released_by_a_close(serve):
    served = serve("ws_cases", close_timeout=0.5)
    with Raw(served.port, receive_buffer=4096) as client:
        client.open("/case/close_under_a_sender")
        client.send(text("go"))
        served.wait_for_log("close_under_a_sender: WebSocketDisconnect(4005, '')")


# ---- the connection is lost -------------------------------------------------------


def leave_by_eof(client):
    client.end_sending()
    return client.at_end()  # the server closes its half too


def leave_by_close(client):
    client.sock.close()
    return True


def leave_by_reset(client):
    client.reset()
    return True


LEAVING = {"eof": leave_by_eof, "close": leave_by_close, "reset": leave_by_reset}


@pytest.mark.parametrize("how", LEAVING)
def test_a_peer_that_vanishes_is_1006_to_a_handler_that_reads(serve, how):
    served = serve("ws_cases", max_clients=1)
    with Raw(served.port) as client:
        client.open("/echo")
        assert LEAVING[how](client)
    served.wait_for_log("echo: closed 1006")
    assert slot_is_free(served.port)


@pytest.mark.parametrize("how", LEAVING)
def test_a_peer_that_vanishes_inside_a_frame_is_1006(serve, how):
    served = serve("ws_cases", max_clients=1)
    with Raw(served.port) as client:
        client.open("/echo")
        client.send(frame(0x01, b"x") + frame(0x80, b"half")[:7])
        assert LEAVING[how](client)
    served.wait_for_log("echo: closed 1006")
    assert slot_is_free(served.port)


@pytest.mark.parametrize("how", LEAVING)
def test_a_peer_that_vanishes_is_1006_to_a_handler_that_only_sends(serve, how):
    served = serve("ws_cases", max_clients=1)
    with Raw(served.port) as client:
        client.open("/ticks")
        assert client.message() == "tick 0"
        if how == "eof":
            client.end_sending()
            client.read_all()
        else:
            LEAVING[how](client)
    served.wait_for_log("ticks: ended 1006")
    assert slot_is_free(served.port)


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_peer_that_vanishes_is_1006_to_a_handler_that_waits_to_send(serve, how):
    served = serve("ws_cases", max_clients=1)
    with Raw(served.port, receive_buffer=4096) as client:
        client.open("/flood/1000")
        LEAVING[how](client)
    served.wait_for_log("flood: ended 1006")
    assert slot_is_free(served.port)


@pytest.mark.parametrize("how", LEAVING)
def test_a_peer_that_vanishes_frees_its_slot_although_the_handler_sleeps(serve, how):
    served = serve("ws_cases", max_clients=1)
    with Raw(served.port) as client:
        client.open("/busy/1.0")
        assert LEAVING[how](client)
    assert slot_is_free(served.port)
    assert "busy: awake" not in served.log()


def test_a_handler_that_slept_through_the_end_sees_it_afterwards(serve):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open("/busy/0.5")
    served.wait_for_log("busy: awake, closed = True 1006")


def test_what_came_before_the_end_is_delivered_before_it(serve):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open("/echo")
        client.send(text("one") + text("two"))
        client.end_sending()
        assert [client.message(), client.message()] == ["one", "two"]
        assert client.at_end()
    served.wait_for_log("echo: closed 1006")


def test_the_close_of_a_peer_is_seen_by_finally(serve):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open("/finally")
        client.send(close(4009, b"done"))
        assert client.closing() == (4009, "")
    served.wait_for_log("finally: ran 4009 done")


def test_a_handler_that_ignores_its_end_is_cancelled_after_linger_timeout(serve):
    served = serve("ws_cases", linger_timeout=0.3, max_clients=1)
    with Raw(served.port) as client:
        client.open("/zombie")
    assert slot_is_free(served.port)
    served.wait_for_log("zombie: finally 1006")
