"""The virtual board: what it must have in common with a real one, for the other tests here to mean anything."""

import socket

import pytest
from limits import BOARDS
from running import eventually

CHIPS = [name for name in BOARDS if name != "unix"]
FREE = "import gc; gc.collect(); print(gc.mem_free())"
ECHO = """
import socket
print("main")
server = socket.socket()
server.bind(("0.0.0.0", 80))
server.listen(2)
print("listens")
while True:
    client, peer = server.accept()
    client.send(client.recv(100))
    client.close()
"""
JOIN = """
import network, time
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect("home", "secret")
"""


def talk(port, data):
    """One request to the echo."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as peer:
        peer.sendall(data)
        return peer.recv(100)


@pytest.mark.parametrize("name", CHIPS)
def test_a_program_has_the_boards_heap_platform_and_files(make_board, name):
    board = make_board(name)
    said = board.mpremote("exec", FREE, "exec", "import sys, os; print(sys.platform, sys.path, os.statvfs('/')[:4])")
    free, rest = said.split("\n", 1)
    heap = 2 * BOARDS[name].heap  # 64-bit words
    assert 0.97 * heap < int(free) < 1.03 * heap
    assert rest.split()[0] == BOARDS[name].platform
    assert "'/lib'" in rest
    assert f"(4096, 4096, {BOARDS[name].storage // 4096}," in rest


def test_a_reset_runs_boot_and_main_and_mpremote_interrupts_them(make_board):
    board = make_board("esp32")
    board.put("boot.py", "import machine; print('boot', machine.reset_cause())")
    board.put("main.py", "print('main')\nwhile True: pass")
    since = board.mark()
    board.restart()
    board.wait_for("boot 2\nmain", since)
    assert board.mpremote("exec", "print('ok')").split() == ["ok"]


def test_files_outlive_a_power_cut_and_variables_do_not(make_board):
    board = make_board("pico_w")
    board.put("kept.txt", "kept")
    board.mpremote("exec", "import machine; x = 1")
    board.stop()
    board.start()
    said = board.mpremote("resume", "exec", "print(open('kept.txt').read(), 'x' in globals())")
    assert said.split() == ["kept", "False"]


def test_a_server_is_reached_and_its_port_is_free_after_a_soft_reset(make_board):
    board = make_board("esp32")
    board.put("main.py", ECHO)
    board.restart()
    assert talk(board.port(80), b"one") == b"one"
    board.mpremote("soft-reset", "exec", "import main2", status=1)
    since = board.mark()
    board.restart()
    board.wait_for("listens", since)
    assert talk(board.port(80), b"two") == b"two"


def test_a_listener_that_was_never_closed_keeps_its_port_until_a_reset(make_board):
    board = make_board("pico_w")
    board.mpremote("resume", "exec", "import socket; s = socket.socket(); s.bind(('', 80)); s.listen(1)")
    said = board.mpremote("resume", "exec", "t = socket.socket(); t.bind(('', 80))", status=1)
    assert "EADDRINUSE" in said
    board.mpremote("resume", "exec", "s.close(); t.close(); t = socket.socket(); t.bind(('', 80))")


def test_the_table_of_sockets_ends(make_board):
    board = make_board("esp32")
    said = board.mpremote("exec", "import socket; kept = [socket.socket() for i in range(11)]", status=1)
    assert "23" in said
    assert "10" in board.mpremote("exec", "import socket; print(len([socket.socket() for i in range(10)]))")


def test_a_client_beyond_the_control_blocks_is_not_answered_until_one_is_free(make_board):
    board = make_board("pico_w")
    board.put("main.py", ECHO)
    board.restart()
    port = board.port(80)
    holders = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(5)]
    # The echo is at the first; whether all five are through the air is seen by the sixth being kept out.
    late = socket.create_connection(("127.0.0.1", port), timeout=60)
    late.sendall(b"late")
    late.settimeout(0.5)
    with pytest.raises(TimeoutError):
        late.recv(100)
    late.settimeout(60)
    for holder in holders:
        holder.sendall(b"x")
        assert holder.recv(100) == b"x"
        holder.close()
    assert late.recv(100) == b"late"
    late.close()


def test_the_radio_knows_wrong_passwords_and_networks_that_are_not_there(make_board):
    board = make_board("esp32")
    board.set(networks={"home": "right"})
    look = "print(wlan.isconnected(), wlan.status() == network.STAT_WRONG_PASSWORD, wlan.ifconfig()[0])"
    said = board.mpremote("exec", JOIN + look)
    assert said.split() == ["False", "True", "0.0.0.0"]
    board.set(networks={"home": "secret"})
    assert board.mpremote("exec", JOIN + look).split() == ["True", "False", "127.0.0.1"]
    board.set(networks={"other": "secret"})
    assert "True" in board.mpremote("exec", JOIN + "print(wlan.status() == network.STAT_NO_AP_FOUND)")
    assert "wifi join home" in board.events()
    assert not any("secret" in line for line in board.events())


@pytest.mark.parametrize("name, again", [("esp32", "True"), ("pico_w", "False")])
def test_a_lost_network_is_noticed_and_only_espressifs_driver_joins_again(make_board, name, again):
    board = make_board(name)
    board.mpremote("exec", JOIN + "print(wlan.isconnected())")
    look = ["resume", "exec", "print(wlan.isconnected())"]
    board.set(up=False)
    assert "False" in board.mpremote(*look)
    board.set(up=True)
    assert again in board.mpremote(*look)


def test_a_driver_can_be_told_to_lie(make_board):
    board = make_board("pico_w")
    board.mpremote("exec", JOIN + "print(wlan.isconnected())")
    board.set(up=False, lies=True)
    said = board.mpremote("resume", "exec", "import socket\nprint(wlan.isconnected())\n"
                          "try: socket.socket().connect(('127.0.0.1', 9))\nexcept OSError as e: print(repr(e))")
    assert "True" in said and "113" in said


def test_nothing_comes_through_while_the_network_is_lost_and_all_of_it_afterwards(make_board):
    board = make_board("esp32")
    board.put("main.py", ECHO)
    board.restart()
    port = board.port(80)
    with socket.create_connection(("127.0.0.1", port), timeout=0.5) as peer:
        board.set(up=False)
        # vboard looks every 50 ms; what is sent before that may still be answered.
        eventually(lambda: not_answered(port), "the link is down")
        peer.settimeout(60)
        board.set(up=True)
        peer.sendall(b"after")
        assert peer.recv(100) == b"after"


def not_answered(port):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as peer:
        peer.sendall(b"?")
        peer.settimeout(0.5)
        try:
            peer.recv(100)
        except TimeoutError:
            return True
        return False


def test_a_watchdog_that_is_not_fed_resets_the_board(make_board):
    board = make_board("esp32")
    board.put("main.py", "import machine\nprint('cause', machine.reset_cause())\n"
              "if machine.reset_cause() != 3:\n    machine.WDT(timeout=500)\n    while True: pass\n")
    since = board.mark()
    board.restart()
    board.wait_for("cause 3", since)


@pytest.mark.parametrize("how, cause", [("reset", 2), ("soft_reset", 5)])
def test_a_program_can_reset_the_board(make_board, how, cause):
    board = make_board("esp32")
    board.put("main.py", "import machine, sys\nprint('cause', machine.reset_cause())\n"
              f"if machine.reset_cause() == 1:\n    machine.{how}()\n")
    board.stop()
    since = board.mark()
    board.start()  # with power: the first cause is 1
    board.wait_for(f"cause {cause}", since)
