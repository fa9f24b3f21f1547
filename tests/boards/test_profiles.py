"""Each board's profile on a virtual board with that board's limits: what a program goes through in its life there.

One board per profile: an application is flashed, and the tests follow each other on it, each leaving it serving.
"""

import json
import os
import shutil
import socket

import pytest
import runtimes
from running import PATIENCE, eventually
from served import BOARDS, CTRL_C, CTRL_D, Served, says
from virtual import NewBoard
from websockets.exceptions import ConnectionClosed

RECONNECTS = 200


@pytest.fixture(scope="module", params=BOARDS)
def flashed(request, tmp_path_factory):
    """The profile's board, with the application on it."""
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    folder = tmp_path_factory.mktemp(request.param)
    with NewBoard(request.param, folder, micropython=runtimes.micropython()) as board:
        board.set(networks={"home": "secret"})
        yield Served(board, folder).flash()


@pytest.fixture
def served(flashed):
    """The same, serving: whatever the test before has left."""
    flashed.board.set(networks={"home": "secret"}, up=True)
    if flashed.board.process is None:
        flashed.board.start()
    if not flashed.serves():
        flashed.restarts(flashed.board.restart)
    return flashed


def test_it_serves_to_its_limit_and_again_after_ctrl_c_and_a_soft_reset(served):
    most = served.get()["clients"]
    clients = []
    try:
        for number in range(most):
            clients.append(served.echo())
            says(clients[-1], f"client {number}")
        # A connection that the GET has left open may hold a place for a moment.
        eventually(served.refuses, "one client more is refused")
        for number, ws in enumerate(clients):
            says(ws, f"again {number}")
        clients.pop().close()
        eventually(served.took, "a place that is free is given away")
        since = served.board.mark()
        served.type(CTRL_C)
        for ws in clients:
            with pytest.raises(ConnectionClosed):
                ws.recv(PATIENCE)
        served.board.wait_for(">>> ", since)
        since = served.board.mark()
        served.type(CTRL_D)  # a soft reset: boot.py and main.py run, and the port has to be free
        served.board.wait_for("serves http", since)
        with served.echo() as ws:
            says(ws, "after the reset")
    finally:
        for ws in clients:
            ws.close()
    assert "Traceback" not in served.board.printed(since)


def test_two_hundred_clients_one_after_the_other_cost_nothing(served):
    for number in range(20):
        with served.echo() as ws:
            says(ws, str(number))
    before = served.get()["free"]
    for number in range(RECONNECTS):
        if number % 3:
            with served.echo() as ws:
                says(ws, str(number))
        else:  # one that leaves without a word
            socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE).close()
    assert served.get()["free"] > before - 4096


def test_wi_fi_that_is_lost_comes_back_without_help(served):
    with served.echo() as ws:
        says(ws, "before")
        joins = served.board.events().count("wifi got_ip")
        since = served.board.mark()
        served.board.set(up=False)
        served.board.wait_for("is lost", since)
        served.board.set(up=True)
        eventually(lambda: served.board.events().count("wifi got_ip") > joins, "it joins again")
        eventually(served.serves, "it serves again")


def test_a_wrong_wi_fi_password_is_told_and_the_right_one_mends_it(served):
    since = served.board.mark()
    assert "the Wi-Fi password is wrong" in served.flashed("mistaken", status=1)
    served.flashed("secret")
    assert served.serves()
    printed = served.board.printed(since)
    assert "MemoryError" not in printed
    assert "mistaken" not in printed and "secret" not in printed


def test_unplugged_while_it_is_copied_to_it_keeps_its_program(served):
    app = served.app / "main.py"
    before = app.read_text()
    more = served.app / "more"
    more.mkdir()
    try:
        app.write_text(before.replace('{"free"', '{"new": 1, "free"'))
        for number in range(8):
            (more / f"{number}.txt").write_text(os.urandom(2000).hex())
        process = served.start_flash()
        for line in process.stdout:
            if "%" in line and int(line.split("]")[1].split("%")[0]) >= 40:
                break
        served.board.stop()
        said = process.communicate(timeout=PATIENCE)[0]
        assert process.returncode == 1
        assert "program on the board is as it was before" in said and "Traceback" not in said
    finally:
        app.write_text(before)
        shutil.rmtree(more)
    served.restarts(served.board.start)
    assert "new" not in served.get()


def test_a_program_that_does_not_fit_in_its_files_is_refused_and_the_old_one_stays(served):
    big = served.app / "big.bin"
    big.write_bytes(os.urandom(3 << 20))
    try:
        said = served.flashed(status=1)
    finally:
        big.unlink()
    assert "not enough space" in said and "erase-app" in said
    served.restarts(served.board.restart)


def test_its_health_is_told_and_no_password_is(served):
    health = json.dumps(served.get("/health"))
    assert "home" in health
    assert "secret" not in health and "secret" not in served.board.printed()
