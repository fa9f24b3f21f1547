"""The examples auth, upload, remote, stream and sse, started on both runtimes and talked to."""

import asyncio
import http.client
import json
import pathlib
import re
import shutil
import struct
import time
import urllib.parse
import uuid

import pytest
import runtimes
from browser.example import HOST, RUNTIMES, Example
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

ROOT = pathlib.Path(runtimes.ROOT)
NAMES = ("auth", "upload", "remote", "stream", "sse")
PATIENCE = 20  # seconds for anything that a test waits for
MOST_PAGE = 12000  # bytes of a page

both = pytest.mark.parametrize("runtime", RUNTIMES)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 3 * PATIENCE))


def ask(example, method, path, body=None, **headers):
    """(status, headers, body) of one request."""
    connection = http.client.HTTPConnection(HOST, example.port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {key.replace("_", "-"): value for key, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


async def message(ws):
    return await asyncio.wait_for(ws.recv(), PATIENCE)


async def message_where(ws, condition):
    """The next JSON message for which the condition holds."""
    while True:
        found = json.loads(await message(ws))
        if condition(found):
            return found


def copy_of(name, tmp_path):
    leave_out = shutil.ignore_patterns("uploads", "__pycache__")
    return shutil.copytree(ROOT / "examples" / name, tmp_path / name, ignore=leave_out)


# ---- all of them --------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("name", NAMES)
def test_an_example_serves_a_small_page_that_loads_nothing_else_also_from_its_own_folder(name, runtime, tmp_path):
    with Example(name, runtime, folder=copy_of(name, tmp_path), started_inside=True) as example:
        status, headers, body = ask(example, "GET", "/")
    page = body.decode()
    assert status == 200 and headers["Content-Type"].startswith("text/html")
    assert page.startswith("<!doctype html>") and 'name="viewport"' in page
    assert len(page) < MOST_PAGE
    assert not re.search(r"(src|href|url)[=(].?(https?:)?//|@import|<script[^>]+src", page)


@pytest.mark.parametrize("name", sorted(path.parent.name for path in ROOT.glob("examples/*/main.py")))
def test_every_example_has_a_readme_that_says_how_to_start_it(name):
    text = (ROOT / "examples" / name / "README.md").read_text(encoding="utf-8")
    assert f"make run APP=examples/{name}" in text
    assert "mpremote" in text


# ---- auth ---------------------------------------------------------------------------------------------


def login(example, name, password):
    """(status, the cookie of the session or None)."""
    form = urllib.parse.urlencode({"name": name, "password": password})
    status, headers, _ = ask(example, "POST", "/login", form, Content_Type="application/x-www-form-urlencoded")
    given = headers["Set-Cookie"]
    return status, given and given.split(";")[0]


@both
def test_auth_keeps_strangers_out_of_the_route_and_the_websocket(runtime):
    async def try_socket(example, **headers):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(example.url("/live", "ws"), additional_headers=headers):
                pass
        return refused.value.response.status_code

    with Example("auth", runtime) as example:
        assert ask(example, "GET", "/me")[0] == 401
        assert run(try_socket(example)) == 401
        assert login(example, "ada", "guess") == (401, None)
        assert ask(example, "GET", "/me", Cookie="session=" + "0" * 32)[0] == 401
        assert run(try_socket(example, Authorization="Bearer guess")) == 401


@both
def test_auth_lets_in_who_has_logged_in_until_the_logout_which_ends_the_socket_too(runtime):
    async def talk(example, cookie):
        async with connect(example.url("/live", "ws"), additional_headers={"Cookie": cookie}) as ws:
            assert json.loads(await message(ws))["user"] == "ada"
            status = await asyncio.to_thread(lambda: ask(example, "POST", "/logout", Cookie=cookie)[0])
            assert status == 204
            with pytest.raises(ConnectionClosed):
                while True:
                    await message(ws)
            assert ws.close_code == 1008

    with Example("auth", runtime) as example:
        status, cookie = login(example, "ada", "change-me")
        assert status == 200 and cookie.startswith("session=")
        status, _, body = ask(example, "GET", "/me", Cookie=cookie)
        assert (status, json.loads(body)) == (200, {"user": "ada"})
        run(talk(example, cookie))
        assert ask(example, "GET", "/me", Cookie=cookie)[0] == 401


@both
def test_auth_takes_a_programs_token_for_the_route_and_the_websocket(runtime):
    async def talk(example, headers):
        async with connect(example.url("/live", "ws"), additional_headers=headers) as ws:
            first = json.loads(await message(ws))
            assert first["user"] == "logger"
            await message_where(ws, lambda m: m["up"] > first["up"])

    headers = {"Authorization": "Bearer change-me-too"}
    with Example("auth", runtime) as example:
        status, _, body = ask(example, "GET", "/me", **headers)
        assert (status, json.loads(body)) == (200, {"user": "logger"})
        run(talk(example, headers))


@both
def test_auth_shuts_out_an_address_that_guesses(runtime):
    with Example("auth", runtime) as example:
        found = [login(example, "ada", f"guess {number}")[0] for number in range(6)]
        assert found == [401] * 5 + [429]
        assert login(example, "ada", "change-me")[0] == 429


# ---- upload -------------------------------------------------------------------------------------------


def form_of(name, data):
    """(body, content type) of a form with one file."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + data + f"\r\n--{boundary}--\r\n".encode(), "multipart/form-data; boundary=" + boundary


def send_file(example, name, data):
    """(status, decoded answer) of an upload."""
    body, kind = form_of(name, data)
    status, _, answer = ask(example, "POST", "/files", body, Content_Type=kind)
    return status, json.loads(answer)


@both
def test_upload_stores_a_file_larger_than_the_heap_exactly_and_tells_its_progress(runtime, tmp_path):
    data = bytes(range(256)) * 1600  # 400 KiB; MicroPython has 256

    async def talk(example):
        async with connect(example.url("/progress", "ws")) as ws:
            first = json.loads(await message(ws))
            assert first["files"] == [] and first["most"] > len(data)
            assert await asyncio.to_thread(send_file, example, "big.bin", data) == (
                201,
                [{"name": "big.bin", "size": len(data)}],
            )
            written = []
            while True:
                told = json.loads(await message(ws))
                if "files" in told:
                    break
                assert told["name"] == "big.bin"
                written.append(told["written"])
            assert told["files"] == [{"name": "big.bin", "size": len(data)}]
            assert len(written) > 10 and written == sorted(written) and written[-1] <= len(data)

    folder = copy_of("upload", tmp_path)
    with Example("upload", runtime, folder=folder) as example:
        run(talk(example))
        assert (folder / "uploads" / "big.bin").read_bytes() == data
        status, headers, body = ask(example, "GET", "/files/big.bin")
        assert status == 200 and body == data
        assert headers["Content-Disposition"] == "attachment"
        assert ask(example, "DELETE", "/files/big.bin")[0] == 204
        assert json.loads(ask(example, "GET", "/files")[2]) == []
        assert ask(example, "GET", "/files/big.bin")[0] == 404


@both
def test_upload_refuses_what_is_too_large_too_many_or_badly_named_and_keeps_nothing_of_it(runtime, tmp_path):
    folder = copy_of("upload", tmp_path)
    with Example("upload", runtime, folder=folder) as example:
        body, kind = form_of("huge.bin", b"")
        connection = http.client.HTTPConnection(HOST, example.port, timeout=PATIENCE)
        connection.putrequest("POST", "/files")
        connection.putheader("Content-Type", kind)
        connection.putheader("Content-Length", str(1024 * 1024))
        connection.endheaders()  # the size alone is enough; nothing of it has been sent
        assert connection.getresponse().status == 413
        connection.close()
        for name in ("", "ä.txt", ".hidden", "x.part", "x.gz", "a b", "n" * 41):
            status, answer = send_file(example, name or " ", b"x")
            assert status == 400, (name, answer)
        for number in range(8):
            assert send_file(example, f"{number}.txt", b"x")[0] == 201
        assert send_file(example, "9.txt", b"x")[0] == 507
        assert send_file(example, "3.txt", b"another")[0] == 201
        assert (folder / "uploads" / "3.txt").read_bytes() == b"another"
        assert len(list((folder / "uploads").iterdir())) == 8


@both
def test_upload_keeps_nothing_of_a_file_whose_client_has_gone(runtime, tmp_path):
    async def talk(example):
        body, kind = form_of("half.bin", b"x" * 200000)
        async with connect(example.url("/progress", "ws")) as ws:
            _, writer = await asyncio.open_connection(HOST, example.port)
            head = f"POST /files HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body[:100000])
            await message_where(ws, lambda m: m.get("written"))
            writer.close()
            await message_where(ws, lambda m: m.get("failed"))

    folder = copy_of("upload", tmp_path)
    with Example("upload", runtime, folder=folder) as example:
        run(talk(example))
        assert list((folder / "uploads").iterdir()) == []
        assert send_file(example, "half.bin", b"whole")[0] == 201


# ---- remote -------------------------------------------------------------------------------------------

# A module `machine` with a Pin as boards have it: every name but one can be driven.
MACHINE = '''
class Pin:
    OUT = 1

    def __init__(self, name, mode):
        if name == "LED":
            raise ValueError("no such pin")
        self.level = 0

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = level
'''


def lights(folder, tmp_path, *names):
    """Let the copy of the example in `folder` see these lights, as Linux shows them; returns their folder."""
    place = tmp_path / "leds"
    place.mkdir()
    for name in names:
        (place / name).mkdir()
        (place / name / "brightness").write_text("0\n")
        (place / name / "max_brightness").write_text("255\n")
    file = folder / "outputs.py"
    text = file.read_text()
    assert '"/sys/class/leds"' in text
    file.write_text(text.replace('"/sys/class/leds"', repr(str(place))))
    return place


async def switch_between_two_pages(example, number):
    url = example.url("/remote", "ws")
    async with connect(url) as one, connect(url) as other:
        for ws in (one, other):
            assert not json.loads(await message(ws))["outputs"][number]["on"]
        for wanted in (True, False):
            await one.send(json.dumps([number, wanted]))
            for ws in (one, other):
                assert json.loads(await message(ws))["outputs"][number]["on"] is wanted
        for wrong in ("[99, true]", "[-1, true]", '["0", true]', "[0, 1]", "7", "{", b"\x00"):
            await one.send(wrong)
            assert not any(output["on"] for output in json.loads(await message(one))["outputs"])


@both
def test_remote_switches_the_lights_that_linux_has_and_shows_what_they_are(runtime, tmp_path):
    folder = copy_of("remote", tmp_path)
    place = lights(folder, tmp_path, "act", "caps")
    with Example("remote", runtime, folder=folder) as example:
        shown = json.loads(ask(example, "GET", "/outputs")[2])
        assert [one["label"] for one in shown["outputs"]] == ["act", "caps"] and not shown["none"]
        run(switch_between_two_pages(example, 1))
        assert ask(example, "PUT", "/outputs/0", "true")[0] == 200
        assert (place / "act" / "brightness").read_text() == "255"
        assert ask(example, "PUT", "/outputs/0", "2")[0] == 400
        assert ask(example, "PUT", "/outputs/2", "true")[0] == 404
        (place / "act" / "brightness").write_text("0\n")  # something else has switched it
        assert not json.loads(ask(example, "GET", "/outputs")[2])["outputs"][0]["on"]


@both
def test_remote_invents_no_pins_where_there_are_none(runtime, tmp_path):
    folder = copy_of("remote", tmp_path)
    lights(folder, tmp_path)
    with Example("remote", runtime, folder=folder) as example:
        shown = json.loads(ask(example, "GET", "/outputs")[2])
        assert shown["outputs"] == [] and "no pins" in shown["none"]
        assert ask(example, "PUT", "/outputs/0", "true")[0] == 404


@both
def test_remote_drives_the_pins_of_a_board(runtime, tmp_path):
    folder = copy_of("remote", tmp_path)
    (folder / "machine.py").write_text(MACHINE)
    with Example("remote", runtime, folder=folder, started_inside=True) as example:
        shown = json.loads(ask(example, "GET", "/outputs")[2])
        assert [one["label"] for one in shown["outputs"]] == ["GP15"]
        run(switch_between_two_pages(example, 0))


# ---- stream -------------------------------------------------------------------------------------------


@both
def test_stream_sends_each_sample_once_in_binary_frames_and_at_its_own_pace(runtime):
    async def talk(example):
        began = time.monotonic()
        async with connect(example.url("/samples", "ws")) as ws:
            about = json.loads(await message(ws))
            frames = [await message(ws) for _ in range(10)]
            took = time.monotonic() - began
        counts = [struct.unpack_from("<I", frame)[0] for frame in frames]
        assert counts == list(range(counts[0], counts[0] + 10 * about["samples"], about["samples"]))
        values = []
        for frame in frames:
            assert type(frame) is bytes and len(frame) == 4 + 2 * about["samples"]
            values += struct.unpack_from(f"<{about['samples']}H", frame, 4)
        assert len(set(values)) > 5  # measured: no two wake-ups are alike
        # Nine frames' time lies between the first and the last, but for a little that a late loop catches up with.
        assert took > 8 * about["samples"] * about["period"] / 1e6

    with Example("stream", runtime) as example:
        run(talk(example))


@both
def test_stream_shows_a_loop_that_was_kept_busy(runtime, tmp_path):
    folder = copy_of("stream", tmp_path)
    text = (folder / "main.py").read_text()
    busy = '@app.get("/busy")\ndef busy():\n    time.sleep(0.05)\n\n\n'
    (folder / "main.py").write_text(text.replace('if __name__ == "__main__":', busy + 'if __name__ == "__main__":'))

    async def talk(example):
        async with connect(example.url("/samples", "ws")) as ws:
            await message(ws)
            await message(ws)
            assert (await asyncio.to_thread(ask, example, "GET", "/busy"))[0] == 204
            while True:
                frame = await message(ws)
                if max(struct.unpack_from(f"<{(len(frame) - 4) // 2}H", frame, 4)) > 35000:
                    return

    with Example("stream", runtime, folder=folder) as example:
        run(talk(example))


# ---- sse ----------------------------------------------------------------------------------------------


class Events:
    """An event stream that is being read: `with Events(example, last_id) as events: events.next()`."""

    def __init__(self, example, last_id=None):
        self.connection = http.client.HTTPConnection(HOST, example.port, timeout=PATIENCE)
        self.connection.request("GET", "/events", headers={"Last-Event-ID": last_id} if last_id else {})
        self.answer = self.connection.getresponse()
        assert self.answer.headers["Content-Type"].startswith("text/event-stream")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def next(self):
        """The fields of the next event."""
        fields = {}
        while line := self.answer.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        return fields

    def note(self):
        """(id, text) of the next note."""
        fields = self.next()
        assert fields["event"] == "note"
        return fields["id"], json.loads(fields["data"])["text"]


def post(example, text):
    status = ask(example, "POST", "/notes", text.encode())[0]
    assert status == 204


@both
def test_sse_tells_every_listener_each_note_and_the_time_to_retry(runtime):
    with Example("sse", runtime) as example:
        with Events(example) as one, Events(example) as other:
            assert one.next() == other.next() == {"retry": "2000"}
            for text in ("first", "größer: €\nand a line"):
                post(example, text)
                assert one.note() == other.note()
            post(example, "third")
            assert one.note()[1] == "third"
        assert ask(example, "POST", "/notes", "")[0] == 400
        assert ask(example, "POST", "/notes", "x" * 201)[0] == 400


@both
def test_sse_gives_who_was_away_what_was_missed_and_no_more_than_is_kept(runtime):
    with Example("sse", runtime) as example:
        with Events(example) as events:
            assert events.next() == {"retry": "2000"}
            post(example, "seen")
            last_id, text = events.note()
            assert text == "seen"
        post(example, "missed 1")
        post(example, "missed 2")
        with Events(example, last_id) as events:
            assert events.next() == {"retry": "2000"}
            assert [events.note()[1] for _ in range(2)] == ["missed 1", "missed 2"]
        for number in range(25):
            post(example, str(number))
        for known in (last_id, "ffffffff-999", "nonsense"):
            with Events(example, known) as events:
                assert events.next() == {"retry": "2000"}
                assert [events.note()[1] for _ in range(20)] == [str(number) for number in range(5, 25)]
