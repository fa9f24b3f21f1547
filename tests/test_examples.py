"""Each example, started as its README says on both runtimes, and talked to."""

import asyncio
import gzip
import json
import math
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
import runtimes
from browser.example import RUNTIMES, Example
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

ROOT = pathlib.Path(runtimes.ROOT)
DASHBOARD = ROOT / "examples" / "dashboard"
PATIENCE = 20  # seconds for anything that a test waits for
MIB = 1024 * 1024
BIG_HEAP = "128M"

both = pytest.mark.parametrize("runtime", RUNTIMES)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 3 * PATIENCE))


def get(example, path, **headers):
    """(headers, body) of a GET."""
    request = urllib.request.Request(example.url(path), headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return answer.headers, answer.read()


async def message(ws):
    return await asyncio.wait_for(ws.recv(), PATIENCE)


async def message_where(ws, condition):
    """The next JSON message for which the condition holds."""
    while True:
        found = json.loads(await message(ws))
        if condition(found):
            return found


# ---- all of them --------------------------------------------------------------------------------------


def names():
    return sorted(path.parent.name for path in ROOT.glob("examples/*/main.py"))


def test_every_example_is_in_the_readme():
    text = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert names()
    for name in names():
        assert f"({name}/main.py)" in text


@both
@pytest.mark.parametrize("name", names())
def test_an_example_prints_its_url_and_how_to_stop_and_ctrl_c_stops_it(name, runtime):
    with Example(name, runtime) as example:
        get_any(example)  # what a browser does first; it is up by then and has printed its line
        example.signal(signal.SIGINT)
        assert example.process.wait(PATIENCE) in (0, 130, -signal.SIGINT)
        said = example.said()
        assert f":{example.port}/" in said and "Ctrl-C" in said
        assert "Traceback" not in said
        assert len(said.strip().splitlines()) == 1


def get_any(example):
    try:
        get(example, "/")
    except urllib.error.HTTPError:
        pass  # echo has nothing to GET


@both
@pytest.mark.parametrize("name", ["chat", "dashboard"])
def test_an_example_with_a_page_runs_from_its_own_folder_as_on_a_board(name, runtime, tmp_path):
    folder = shutil.copytree(ROOT / "examples" / name, tmp_path / name)
    with Example(name, runtime, folder=folder, started_inside=True) as example:
        assert b"<!doctype html>" in page_of(example)


def page_of(example):
    headers, body = get(example, "/", **{"Accept-Encoding": "gzip"})
    return gzip.decompress(body) if headers["Content-Encoding"] == "gzip" else body


# ---- hello --------------------------------------------------------------------------------------------


@both
def test_hello_answers_a_request_and_echoes_over_a_websocket(runtime):
    async def talk(example):
        async with connect(example.url("/echo", "ws")) as ws:
            await ws.send("ping")
            assert await message(ws) == "echo: ping"

    with Example("hello", runtime) as example:
        headers, body = get(example, "/")
        assert headers["Content-Type"].startswith("application/json")
        assert json.loads(body) == {"hello": "from " + runtime.split("-")[0]}
        run(talk(example))


# ---- echo ---------------------------------------------------------------------------------------------


@both
def test_echo_returns_text_as_text_and_binary_as_binary(runtime):
    async def talk(example):
        async with connect(example.url("/", "ws")) as ws:
            for sent in ("", "x", "größer: €, 日本, 🐍", b"", b"\x00\xff", bytes(range(256)) * 20):
                await ws.send(sent)
                assert await message(ws) == sent

    with Example("echo", runtime) as example:
        run(talk(example))


@both
def test_echo_returns_messages_up_to_16_mib(runtime):
    async def talk(example):
        async with connect(example.url("/", "ws"), max_size=None, compression=None, ping_interval=None) as ws:
            for sent in ("é" * (MIB // 2), b"\x5a" * (16 * MIB)):
                await ws.send(sent)
                # Not `==` in an assert: pytest would take minutes to show how 16 MiB differ.
                same = await message(ws) == sent
                assert same
            await ws.send("and it goes on")
            assert await message(ws) == "and it goes on"

    with Example("echo", runtime, heap=BIG_HEAP) as example:
        run(talk(example))


def test_a_message_larger_than_the_heap_ends_only_its_own_connection():
    async def talk(example):
        url = example.url("/", "ws")
        async with connect(url) as other, connect(url, max_size=None, compression=None) as ws:
            with pytest.raises(ConnectionClosed):
                await ws.send(b"x" * (4 * MIB))
                await message(ws)
            await other.send("still here")
            assert await message(other) == "still here"

    with Example("echo", "micropython-viper") as example:
        run(talk(example))


# ---- chat ---------------------------------------------------------------------------------------------


@both
def test_chat_keeps_rooms_apart(runtime):
    async def talk(example):
        def room(name, who):
            return connect(example.url(f"/rooms/{name}?name={who}", "ws"))

        async with room("kitchen", "Ada") as ada, room("garage", "Linus") as linus:
            async with room("kitchen", "Grace%20H") as grace:
                joined = await message_where(ada, lambda m: m["name"] == "Grace H")
                assert (joined["type"], joined["people"]) == ("join", 2)
                await grace.send("  hello \n")
                for ws in (ada, grace):
                    heard = await message_where(ws, lambda m: m["type"] == "message")
                    assert heard == {"type": "message", "name": "Grace H", "text": "hello", "people": 2}
            left = await message_where(ada, lambda m: m["type"] == "leave")
            assert (left["name"], left["people"]) == ("Grace H", 1)
            # All that the other room ever hears is itself.
            await linus.send("anybody?")
            assert json.loads(await message(linus))["type"] == "join"
            assert json.loads(await message(linus))["text"] == "anybody?"

    with Example("chat", runtime) as example:
        page = page_of(example).decode()
        assert "Join a room" in page
        assert not re.search(r"(src|href)=.(https?:)?//", page)
        run(talk(example))


# ---- dashboard ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def built():
    """The page as it goes on a board; says what it does, which `make test` shows on failure."""
    subprocess.run([sys.executable, "tools/assets/fetch.py"], cwd=ROOT, check=True, timeout=100)


@both
def test_the_dashboard_page_is_one_compressed_file_that_loads_nothing_else(runtime, built):
    with Example("dashboard", runtime) as example:
        headers, body = get(example, "/", **{"Accept-Encoding": "gzip, deflate"})
        assert headers["Content-Encoding"] == "gzip"
        assert headers["Content-Type"].startswith("text/html")
        assert len(body) < 40000
        page = gzip.decompress(body).decode()
        assert not re.search(r"<(script|img|iframe)[^>]+src=|<link rel=.stylesheet", page)


def live(example):
    return connect(example.url("/live", "ws"), subprotocols=["viper.v1"])


async def value_where(ws, key, condition=lambda value: True):
    """The next value of a key for which the condition holds, from a message of its own or a reset."""
    while True:
        found = json.loads(await message(ws))
        values = found[3]["values"] if found[2] == "reset" else [[found[-1], found[3]]]
        for name, value, *_ in values:
            if name == key and condition(value):
                return value


@both
def test_the_dashboard_describes_its_readings_then_sends_them_as_they_change(runtime):
    async def talk(example):
        async with live(example) as ws:
            about = await value_where(ws, "about")
            assert about["series"] and about["name"] and about["interval"]
            for one in about["series"]:
                assert set(one) >= {"key", "label", "unit", "group", "min", "max", "digits"}
            rows = [await value_where(ws, "row") for _ in range(6)]
            times = [row[0] for row in rows]
            assert times == sorted(set(times))
            for row in rows:
                assert len(row) == 1 + len(about["series"])
                assert all(value is None or math.isfinite(value) for value in row[1:])
            assert len({tuple(row[1:]) for row in rows}) > 1
            return about

    with Example("dashboard", runtime) as example:
        about = run(talk(example))
    keys = [one["key"] for one in about["series"]]
    assert "late" in keys
    assert ("heap" in keys) == (runtime != "cpython")
    if sys.platform == "linux":
        assert {"cpu", "load1", "memory", "rss"} <= set(keys)


@both
def test_the_dashboards_history_has_the_samples_taken_before(runtime):
    async def talk(example):
        async with live(example) as ws:
            return [(await value_where(ws, "row"))[0] for _ in range(8)]

    def history(example, since=""):
        return json.loads(get(example, "/history" + since)[1])

    with Example("dashboard", runtime) as example:
        seen = run(talk(example))
        held = history(example)
        assert set(seen) <= {row[0] for row in held}
        assert [row[0] for row in held] == sorted(row[0] for row in held)
        later = history(example, f"?since={seen[4]}")
        assert {row[0] for row in later} >= set(seen[5:]) and min(row[0] for row in later) > seen[4]
        assert history(example, f"?since={later[-1][0] + 1000000}") == []
