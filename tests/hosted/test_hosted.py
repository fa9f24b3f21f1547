"""The same application under uvicorn (ASGI) and granian (ASGI and RSGI): HTTP, event streams and WebSockets."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import httpx
import pytest
from ports import free_port
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
PATIENCE = 40  # seconds for anything that should happen at once, on a busy machine

SERVERS = {
    "uvicorn": ["-m", "uvicorn", "app_hosted:app", "--log-level", "info", "--port"],
    "granian-asgi": ["-m", "granian", "--interface", "asgi", "app_hosted:app", "--port"],
    "granian-rsgi": ["-m", "granian", "--interface", "rsgi", "app_hosted:app", "--port"],
}


class Hosted:
    """One server process that runs app_hosted.py."""

    def __init__(self, name, folder):
        self.name = name
        self.asgi = name != "granian-rsgi"
        self.port = free_port()
        self.http = f"http://127.0.0.1:{self.port}"
        self.ws = f"ws://127.0.0.1:{self.port}"
        self.log_file = open(folder / "log", "w+")
        env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), str(HERE)]), PYTHONUNBUFFERED="1")
        command = [sys.executable, *SERVERS[name], str(self.port)]
        self.process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=self.log_file, stderr=subprocess.STDOUT
        )
        until(self.is_up, "the server listens")

    def is_up(self):
        if self.process.poll() is not None:
            raise AssertionError("the server ended:\n" + self.output())
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def output(self):
        self.log_file.flush()
        return pathlib.Path(self.log_file.name).read_text()

    def seen(self):
        """What handlers have logged."""
        return httpx.get(self.http + "/log", timeout=PATIENCE).json()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log_file.close()


def until(condition, what):
    """Wait until condition() is true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE} s"
        time.sleep(0.02)


@pytest.fixture(scope="module", params=list(SERVERS))
def hosted(request):
    """One running server for all tests of the module."""
    with tempfile.TemporaryDirectory() as folder:
        server = Hosted(request.param, pathlib.Path(folder))
        try:
            yield server
        finally:
            server.stop()


def get(hosted, path, **options):
    return httpx.get(hosted.http + path, timeout=PATIENCE, **options)


def open_to(hosted, path, **options):
    return connect(hosted.ws + path, open_timeout=PATIENCE, close_timeout=PATIENCE, max_size=None, **options)


def refusal(hosted, path):
    """The answer to a handshake that is refused."""
    with pytest.raises(InvalidStatus) as caught:
        open_to(hosted, path)
    return caught.value.response


# ---- HTTP --------------------------------------------------------------------


def test_a_handler_answers_with_its_headers_and_sees_the_request(hosted):
    answer = get(hosted, "/hello/bob?x=1&y=2", headers={"X-Mine": "mine"})
    assert (answer.status_code, answer.text) == (200, "hello bob")
    assert answer.headers["x-seen"] == "x=1&y=2 mine 127.0.0.1"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_a_path_is_split_before_it_is_decoded(hosted):
    answer = get(hosted, "/hello/a%20b%2Fc")
    if hosted.asgi:
        assert answer.text == "hello a b/c"
    else:
        assert answer.status_code == 404  # RSGI tells only the decoded path


def test_startup_handlers_have_run_once(hosted):
    assert hosted.seen().count("startup") == 1


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_goes_to_the_handler_in_pieces(hosted, chunked):
    content = iter([b"x" * 200_000] * 10) if chunked else b"x" * 2_000_000
    answer = httpx.post(hosted.http + "/size", content=content, timeout=PATIENCE).json()
    assert answer["bytes"] == 2_000_000
    assert answer["largest"] < 1_000_000  # some times config rx_buffer


def test_the_limits_hold_here_too(hosted):
    assert httpx.post(hosted.http + "/small", content=b"x" * 16384, timeout=PATIENCE).json() == {"bytes": 16384}
    assert httpx.post(hosted.http + "/small", content=b"x" * 16385, timeout=PATIENCE).status_code == 413


def test_a_large_answer_arrives_whole(hosted):
    assert get(hosted, "/large").content == b"0123456789abcdef" * 50000


def test_head_has_the_headers_of_get_and_no_body(hosted):
    answer = httpx.head(hosted.http + "/hello/bob", timeout=PATIENCE)
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "9", b"")


def test_unknown_paths_and_failing_handlers(hosted):
    assert get(hosted, "/nowhere").status_code == 404
    assert get(hosted, "/fails").status_code == 500
    assert get(hosted, "/echo").status_code == 426
    assert get(hosted, "/openapi.json").json()["info"]["title"] == "Hosted"


def test_an_event_stream_comes_event_by_event(hosted):
    answer = get(hosted, "/events")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.text.count("event: tick\n") == 3
    assert 'id: 2\ndata: {"n": 2}\n\n' in answer.text


def test_a_client_that_leaves_an_event_stream_closes_its_generator(hosted):
    before = hosted.seen().count("stream closed")
    with httpx.stream("GET", hosted.http + "/endless", timeout=PATIENCE) as answer:
        assert next(answer.iter_lines()) == "data: again"
    until(lambda: hosted.seen().count("stream closed") == before + 1, "the generator is closed")


# ---- WebSocket ---------------------------------------------------------------


def test_messages_of_both_kinds_and_any_size_come_back(hosted):
    with open_to(hosted, "/echo") as ws:
        for message in ("", "h\u00e9 \U0001f40d", b"\x00\xff", "x" * 1_000_000, b"y" * 70_000):
            ws.send(message)
            assert ws.recv(PATIENCE) == message


def test_messages_sent_at_once_come_back_in_order(hosted):
    with open_to(hosted, "/echo") as ws:
        for n in range(200):
            ws.send(str(n))
        assert [ws.recv(PATIENCE) for _ in range(200)] == [str(n) for n in range(200)]


def test_the_clients_first_offer_that_the_route_speaks_is_chosen(hosted):
    with open_to(hosted, "/echo", subprotocols=["other", "chat.v1", "chat.v2"]) as ws:
        assert ws.subprotocol == ("chat.v1" if hosted.asgi else None)  # RSGI cannot say it
        if hosted.name == "uvicorn":  # granian leaves an application's headers out
            assert ws.response.headers["x-served"] == "viperhttp"


def test_the_handlers_close_code_and_reason_reach_the_client(hosted):
    with open_to(hosted, "/echo") as ws:
        ws.send("bye")
        with pytest.raises(ConnectionClosed) as caught:
            ws.recv(PATIENCE)
    expected = (4001, "because") if hosted.asgi else (1005, "")  # RSGI has no close codes
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == expected


def test_a_handler_that_raises_is_1011(hosted):
    with open_to(hosted, "/echo") as ws:
        ws.send("raise")
        with pytest.raises(ConnectionClosed) as caught:
            ws.recv(PATIENCE)
    assert caught.value.rcvd.code == (1011 if hosted.asgi else 1005)


def test_the_clients_close_code_reaches_the_handler(hosted):
    code = 3007
    with open_to(hosted, "/echo") as ws:
        ws.close(code, "ciao")
    line = f"closed {code}" if hosted.asgi else "closed 1005"
    until(lambda: any(entry.startswith(line) for entry in hosted.seen()), "the handler has seen the close")


def test_a_client_that_vanishes_ends_its_handler(hosted):
    before = len([line for line in hosted.seen() if line.startswith("closed")])
    with open_to(hosted, "/echo") as ws:
        ws.send("here")
        assert ws.recv(PATIENCE) == "here"
        ws.socket.shutdown(socket.SHUT_RDWR)
    until(lambda: len([line for line in hosted.seen() if line.startswith("closed")]) > before, "the handler has ended")


def test_a_message_over_the_limit_closes(hosted):
    with open_to(hosted, "/small") as ws:
        ws.send("x" * 16384)
        assert ws.recv(PATIENCE) == "x" * 16384
        ws.send("x" * 16385)
        with pytest.raises(ConnectionClosed) as caught:
            ws.recv(PATIENCE)
    assert caught.value.rcvd.code == (1009 if hosted.asgi else 1005)


@pytest.mark.parametrize(
    "path, status",
    [("/closes-first", 403), ("/rejects", 401), ("/silent", 403), ("/raises", 500), ("/nowhere", 404), ("/log", 404)],
)
def test_a_refused_handshake_is_an_http_status_and_the_server_lives_on(hosted, path, status):
    assert refusal(hosted, path).status_code == status
    assert get(hosted, "/hello/again").status_code == 200


def test_a_page_of_another_origin_is_refused(hosted):
    with pytest.raises(InvalidStatus) as caught:
        open_to(hosted, "/echo", origin="https://evil.example")
    assert caught.value.response.status_code == 403
    with open_to(hosted, "/echo", origin=hosted.http):
        pass


def test_the_servers_end_says_goodbye_to_open_sockets(tmp_path):
    server = Hosted("uvicorn", tmp_path)
    try:
        with open_to(server, "/echo") as ws:
            ws.send("here")
            assert ws.recv(PATIENCE) == "here"
            server.process.send_signal(signal.SIGINT)
            with pytest.raises(ConnectionClosed) as caught:
                ws.recv(PATIENCE)
            assert caught.value.rcvd.code in (1001, 1012)
        assert server.process.wait(PATIENCE) is not None
        assert "Application shutdown complete" in server.output()
        assert "Traceback" not in server.output()
    finally:
        server.stop()
