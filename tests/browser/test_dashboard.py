"""The dashboard's page in a browser: live, stale, offline, and live again."""

import re
import shutil
import signal
import subprocess
import sys

import pytest
from browser.example import ROOT, RUNTIMES, Example

PHONE = (390, 844)
DESKTOP = (1280, 800)
SOURCES = ROOT / "examples" / "dashboard"


@pytest.fixture(scope="session")
def built():
    """The page as it goes on a board."""
    subprocess.run([sys.executable, "tools/assets/fetch.py"], cwd=ROOT, check=True, timeout=100)


@pytest.fixture(params=RUNTIMES)
def dashboard(request, built):
    with Example("dashboard", request.param) as example:
        yield example


def wait_for(page, state):
    page.wait_for_selector(f"body[data-state={state}]")


def newest(page):
    """The time of the newest sample that the page holds."""
    return page.evaluate("store.times[store.times.length - 1] || 0")


def wait_until_moving(page):
    page.wait_for_function("since => store.times[store.times.length - 1] > since", arg=newest(page))


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_live_and_fits_its_window(dashboard, open_page, size, scheme):
    page = open_page(dashboard.url(), *size, color_scheme=scheme)
    wait_for(page, "live")
    wait_until_moving(page)
    tiles = page.locator(".tile")
    assert tiles.count() >= 2
    page.locator(".number").filter(has_text=re.compile("[0-9]")).first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(
        "[...document.querySelectorAll('.tile, .card')].every(one => one.scrollWidth <= one.clientWidth)"
    )
    assert page.locator("#notice").is_hidden()


def test_charts_draw_lines_with_uplot(dashboard, open_page):
    page = open_page(dashboard.url())
    wait_for(page, "live")
    assert page.locator(".card .uplot canvas").count() == page.locator(".card").count() >= 2
    wait_until_moving(page)
    # The line's own colour is on the canvas, not only axes and grid.
    page.wait_for_function(
        """() => {
          const canvas = document.querySelector(".uplot canvas");
          const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
          const wanted = css("--line1").match(/[0-9a-f]{2}/g).map(one => parseInt(one, 16));
          for (let at = 0; at < data.length; at += 4)
            if (wanted.every((one, i) => Math.abs(data[at + i] - one) < 3) && data[at + 3] > 200) return true;
          return false;
        }"""
    )


def test_the_page_needs_one_request_and_one_websocket(dashboard, open_page):
    page = open_page("about:blank")
    requests, sockets = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(dashboard.url())
    wait_for(page, "live")
    assert [url for url in requests if not url.startswith("data:")] == [dashboard.url()]
    assert sockets == [dashboard.url("/live", "ws")]


def test_a_new_page_starts_with_what_was_measured_before_it_came(dashboard, open_page):
    first = open_page(dashboard.url())
    wait_for(first, "live")
    first.wait_for_function("store.times.length >= 8")
    later = open_page(dashboard.url())
    wait_for(later, "live")
    later.wait_for_function("store.times.length >= 8", timeout=1500)  # eight samples take two seconds


def test_a_server_that_falls_silent_is_shown_as_stale_and_its_old_values_as_old(dashboard, open_page):
    page = open_page(dashboard.url())
    wait_for(page, "live")
    dashboard.signal(signal.SIGSTOP)
    try:
        wait_for(page, "stale")
        assert page.locator("#state").inner_text() == "Stale"
        assert "stale" in page.locator("#notice").inner_text()
        wait_for(page, "offline")  # silence for long enough is taken for a lost connection
    finally:
        dashboard.signal(signal.SIGCONT)
    wait_for(page, "live")


def test_a_server_that_dies_is_shown_as_offline_and_the_page_recovers_without_a_reload(dashboard, open_page):
    page = open_page(dashboard.url())
    wait_for(page, "live")
    wait_until_moving(page)
    page.evaluate("window.mark = 'the same page'")
    before = newest(page)
    dashboard.kill()
    wait_for(page, "offline")
    assert page.locator("#state").inner_text() == "Offline"
    assert "Last values are from" in page.locator("#notice").inner_text()
    assert page.locator("#retry").is_visible()
    dashboard.start()
    wait_for(page, "live")
    assert page.evaluate("window.mark") == "the same page"
    page.wait_for_function("before => store.times[store.times.length - 1] > before", arg=before)
    # The time without a server is a gap, not a line across it.
    assert page.evaluate("store.columns[0].includes(null)")
    assert page.evaluate("store.times.every((time, at, all) => at === 0 || time > all[at - 1])")


def test_the_button_tries_again_at_once(dashboard, open_page):
    page = open_page(dashboard.url())
    wait_for(page, "live")
    dashboard.kill()
    wait_for(page, "offline")
    page.wait_for_function("link.failures >= 3")  # the pauses have grown
    dashboard.start()
    page.click("#retry")
    wait_for(page, "live")


def test_without_uplot_the_page_draws_plain_lines(open_page, tmp_path):
    folder = shutil.copytree(SOURCES, tmp_path / "dashboard", ignore=shutil.ignore_patterns("www"))
    with Example("dashboard", folder=folder) as example:
        page = open_page(example.url())
        wait_for(page, "live")
        wait_until_moving(page)
        assert page.locator(".uplot").count() == 0
        assert page.locator(".card canvas").count() == page.locator(".card").count() >= 2
