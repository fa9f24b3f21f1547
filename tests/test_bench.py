"""The benchmark's own parts: its load client, its counting, what it prints and when it fails."""

import json
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "bench"))

import catalog
import chart
import check
import hotspots
import measure
import readme
import report
import toolbox
from measure import Load, Server

PROFILE = """\
events: Ir
fn=(1) main
10 5
cfn=(2) work
calls=3 20
+1 300
+2 7
fn=(2)
20 90
* 10
"""


@pytest.fixture(scope="module")
def client():
    try:
        return toolbox.wsload()
    except toolbox.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def bench(client):
    try:
        toolbox.valgrind()
        return catalog.Bench()
    except toolbox.Missing as missing:
        pytest.skip(str(missing))


def serve(answer):
    """A TCP server that calls answer(socket) for each connection; returns its port and a way to end it."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)

    def loop():
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with connection:
                connection.settimeout(20)
                answer(connection)

    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1], listener.close


def run_client(client, port, *options):
    return subprocess.run([client, "-p", str(port), *options], capture_output=True, text=True, timeout=30)


def test_the_load_client_counts_every_message_of_a_plain_echo(client):
    command = (sys.executable, str(toolbox.PEERS / "cpython_peers.py"), "{port}", "asyncio")
    outcome = measure.run_once(Server("echo", command), Load(wire="raw", size=100, idle=2), 50)
    assert outcome.client["n"] == 50
    assert outcome.client["wall_ns"] > 0


def test_the_load_client_keeps_a_window_of_messages_in_flight(client):
    command = (sys.executable, str(toolbox.PEERS / "cpython_peers.py"), "{port}", "asyncio")
    outcome = measure.run_once(Server("echo", command), Load(wire="raw", mode="pipe", window=16), 1000)
    assert outcome.client["n"] == 1000


def test_the_load_client_refuses_an_echo_with_other_bytes(client):
    def wrong(connection):
        connection.sendall(b"x" * len(connection.recv(64)))
        connection.recv(1)

    port, end = serve(wrong)
    done = run_client(client, port, "-m", "raw", "-s", "16", "-n", "1")
    end()
    assert done.returncode == 5
    assert "wrong bytes" in done.stderr


def exactly(connection, n):
    data = b""
    while len(data) < n:
        data += connection.recv(n - len(data)) or b"?" * n
    return data


def test_the_load_client_answers_a_ping_and_goes_on(client):
    pongs = []

    def echo(connection):
        connection.recv(4096)
        accept = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n" + accept + b"\r\n\r\n")
        for payload in (b"", b"p" * 125, b"four"):
            exactly(connection, 2 + 4 + 3)  # a frame of "abc"
            connection.sendall(b"\x89" + bytes([len(payload)]) + payload + b"\x81\x03abc")
            pongs.append(exactly(connection, 2 + 4 + len(payload)))
        connection.recv(4096)

    port, end = serve(echo)
    done = run_client(client, port, "-s", "3", "-n", "2", "-W", "1")
    end()
    assert done.returncode == 0, done.stderr
    assert pongs == [b"\x8a" + bytes([128 + len(p)]) + bytes(4) + p for p in (b"", b"p" * 125, b"four")]


def test_the_load_client_says_why_a_server_did_not_upgrade(client):
    port, end = serve(lambda c: c.recv(4096) and c.sendall(b"HTTP/1.1 404 Not Found\r\n\r\n"))
    done = run_client(client, port, "-n", "1")
    end()
    assert done.returncode == 4
    assert "404 Not Found" in done.stderr


def test_the_load_client_dials_again_where_a_server_closes_after_each_response(client):
    dials = []

    def once(connection):
        dials.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")

    port, end = serve(once)
    done = run_client(client, port, "-m", "http", "-n", "3", "-W", "0", "-u", "/get")
    end()
    assert done.returncode == 0, done.stderr
    assert [d.split(b"\r\n")[0] for d in dials if d] == [b"GET /get HTTP/1.1"] * 3


def test_the_load_client_keeps_a_connection_that_the_server_keeps(client):
    requests = []

    def keep(connection):
        while data := connection.recv(4096):
            requests.append(data)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    port, end = serve(keep)
    done = run_client(client, port, "-m", "http", "-n", "3", "-W", "2")
    end()
    assert done.returncode == 0, done.stderr
    assert len(requests) == 5


def test_a_server_that_fails_at_its_start_is_reported_with_its_own_words(client):
    command = (sys.executable, "-c", "raise SystemExit('no such room')")
    with pytest.raises(measure.ServerFailed, match="no such room"):
        measure.run_once(Server("broken", command), Load(), 1)


def test_instructions_per_message_are_the_same_in_two_runs(bench):
    load = Load(wire="raw")
    first, second = (measure.instructions(bench.floor(), load, 20, 520) for _ in range(2))
    assert 1_000 < first < 10_000
    assert abs(first - second) < 0.02 * first


def test_a_profile_counts_a_call_where_it_is_spent_and_not_twice(tmp_path):
    file = tmp_path / "profile"
    file.write_text(PROFILE)
    own, calls = hotspots.by_function(str(file))
    assert own == {"main": 12, "work": 100}
    assert calls == {("main", "work"): 3}


def test_a_loss_of_more_than_five_percent_is_named():
    old = {"echo 16 B, ir": 20000, "garbage 16 B, bytes": 128, "GET, ir": 50000}
    assert check.losses(old, {"echo 16 B, ir": 20900, "garbage 16 B, bytes": 160, "GET, ir": 40000}) == []
    worse = check.losses(old, {"echo 16 B, ir": 21100, "garbage 16 B, bytes": 224, "GET, ir": 50000})
    assert [line.split(":")[0] for line in worse] == ["echo 16 B, ir", "garbage 16 B, bytes"]
    assert "(+5.5 %)" in worse[0]
    assert "--update" in check.advice(worse)


def test_a_figure_that_is_not_measured_any_more_is_a_loss():
    assert "not measured any more" in check.losses({"GET, ir": 5}, {})[0]


def test_a_check_without_a_baseline_says_how_to_make_one(tmp_path, capsys):
    assert check.main(["--baseline", str(tmp_path / "none.json")]) == check.NO_BASELINE
    assert "--update" in capsys.readouterr().out


def test_a_table_shows_each_figure_with_its_ratio_to_ours():
    rows = [
        {"group": "echo", "server": "Microdot", "case": "16 B", "ir": 167000},
        {"group": "echo", "server": "viperhttp", "case": "16 B", "ir": 20000},
        {"group": "echo", "server": "broken", "case": "16 B", "error": "no luck"},
    ]
    text = "\n".join(report.table(rows, "echo", "echo"))
    assert text.split("Microdot")[1].split("\n")[0].split() == ["167", "000", "8.3x"]
    assert text.split("viperhttp ")[1].split("\n")[0].split() == ["20", "000", "1.0x"]
    assert "broken failed: no luck" in text


def test_the_readmes_have_the_committed_results():
    assert readme.main(["--check"]) == 0, "python tools/bench/readme.py writes them"


def test_groups_that_were_not_measured_again_stay_in_the_results():
    old = report.document([{"group": "echo", "case": "old"}, {"group": "get", "case": "old"}], sys.executable, "2M")
    new = report.document([{"group": "echo", "case": "new"}], sys.executable, "2M")
    rows = report.joined(old, new)["rows"]
    assert [(row["group"], row["case"]) for row in rows] == [("echo", "new"), ("get", "old")]


def test_the_chart_is_well_formed_and_has_a_bar_per_figure():
    bars = [("16 B", "a & b", 2600.0), ("16 B", "viperhttp", 20000.0), ("1 KiB", "a & b", 1.8e6)]
    root = ElementTree.fromstring(chart.grouped_bars("Title", "below <it>", bars, "viperhttp"))
    widths = [float(r.get("width")) for r in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert len(widths) == 3
    assert widths == sorted(widths)


def test_results_keep_the_machine_and_the_versions_beside_the_figures(tmp_path):
    doc = report.document([{"group": "echo"}], sys.executable, "2M")
    report.write(tmp_path / "folder" / "bench.json", doc)
    read = json.loads((tmp_path / "folder" / "bench.json").read_text())
    assert read["machine"]["cores"] >= 1
    assert read["versions"]["microdot"] == toolbox.MICRODOT
    assert read["rows"] == [{"group": "echo"}]


def test_a_machine_without_a_compiler_gets_one_line_that_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(toolbox, "BUILD", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(toolbox.Missing, match="apt-get install gcc") as missing:
        toolbox.wsload()
    assert "\n" not in str(missing.value)
    with pytest.raises(toolbox.Missing, match="apt-get install valgrind"):
        toolbox.valgrind()
