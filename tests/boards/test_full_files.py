"""A littlefs that fills while `make flash` copies: the program that was there is whole, and the fix is named."""

import os
import sys

import flash
import pytest
from copying import Copier
from served import APP, Served

NEW = APP.replace('{"free"', '{"new": 1, "free"')
FILL = """
import os
def fill(leave):
    try:
        with open("/log.txt", "ab") as file:
            while not leave or os.statvfs("/")[0] * os.statvfs("/")[3] > leave:
                file.write(b"x" * 2048)
                file.flush()
    except OSError as error:
        print(error)
"""


@pytest.fixture
def served(make_board, tmp_path):
    """A board with a program on it."""
    board = make_board("pico_w")
    board.set(networks={"home": "secret"})
    return Served(board, tmp_path).flash()


def program_is_whole(served):
    """After a reset the old program serves."""
    served.restarts(served.board.restart)
    assert "new" not in served.get()
    with served.echo() as ws:
        ws.send("x")
        assert ws.recv(60) == "echo: x"
    assert "flash_new" not in served.board.mpremote("fs", "ls", ":")


def test_a_file_system_that_fills_while_it_is_copied_to(served, monkeypatch, capsys):
    class Filling(Copier):
        """Something else on the board, such as a log, takes what is free when half has arrived."""

        full = False

        def _show(self, sent, *others):
            super()._show(sent, *others)
            if sent > self._total / 2 and not self.full:
                self.full = True
                assert "28" in self.link.run(FILL + "fill(0)")

    (served.app / "main.py").write_text(NEW)
    (served.app / "more.txt").write_text(os.urandom(20000).hex())
    monkeypatch.setattr(flash, "Copier", Filling)
    monkeypatch.setattr(sys, "argv", served.command[1:])
    monkeypatch.setenv("WIFI_PASSWORD", "secret")
    assert flash.main() == 1
    said = capsys.readouterr().err
    assert "file system is full" in said and "erase-app" in said and "mpremote fs ls" in said
    program_is_whole(served)


def test_an_update_whose_files_do_not_fit_beside_the_old_ones_changes_nothing(served):
    # Each small file takes a block, each folder two: far more than the bytes that are sent.
    (served.app / "main.py").write_text(NEW)
    for number in range(6):
        (served.app / f"part{number}").mkdir()
        (served.app / f"part{number}" / "data.bin").write_bytes(os.urandom(1500))
    for kilobytes in (70, 36):
        served.board.mpremote("exec", FILL + f"fill({kilobytes << 10})")
        said = served.flashed(status=1)
        assert "not enough space" in said and "erase-app" in said, said
    program_is_whole(served)
    served.board.mpremote("fs", "rm", ":log.txt")
    served.flashed()
    assert served.get()["new"] == 1
