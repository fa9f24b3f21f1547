"""The dashboard on virtual boards, its page in a headless Chromium: live, through a lost network and a reset."""

import contextlib
import json
import subprocess
import sys

import pytest
import target
from browser.conftest import chromium, open_page  # noqa: F401  fixtures
from running import PATIENCE
from served import Served
from websockets.sync.client import connect

LONG = 60000  # ms


@pytest.fixture(params=["esp32s3", "pico_w"])
def served(request, make_board, tmp_path):
    """The dashboard on a board of Espressif's kind and on one of Raspberry Pi's, each with its heap and its limits."""
    subprocess.run([sys.executable, "tools/assets/fetch.py"], cwd=target.ROOT, check=True, timeout=100)
    board = make_board(request.param)
    board.set(networks={"home": "secret"})
    return Served(board, tmp_path, target.ROOT / "examples" / "dashboard").flash()


def viewers(served, count):
    """So many clients at once get the live values."""
    with contextlib.ExitStack() as stack:
        url = served.url("/live", "ws")
        every = [stack.enter_context(connect(url, subprotocols=["viper.v1"], ping_interval=None)) for _ in range(count)]
        for ws in every:
            seen = {json.loads(ws.recv(PATIENCE))[2] for _ in range(8)}
            assert "msg" in seen, seen


def wait_for(page, state):
    page.wait_for_selector(f"body[data-state={state}]", timeout=LONG)


def wait_until_moving(page):
    newest = page.evaluate("store.times[store.times.length - 1] || 0")
    page.wait_for_function("since => store.times[store.times.length - 1] > since", arg=newest, timeout=LONG)


def test_the_page_is_live_and_comes_back_by_itself_and_health_is_shown(served, open_page):  # noqa: F811
    board = served.board
    viewers(served, 3)
    page = open_page(served.url())
    wait_for(page, "live")
    wait_until_moving(page)
    assert page.locator(".tile").count() >= 2
    page.evaluate("window.mark = 'the same page'")
    epoch = page.evaluate("link.epoch")

    board.set(up=False)
    page.wait_for_function("['stale', 'offline'].includes(document.body.dataset.state)", timeout=LONG)
    board.set(up=True)
    wait_for(page, "live")
    wait_until_moving(page)

    since = board.mark()
    served.type(b"\x03")
    board.wait_for(">>> ", since)
    wait_for(page, "offline")
    served.type(b"\x04")
    wait_for(page, "live")
    wait_until_moving(page)
    health = open_page(served.url("/health"), 390, 844)
    health.wait_for_selector("section", timeout=LONG)
    # A browser may hold all three connections that a Pico W has for clients.
    assert health.inner_text("#status") in ("ok", "full")
    wait_until_moving(page)
    assert page.evaluate("window.mark") == "the same page" and page.evaluate("link.epoch") != epoch
    assert "MemoryError" not in board.printed() and "Traceback" not in board.printed(since)
