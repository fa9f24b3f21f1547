"""`make ota`: an application goes to a board, is tried there, and what went wrong is said with what helps."""

import json
import subprocess
import sys

import pytest
import runtimes
from ports import free_port

ROOT = runtimes.ROOT
sys.path.insert(0, ROOT + "/tools/ota")
sys.path.insert(0, ROOT + "/tests/behaviour")

import send  # noqa: E402  tools/ota
from serving import eventually  # noqa: E402

SECONDS = 60


@pytest.fixture
def board(tmp_path):
    """Address of a board with a version in app_a, and the folder that is its flash."""
    runtime = runtimes.RUNTIMES[2]
    if runtime.missing():
        pytest.skip(runtime.missing())
    root = tmp_path / "flash"
    (root / "app_a").mkdir(parents=True)
    (root / "app_a" / "main.py").write_text("")
    port = free_port()
    script = ROOT + "/tests/behaviour/apps/ota_board.py"
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen(
            runtime.command(script, str(port), json.dumps({"root": str(root)}), heap="1M"),
            env=runtime.environ(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: "viperhttp serves" in (tmp_path / "log").read_text(), "the board serves")
        yield f"127.0.0.1:{port}", root
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def application(tmp_path):
    """application(name=text...): a folder with a main.py and these files."""

    def make(**files):
        folder = tmp_path / f"application{len(list(tmp_path.iterdir()))}"
        (folder / "www").mkdir(parents=True)
        (folder / "main.py").write_text("x = 1\n")
        (folder / "www" / "index.html").write_text("<p>hello</p>" * 2000)
        for name, text in files.items():
            (folder / name).write_text(text)
        return str(folder)

    return make


def ota(monkeypatch, capsys, host, *arguments, password="swordfish"):
    """(exit status, all that is printed) of send.py."""
    monkeypatch.setenv("VIPERHTTP_PASSWORD", password)
    monkeypatch.setattr(send, "TRIAL_SECONDS", SECONDS)
    status = send.main([host, *arguments])
    printed = capsys.readouterr()
    return status, printed.out + printed.err


def test_a_good_version_is_confirmed_and_a_bad_one_given_up(board, application, monkeypatch, capsys):
    host, root = board
    status, printed = ota(monkeypatch, capsys, host, application(), "--version", "2")
    assert status == 0, printed
    assert "runs version ?" in printed and "is on trial" in printed and "version 2 is confirmed" in printed
    assert sorted(path.name for path in (root / "app_b").iterdir()) == ["main.mpy", "www"]
    assert (root / "app_b" / "www" / "index.html.gz").stat().st_size < 500

    status, printed = ota(monkeypatch, capsys, host, application(crash="x"), "--version", "3")
    assert status == 1
    assert "runs version 2" in printed and "did not serve, and the board went back to 2" in printed

    status, printed = ota(monkeypatch, capsys, host, application(), password="guess")
    assert status == 1 and "/secrets.json" in printed
    status, printed = ota(monkeypatch, capsys, host, str(root))
    assert status == 1 and "there is no" in printed and "main.py" in printed


def test_a_board_that_is_not_there_is_said(application, monkeypatch, capsys):
    status, printed = ota(monkeypatch, capsys, f"127.0.0.1:{free_port()}", application())
    assert status == 1 and "does not answer" in printed and "Is the board on" in printed


def test_the_same_files_give_the_same_archive():
    files = {"b": b"2", "a/c": b"1" * 700}
    assert send.pack(files) == send.pack(dict(reversed(files.items())))
    assert send.version_of(files) != send.version_of({**files, "b": b"3"})


def test_progress_is_one_line():
    assert send.progress(51200, 102400, 0).startswith("\r  [############            ] 50 of 100 kB")
