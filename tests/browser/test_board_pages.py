"""The pages of a board in a browser: set-up on a phone, then health."""

import re
import subprocess
import time

import pytest
import runtimes
from ports import free_port

RUNTIME = runtimes.RUNTIMES[2]
HERE = __file__.rpartition("/")[0]


def eventually(condition, what):
    """Wait until condition() is true, for 30 seconds at most."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.fixture
def board(tmp_path):
    """(URL, function that gives what the board has printed)."""
    if RUNTIME.missing():
        pytest.skip(RUNTIME.missing())
    port = free_port()
    log = tmp_path / "log"
    with open(log, "w") as file:
        process = subprocess.Popen(
            RUNTIME.command(f"{HERE}/board.py", str(port), str(tmp_path), heap="1M"),
            env=RUNTIME.environ(f"{HERE}/../device"),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: "to set this board up" in log.read_text() or process.poll() is not None, "it starts")
        assert process.poll() is None, log.read_text()
        yield f"http://127.0.0.1:{port}", log.read_text
    finally:
        process.kill()
        process.wait()


def test_a_phone_sets_the_board_up_and_then_sees_its_health(board, open_page):
    url, log = board
    page = open_page(url, 390, 760, has_touch=True)
    page.wait_for_selector("li button")
    names = page.locator("li span").all_inner_texts()
    assert names == ["home", "cafe", "far", "Another network ..."]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing sticks out on a phone"
    assert page.is_disabled("#go") and page.input_value("#hostname") == "viper"

    page.click("text=cafe")
    assert page.is_hidden("#secret"), "an open network needs no password"
    page.click("text=Another network")
    assert page.is_visible("#ssid")

    page.click("text=home")
    page.fill("#password", "short")
    page.click("#go")
    page.wait_for_selector("#note:not([hidden])")
    assert "8 to 63 characters" in page.inner_text("#note")
    page.fill("#password", "wrong password")
    page.click("#go")
    page.wait_for_selector("#note:has-text('wrong password')")
    page.fill("#password", "correct horse")
    page.fill("#hostname", "kitchen")
    page.click("#go")
    page.wait_for_selector("#done:not([hidden])")
    assert "http://kitchen.local/" in page.inner_text("#done")

    eventually(lambda: "viperhttp serves" in log(), "the application runs")
    assert "horse" not in log(), "a password is in the log"
    health = open_page(url + "/health", 390, 760)
    health.wait_for_selector("section")
    assert health.evaluate("document.documentElement.scrollWidth") <= 390
    assert health.inner_text("#status") == "ok"
    health.evaluate("fetch('/slow')")
    health.wait_for_selector("td:has-text('GET /slow')")
    assert re.search(r"\b[5-9]\d\d ms|\b\d{4,} ms", health.inner_text("#grid"))
    assert "kitchen.local" in health.inner_text("#grid")
