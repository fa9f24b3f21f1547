"""Updates over the network on virtual boards, with each board's heap and files, real resets and real trials."""

import concurrent.futures
import os
import subprocess
import sys

import pytest
import runtimes
import target
from running import eventually
from served import APP, BOARDS, Served
from virtual import NewBoard

SEND = target.ROOT / "tools" / "ota" / "send.py"
SEND_SECONDS = 280
TRIAL_PATIENCE = 200  # a version is confirmed after 15 s of service, and given up after three boots
BROKEN = APP + "\nraise ValueError('broken')\n"


def sent(served, folder, version, text, *options):
    """make ota with this application, to its end: (status, what it printed)."""
    app = folder / version
    app.mkdir()
    (app / "main.py").write_text(text)
    process = subprocess.Popen(
        [sys.executable, str(SEND), f"127.0.0.1:{served.port}", str(app), "--version", version, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ, VIPERHTTP_PASSWORD="letmein"),
    )
    try:
        said = process.communicate(timeout=SEND_SECONDS)[0]
        return process.returncode, said
    finally:
        process.kill()
        process.wait()


def update(name, folder):
    """A good update and a bad one on a board of this name."""
    with NewBoard(name, folder, micropython=runtimes.micropython()) as board:
        board.set(networks={"home": "secret"})
        served = Served(board, folder).flash()
        good = APP.replace('{"free"', '{"version": 2, "free"')
        status, said = sent(served, folder, "two", good)
        assert status == 0, said + board.printed()[-1000:]
        assert served.get()["version"] == 2
        since = board.mark()
        status, said = sent(served, folder, "three", BROKEN)
        assert status != 0, said
        assert "three" in said
        eventually(served.serves, lambda: "it serves again:\n" + board.printed(since)[-3000:], TRIAL_PATIENCE)
        assert served.get()["version"] == 2
        printed = board.printed(since)
        assert "back to two" in printed
        assert "letmein" not in printed + said
        # A flash by cable ends all that: its version is the good one.
        served.flash()
        assert "version" not in served.get()


@pytest.mark.timeout(700)
def test_a_good_update_is_kept_and_a_bad_one_is_taken_back_on_every_board(tmp_path, monkeypatch):
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    monkeypatch.setenv("VIPERHTTP_PASSWORD", "letmein")
    # All at once: a trial is a time in which nothing happens.
    with concurrent.futures.ThreadPoolExecutor(len(BOARDS)) as pool:
        under_way = {name: pool.submit(update, name, tmp_path / name) for name in BOARDS}
    trouble = {name: str(one.exception())[-2000:] for name, one in under_way.items() if one.exception()}
    assert not trouble, "\n".join(f"{name}: {what}" for name, what in trouble.items())
