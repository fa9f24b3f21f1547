"""viper.js in a browser: values, rooms, samples, lost connections, proxies that eat WebSockets, and the states."""

import json
import pathlib
import signal
import time
import urllib.request

import pytest
from browser.example import RUNTIMES, Example
from browser.proxy import Proxy

HEAP = "1M"  # the server has every kind of route: this is no test of memory
FOLDER = pathlib.Path(__file__).parent / "live"
LONG = 60000  # ms: the longest pause before an attempt, twice, and a machine that is busy with other things


@pytest.fixture(params=RUNTIMES)
def server(request):
    with Example("live", request.param, heap=HEAP, folder=FOLDER) as example:
        yield example


@pytest.fixture
def board():
    """For what only the script decides: the server is the same, on MicroPython."""
    with Example("live", "micropython-viper", heap=HEAP, folder=FOLDER) as example:
        yield example


def post(server, path, body=None):
    """What the server answers to a POST."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(server.url(path), data), timeout=30) as answer:
        return json.loads(answer.read() or "null")


def get(server, path):
    with urllib.request.urlopen(server.url(path), timeout=30) as answer:
        return json.loads(answer.read())


def publish(server, key, value, room="values"):
    assert post(server, f"/publish/{room}/{key}", value)["reached"] >= 0


def until(page, condition, argument=None):
    """Wait until the JavaScript expression is true; `given` in it is the argument."""
    page.wait_for_function(f"given => {condition}", arg=argument, timeout=LONG)


def live(page, transport=None):
    # By whichever transport: on a machine that is very busy a WebSocket may not be there in time.
    until(page, "window.link && link.state === 'live' && (!given || link.transport === given)", transport)


def ways(page):
    """The states that the page went through, but stale: a machine that is busy may answer late at any time."""
    found = []
    for state in page.evaluate("seen.states"):
        if state != "stale" and found[-1:] != [state]:
            found.append(state)
    return found


def has(page, key, value):
    """Wait until the newest value of a key is this one."""
    page.wait_for_function(
        """([key, value]) => {
          const found = [...seen.messages.map(([data, info]) => [info.key, data, info.seq]),
            ...seen.resets.flatMap(([values, info]) => values.map(([name, data]) => [name, data, info.seq]))]
            .filter(([name]) => name === key).sort((one, two) => one[2] - two[2]);
          return found.length && JSON.stringify(found[found.length - 1][1]) === JSON.stringify(value);
        }""",
        arg=[key, value],
        timeout=LONG,
    )


# ---- what comes and goes ------------------------------------------------------------------------------


def test_values_arrive_with_room_key_and_the_boards_time(server, open_page):
    publish(server, "temperature", 20.5)
    page = open_page(server.url())
    live(page)
    has(page, "temperature", 20.5)  # was there before the page
    publish(server, "temperature", {"celsius": 21})
    has(page, "temperature", {"celsius": 21})
    data, info, age = page.evaluate("seen.messages.at(-1)")
    assert (info["room"], info["event"], info["key"]) == ("values", "msg", "temperature")
    assert info["seq"] > 0 and isinstance(info["t"], int)
    # A message cannot be older than the page; nor younger than nothing, but for what the clocks are not known by.
    until(page, "link.rtt < Infinity")
    assert -page.evaluate("link.rtt") - 2 <= age < 1000 * 120
    assert ways(page) == ["live"]


def test_the_boards_clock_is_known_to_within_half_the_fastest_round_trip(board, open_page):
    page = open_page(board.url())
    live(page)
    until(page, "link.offset && link.rtt < 1000")
    # A moment of the board that the page saw from both sides: published after `before`, arrived before `after`.
    before = page.evaluate("performance.timeOrigin + performance.now()")
    publish(board, "now", 1)
    until(page, "seen.messages.some(([, info]) => info.key === 'now')")
    after = page.evaluate("performance.timeOrigin + performance.now()")
    t, offset, rtt = page.evaluate("[seen.messages.at(-1)[1].t, link.offset, link.rtt]")
    assert before - rtt - 2 <= t + offset <= after + rtt + 2  # and 2 ms for clocks that count whole milliseconds


def test_a_page_sends_joins_and_leaves(server, open_page):
    page, other = open_page(server.url()), open_page(server.url())
    live(page)
    live(other)
    assert page.evaluate("link.send({ n: 1 }, 'values')") is True
    until(other, "seen.messages.some(([data, info]) => info.event === 'said' && data.said.n === 1)")
    publish(server, "k", "before", room="open")
    page.evaluate("link.join('open')")
    page.wait_for_function("seen.states.length")  # something to wait on: the answer is not shown to pages
    until(page, "(link.send('x', 'open'), seen.messages.some(([data, info]) => info.room === 'open'))")
    page.evaluate("link.leave('open')")
    publish(server, "k", "after", room="values")
    has(page, "k", "after")
    assert not other.evaluate("seen.messages.some(([, info]) => info.room === 'open')")


def test_rooms_that_the_page_names_are_the_ones_it_is_in(board, open_page):
    page = open_page(board.url("/?rooms=open"))
    live(page)
    publish(board, "k", 1, room="values")
    publish(board, "k", 2, room="open")
    until(page, "seen.messages.length")
    assert page.evaluate("seen.messages.map(([data, info]) => info.room)") == ["open"]


def test_binary_messages_and_samples_come_as_buffers_and_typed_arrays(server, open_page):
    page = open_page(server.url("/?rooms=raw"))
    live(page)
    post(server, "/bytes", bytes([0, 1, 254, 255]))
    until(page, "seen.buffers.length === 1")
    assert page.evaluate("seen.buffers[0]") == [0, 1, 254, 255]
    post(server, "/samples/0/50")
    post(server, "/samples/50/20")
    until(page, "seen.frames.length === 2")
    one, two = page.evaluate("seen.frames")
    assert one["kind"] == "Int16Array" and one["data"] == [n for k in range(50) for n in (k, -k)]
    assert (one["first"], one["count"], one["lost"]) == (0, 50, 0)
    assert (two["first"], two["count"], two["lost"]) == (50, 20, 0)
    assert two["values"] == [-k * 0.5 + 1 for k in range(50, 70)]
    assert one["schema"]["channels"][1] == {"name": "half", "unit": "V", "scale": 0.5, "offset": 1}
    post(server, "/samples/100/10")
    until(page, "seen.frames.length === 3")
    assert page.evaluate("seen.frames[2].lost") == 30


def test_who_joins_later_gets_the_schema_before_the_samples(board, open_page):
    post(board, "/samples/0/50")
    page = open_page(board.url("/?rooms=raw"))
    live(page)
    until(page, "seen.schemas.length")
    post(board, "/samples/50/50")
    until(page, "seen.frames.some((frame) => frame.first === 50)")
    assert page.evaluate("seen.schemas[0].rate") == 100
    assert page.evaluate("seen.buffers.length") == 0


# ---- connections that end -----------------------------------------------------------------------------


def test_what_was_missed_while_the_connection_was_lost_comes_in_order(server, open_page):
    with Proxy(server.port) as proxy:
        page = open_page(proxy.url("/?rooms=open"))
        live(page)
        publish(server, "k", 0, room="open")
        until(page, "seen.messages.length === 1")
        epoch = page.evaluate("link.epoch")
        proxy.refuses = True
        proxy.cut()
        until(page, "link.state === 'offline'")
        for number in (1, 2, 3):
            publish(server, "k", number, room="open")
        proxy.refuses = False
        page.evaluate("link.retry()")
        until(page, "seen.messages.length === 4")
        assert page.evaluate("seen.messages.map(([data]) => data)") == [0, 1, 2, 3]
        assert page.evaluate("seen.resets.length") == 0
        assert page.evaluate("link.epoch") == epoch
        assert ways(page) == ["live", "offline", "live"]


def test_a_server_that_was_restarted_is_found_again_and_its_values_replace_the_old_ones(server, open_page):
    publish(server, "old", 1)
    page = open_page(server.url())
    live(page)
    has(page, "old", 1)
    page.evaluate("window.mark = 'the same page'")
    epoch = page.evaluate("link.epoch")
    server.kill()
    until(page, "link.state === 'offline'")
    server.start()
    publish(server, "new", 2)
    live(page)
    has(page, "new", 2)
    assert page.evaluate("window.mark") == "the same page"
    assert page.evaluate("link.epoch") != epoch
    # The page was told that what it knew is void, and nothing of the former life came with it.
    until(page, "seen.resets.length >= 1")
    last = page.evaluate("seen.resets.at(-1)[0].map(([key]) => key)")
    assert "old" not in last


def test_a_silent_server_is_stale_then_offline_and_live_when_it_speaks_again(board, open_page):
    page = open_page(board.url())
    live(page)
    board.signal(signal.SIGSTOP)
    try:
        until(page, "seen.states.includes('stale')")
        until(page, "link.state === 'offline'")
    finally:
        board.signal(signal.SIGCONT)
    live(page)
    states = page.evaluate("seen.states")
    assert states[0] == "live" and states[states.index("offline") - 1] == "stale"


def test_values_that_stop_are_stale_although_the_connection_lives(board, open_page):
    page = open_page(board.url("/?stale=700"))
    until(page, "window.link?.rtt < Infinity")
    publish(board, "k", 1)
    until(page, "link.state === 'stale'")
    publish(board, "k", 2)
    until(page, "seen.states.filter((state) => state === 'live').length >= 2")
    until(page, "link.state === 'stale'")  # pongs keep coming, and count as nothing
    assert "offline" not in page.evaluate("seen.states")


def test_a_page_that_was_busy_for_long_does_not_take_the_server_for_dead(board, open_page):
    page = open_page(board.url())
    live(page)
    # It asks, and cannot see the answer before the time for that is over.
    page.evaluate("dispatchEvent(new Event('offline')); for (const end = Date.now() + 7000; Date.now() < end; );")
    publish(board, "k", 1)
    has(page, "k", 1)
    assert "offline" not in page.evaluate("seen.states")


def test_the_pauses_between_attempts_grow_and_are_shown(board, open_page):
    page = open_page(board.url())
    live(page)
    board.kill()
    until(page, "link.state === 'offline' && link.retryAt > 0")
    until(page, "link.retryAt - Date.now() > 1000")  # only after several attempts can a pause be longer than 500 ms
    board.start()
    page.evaluate("dispatchEvent(new Event('online'))")  # the network is back: no reason to wait
    live(page)


def test_a_page_that_closes_its_link_leaves_the_server_and_does_not_come_back(board, open_page):
    page = open_page(board.url())
    live(page)
    page.evaluate("link.close()")
    wait_for_connections(board, 0)
    page.evaluate("dispatchEvent(new Event('online')); document.dispatchEvent(new Event('visibilitychange'))")
    assert page.evaluate("link.state") == "offline"
    other = open_page(board.url())
    live(other)
    wait_for_connections(board, 1)
    page.evaluate("link.retry()")
    live(page)


def wait_for_connections(server, number):
    deadline = time.monotonic() + LONG / 1000
    while get(server, "/stats")["connections"] != number:
        assert time.monotonic() < deadline, f"not {number} connections"
        time.sleep(0.05)  # a server does not announce who has left


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_a_stream_that_is_stopped_ends_the_link_for_good(board, open_page, transport):
    with Proxy(board.port, eats_upgrades=transport == "sse") as proxy:
        page = open_page(proxy.url("/?path=/ending"))
        live(page, "sse" if transport == "sse" else None)
        post(board, "/end")
        until(page, "link.state === 'stopped'")
        # A new page is told by a 204, or by a close.
        other = open_page(board.url("/?path=/ending"))
        until(other, "link.state === 'stopped'")
        assert other.evaluate("link.retryAt") == 0


def test_a_page_that_may_not_connect_is_refused_and_does_not_try_again_by_itself(board, open_page):
    page = open_page(board.url("/?path=/closed"))
    until(page, "link.state === 'refused'")
    assert page.evaluate("seen.states") == ["refused"]


# ---- server-sent events ------------------------------------------------------------------------------


def test_behind_a_proxy_that_eats_upgrades_server_sent_events_take_over(server, open_page):
    with Proxy(server.port, eats_upgrades=True) as proxy:
        page = open_page(proxy.url("/?rooms=values,raw"))
        live(page, "sse")
        publish(server, "k", [1, "two\nlines", "ü"])
        has(page, "k", [1, "two\nlines", "ü"])
        until(page, "link.rtt < Infinity && link.offset")
        # Upstream, in order.
        page.evaluate("for (let n = 0; n < 5; n++) link.send(n, 'values')")
        said = "seen.messages.filter(([, info]) => info.event === 'said')"
        until(page, f"{said}.length === 5")
        assert page.evaluate(f"{said}.map(([data]) => data.said)") == [0, 1, 2, 3, 4]
        post(server, "/bytes", bytes([0, 255]))
        post(server, "/samples/0/50")
        until(page, "seen.frames.length === 1")
        assert page.evaluate("seen.buffers") == [[0, 255]]
        assert page.evaluate("seen.frames[0].values[49]") == -23.5
        # The tab remembers: no WebSocket is tried when it is loaded again.
        tried = proxy.upgrades
        assert tried == 1
        page.reload()
        live(page, "sse")
        assert proxy.upgrades == tried


def test_an_event_stream_resumes_too(server, open_page):
    with Proxy(server.port, eats_upgrades=True) as proxy:
        page = open_page(proxy.url("/?rooms=open"))
        live(page, "sse")
        publish(server, "k", 0, room="open")
        until(page, "seen.messages.length === 1")
        proxy.refuses = True
        proxy.cut()
        until(page, "link.state === 'offline'")
        publish(server, "k", 1, room="open")
        proxy.refuses = False
        until(page, "seen.messages.length === 2")
        assert page.evaluate("seen.messages.map(([data]) => data)") == [0, 1]
        assert page.evaluate("seen.resets.length") == 0


def test_the_websocket_is_tried_again_later_and_taken_where_it_gets_through(board, open_page):
    with Proxy(board.port, eats_upgrades=True) as proxy:
        page = open_page(proxy.url())
        live(page, "sse")
        proxy.eats_upgrades, tried = False, proxy.upgrades
        page.evaluate("sessionStorage[Object.keys(sessionStorage)[0]] = Date.now() - 1")  # as if the time were over
        page.reload()
        live(page)
        assert proxy.upgrades == tried + 1
