"""Live pages in tabs that are not looked at, or that have come to a standstill."""


import pytest
from browser.conftest import program
from browser.example import RUNTIMES, Example
from browser.tabs import Window, wait
from browser.test_viper_js import FOLDER, get, post, publish

VALUE = "(seen.messages.filter(([, info]) => info.key === 'k').at(-1) || [])[0]"
# The newest number of the room "fast", by whichever way it came.
NEWEST = """Math.max(0, ...seen.messages.map(([data]) => data.n || 0),
  ...seen.resets.flatMap(([values]) => values.map(([, data]) => data.n || 0)))"""


@pytest.fixture(params=RUNTIMES)
def server(request):
    # Messages of some kilobytes, to fill what lies between: this is no test of memory.
    with Example("live", request.param, heap="2M", folder=FOLDER) as example:
        yield example


@pytest.fixture
def window(tmp_path):
    if not program():
        pytest.skip("no Chromium: apt-get install chromium, or CHROMIUM=/path/to/it")
    with Window(tmp_path) as one:
        yield one


def live(tab):
    tab.until("window.link && link.state === 'live'")


def test_a_tab_in_the_background_goes_on_and_a_frozen_one_catches_up_when_it_is_looked_at(server, window):
    tab = window.open(server.url())
    live(tab)
    window.open("about:blank")
    tab.until("document.hidden")
    publish(server, "k", 1)
    tab.until(f"{VALUE} === 1")  # hidden, it is told all the same
    assert tab.evaluate("document.hidden && link.state === 'live'")
    tab.evaluate("window.mark = 'the same page'")
    tab.freeze()
    publish(server, "k", 2)
    publish(server, "k", 3)
    tab.to_front()
    tab.thaw()
    tab.until(f"!document.hidden && {VALUE} === 3 && link.state === 'live'")
    publish(server, "k", 4)
    tab.until(f"{VALUE} === 4")
    assert tab.evaluate("window.mark") == "the same page"


def test_a_stalled_tab_costs_only_itself_and_gets_the_newest_value_when_it_reads_again(server, window):
    stalled = window.open(server.url("/?rooms=fast"))
    live(stalled)
    healthy = window.open(server.url("/?rooms=fast"))
    live(healthy)
    post(server, "/fast/5/4000")
    stalled.until(f"{NEWEST} > 0")
    stalled.freeze()

    def fast():
        return get(server, "/stats")["rooms"]["fast"]

    # Everything between server and page is full: what is meant for the stalled one is replaced by newer values.
    wait(lambda: fast()["conflated"] + fast()["evicted"] > 0 or fast()["members"] < 2, "the tab is stalled")
    published = fast()["published"]
    healthy.until(f"{NEWEST} >= {published}")
    count = healthy.evaluate("seen.messages.length")
    healthy.until(f"seen.messages.length >= {count + 100}")
    assert "offline" not in healthy.evaluate("seen.states")
    published = fast()["published"]
    stalled.to_front()
    stalled.thaw()
    stalled.until(f"{NEWEST} >= {published} && link.state === 'live'")
