"""The scope's page: five thousand samples a second in two browsers, counted, and what is lost is told."""

import re

import pytest
from browser.example import RUNTIMES, Example

RATE = 5000
ENOUGH = 3 * RATE
LONG = 60000  # ms
COLOURS = ("#ffd166", "#5ee6a8")  # of the two lines


@pytest.fixture(params=RUNTIMES)
def scope(request):
    with Example("scope", request.param) as example:
        yield example


@pytest.fixture
def board():
    """For what only the page decides."""
    with Example("scope", "micropython-viper") as example:
        yield example


def until(page, condition, argument=None):
    page.wait_for_function(f"given => {condition}", arg=argument, timeout=LONG)


def test_two_browsers_get_five_thousand_samples_a_second_and_every_one_or_are_told(scope, open_page):
    pages = [open_page(scope.url()), open_page(scope.url(), 390, 844)]
    for page in pages:
        until(page, "window.scope && scope.newest")
        # By the board's own clock, for this machine may be busy: then it catches up, or says what it left out.
        page.evaluate(
            """() => {
              const begin = { ...scope.newest, received: scope.received, lost: scope.lost };
              window.span = () => {
                const { first, count, t } = scope.newest;
                return {
                  seconds: (t - begin.t) / 1000,
                  numbers: (first + count - begin.first - begin.count) >>> 0,
                  received: scope.received - begin.received,
                  lost: scope.lost - begin.lost,
                };
              };
            }"""
        )
    for page in pages:
        until(page, "span().received >= given[0] && span().numbers / span().seconds >= 0.95 * given[1]", [ENOUGH, RATE])
        span = page.evaluate("span()")
        assert span["received"] + span["lost"] == span["numbers"], span


@pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=["phone", "desktop"])
def test_the_page_draws_both_channels_and_fits_its_window(board, open_page, size):
    page = open_page(board.url(), *size)
    page.wait_for_selector("body[data-state=live]")
    page.wait_for_function(
        """colours => {
          const canvas = document.getElementById("plot");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return colours.every((colour) => {
            const wanted = colour.match(/[0-9a-f]{2}/g).map((one) => parseInt(one, 16));
            for (let at = 0; at < data.length; at += 4)
              if (wanted.every((one, i) => Math.abs(data[at + i] - one) < 8)) return true;
          });
        }""",
        arg=COLOURS,
        timeout=LONG,
    )
    page.locator("#rate").filter(has_text=re.compile("[0-9]")).wait_for()
    page.locator("#age").filter(has_text="ms").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("#transport").inner_text() in ("WebSocket", "SSE")
    page.select_option("#trigger", index=2)
    page.click("#hold")
    assert page.locator("#hold").get_attribute("aria-pressed") == "true"


def test_the_page_says_that_the_connection_is_lost_and_goes_on_by_itself(scope, open_page):
    page = open_page(scope.url())
    page.wait_for_selector("body[data-state=live]")
    scope.kill()
    page.wait_for_selector("body[data-state=offline]")
    page.get_by_text("what is drawn is old").wait_for()
    received = page.evaluate("scope.received")
    scope.start()
    page.wait_for_selector("body[data-state=live]", timeout=LONG)
    until(page, "scope.received > given", received)
    assert page.locator("#notice").is_hidden()
