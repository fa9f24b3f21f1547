"""Updates over the network on a virtual board, with the board's heap and files, real resets and real trials."""

import os
import subprocess
import sys

import pytest
import target
from running import eventually
from test_profiles import APP, Served

SEND = target.ROOT / "tools" / "ota" / "send.py"
SEND_SECONDS = 280
TRIAL_PATIENCE = 200  # a version is confirmed after 30 s of service, and given up after three boots
BROKEN = APP + "\nraise ValueError('broken')\n"


def send(served, folder, version, text, *options):
    """make ota: start sending this application; its process."""
    app = folder / version
    app.mkdir()
    (app / "main.py").write_text(text)
    return subprocess.Popen(
        [sys.executable, str(SEND), f"127.0.0.1:{served.port}", str(app), "--version", version, *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=dict(os.environ, VIPERHTTP_PASSWORD="letmein"))


def ended(process):
    """(status, what it printed) once it has ended."""
    try:
        said = process.communicate(timeout=SEND_SECONDS)[0]
        return process.returncode, said
    finally:
        process.kill()
        process.wait()


@pytest.mark.timeout(700)
def test_a_good_update_is_kept_and_a_bad_one_is_taken_back(make_board, tmp_path, monkeypatch):
    monkeypatch.setenv("VIPERHTTP_PASSWORD", "letmein")
    board = make_board("pico_w")
    board.set(networks={"home": "secret"})
    served = Served(board, tmp_path).flash()
    good = APP.replace('{"free"', '{"version": 2, "free"')
    status, said = ended(send(served, tmp_path, "two", good))
    assert status == 0, said + board.printed()[-3000:]
    assert served.get()["version"] == 2
    since = board.mark()
    status, said = ended(send(served, tmp_path, "three", BROKEN))
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
