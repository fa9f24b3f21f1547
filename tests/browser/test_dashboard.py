"""The dashboard's page in a browser: live, stale, offline, and live again."""

import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.request

import pytest
from browser.example import ROOT, RUNTIMES, Example
from browser.proxy import Proxy

PHONE = (390, 844)
DESKTOP = (1280, 800)
LONG = 60000  # ms: the longest pause before an attempt, twice
SOURCES = ROOT / "examples" / "dashboard"


@pytest.fixture(scope="session")
def built():
    """The page as it goes on a board."""
    subprocess.run([sys.executable, "tools/assets/fetch.py"], cwd=ROOT, check=True, timeout=100)


@pytest.fixture(params=RUNTIMES)
def dashboard(request, built):
    with Example("dashboard", request.param) as example:
        yield example


@pytest.fixture
def board(built):
    """For what only the page decides."""
    with Example("dashboard", "micropython-viper") as example:
        yield example


def wait_for(page, state):
    page.wait_for_selector(f"body[data-state={state}]", timeout=LONG)


def newest(page):
    """The time of the newest sample that the page holds."""
    return page.evaluate("store.times[store.times.length - 1] || 0")


def wait_until_moving(page):
    page.wait_for_function("since => store.times[store.times.length - 1] > since", arg=newest(page), timeout=LONG)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_live_and_fits_its_window(board, open_page, size, scheme):
    page = open_page(board.url(), *size, color_scheme=scheme)
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


def test_charts_draw_lines_with_uplot(board, open_page):
    page = open_page(board.url())
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


def test_the_page_needs_three_small_requests_and_one_websocket(dashboard, open_page):
    page = open_page("about:blank")
    requests, sockets = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(dashboard.url())
    wait_for(page, "live")
    page.wait_for_function("store.times.length && !pending")
    # And again for what a busy machine's late samples seem to leave out.
    asked = {url.partition("?")[0] for url in requests if not url.startswith("data:")}
    assert asked == {dashboard.url(path) for path in ("/", "/viper.js", "/history")}
    assert {url.partition("?")[0] for url in sockets} == {dashboard.url("/live", "ws")}


def test_a_new_page_starts_with_what_was_measured_before_it_came(dashboard, open_page):
    first = open_page(dashboard.url())
    wait_for(first, "live")
    first.wait_for_function("store.times.length >= 8")
    later = open_page(dashboard.url())
    wait_for(later, "live")
    # At once, with its first samples: of its own it has one or two by then.
    later.wait_for_function("store.times.length && !pending")
    taken = later.evaluate("[store.times.length, store.times.at(-1) - store.times[0]]")
    assert taken[0] >= 8 and taken[1] >= 7 * 200, taken


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
    epoch = page.evaluate("link.epoch")
    dashboard.start()
    wait_for(page, "live")
    assert page.evaluate("window.mark") == "the same page" and page.evaluate("link.epoch") != epoch
    page.wait_for_function("before => store.times[store.times.length - 1] > before", arg=before, timeout=LONG)
    # The time without a server is a gap, not a line across it.
    assert page.evaluate("store.columns[0].includes(null)")
    assert page.evaluate("store.times.every((time, at, all) => at === 0 || time > all[at - 1])")


def test_the_page_shows_how_old_its_newest_value_is_and_the_devices_clock(dashboard, open_page):
    page = open_page(dashboard.url())
    page.locator("#age", has_text=re.compile(r"^\d+ ms$")).wait_for()
    page.locator("#clock", has_text=re.compile(r"^\d+:\d\d:\d\d$")).wait_for()
    assert re.fullmatch(r"±\d+ ms", page.locator("#error").inner_text())
    # The same moment by both clocks, but for what is not known of the device's.
    page.wait_for_function("store.times.length && !pending")
    differs = page.evaluate("store.times.at(-1) - (lastRow + link.offset)")
    assert abs(differs) < 1000
    dashboard.signal(signal.SIGSTOP)
    try:
        page.wait_for_function("parseInt(document.getElementById('age').textContent) > 1500", timeout=LONG)
    finally:
        dashboard.signal(signal.SIGCONT)


def test_a_short_loss_leaves_no_gap_in_the_lines(dashboard, open_page):
    with Proxy(dashboard.port) as proxy:
        page = open_page(proxy.url())
        wait_for(page, "live")
        page.wait_for_function("store.times.length >= 4 && !pending")
        proxy.refuses = True
        proxy.cut()
        wait_for(page, "offline")
        before, known = newest(page), page.evaluate("store.newest")
        page.wait_for_function("given => Date.now() > given + 1500", arg=before)  # six samples are taken meanwhile
        proxy.refuses = False
        page.evaluate("link.retry()")
        wait_for(page, "live")
        page.wait_for_function("given => !pending && store.times.at(-1) > given", arg=before, timeout=LONG)
        has, last = page.evaluate(
            """given => {
              const taken = (time, at) => time > given && store.columns.some((one) => one[at] !== null);
              return [store.times.filter(taken).length, store.newest];
            }""",
            before,
        )
        with urllib.request.urlopen(dashboard.url(f"/history?since={known}"), timeout=30) as answer:
            taken = [row for row in json.loads(answer.read()) if row[0] <= last]
        assert has == len(taken) > 0


def test_behind_a_proxy_that_eats_upgrades_the_page_is_live_all_the_same(dashboard, open_page):
    with Proxy(dashboard.port, eats_upgrades=True) as proxy:
        page = open_page(proxy.url())
        wait_for(page, "live")
        wait_until_moving(page)
        page.get_by_text("over server-sent events").wait_for()


def test_the_button_tries_again_at_once(dashboard, open_page):
    page = open_page(dashboard.url())
    wait_for(page, "live")
    dashboard.kill()
    wait_for(page, "offline")
    page.wait_for_function("link.retryAt - Date.now() > 1000", timeout=LONG)  # the pauses have grown
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
