"""What the server keeps for a client, and the cookie it is found by, on both runtimes."""

import json
import os
import time

import pytest
from raw import Raw, close, text
from serving import eventually

import viperhttp.sessions
from viperhttp.session_files import FileStore
from viperhttp.sessions import SessionMiddleware


class Browser:
    """Keeps the session's cookie."""

    def __init__(self, port):
        self.port = port
        self.cookie = None
        self.set_cookie = None

    def lines(self):
        return [] if self.cookie is None else ["Cookie: other=1; session=" + self.cookie]

    def take(self, headers):
        self.set_cookie = line = headers.get("set-cookie")
        if line is not None:
            value = line.split(";")[0].partition("=")[2]
            self.cookie = value or None

    def get(self, path):
        with Raw(self.port) as client:
            status, headers, body = client.get(path, *self.lines())
        self.take(headers)
        return status, body

    def post(self, path, *headers, body=b""):
        with Raw(self.port) as client:
            client.request("POST " + path, [*self.lines(), *headers, f"Content-Length: {len(body)}"], body)
            status, answer, text = client.response()
        self.take(answer)
        return status, text

    def open(self, path):
        client = Raw(self.port)
        self.take(client.open(path, *self.lines()))
        return client

    def session(self):
        return json.loads(self.get("/")[1])


def ask(client, message):
    client.send(text(message))
    return client.message()


def leave(client):
    client.send(close(1000))
    client.closing()
    client.sock.close()


@pytest.fixture
def browser(serve):
    return Browser(serve("mw_sessions").port)


def test_a_session_keeps_values_for_its_client_only(browser):
    browser.get("/set/name/alice")
    assert browser.session() == {"name": "alice"}
    assert Browser(browser.port).session() == {}


def test_the_cookie_is_unguessable_and_out_of_reach_of_scripts(browser):
    browser.get("/set/a/1")
    assert browser.set_cookie == f"session={browser.cookie}; Path=/; HttpOnly; SameSite=Lax"
    assert len(browser.cookie) == 32
    first = browser.cookie
    other = Browser(browser.port)
    other.get("/set/a/1")
    assert other.cookie != first


def test_the_cookie_is_set_once_and_only_when_there_is_something_to_keep(browser):
    browser.get("/")
    assert browser.set_cookie is None
    browser.get("/set/a/1")
    assert browser.set_cookie is not None
    browser.get("/set/b/2")
    assert browser.set_cookie is None
    browser.get("/untouched")
    assert browser.set_cookie is None


def test_changes_inside_values_are_kept(browser):
    browser.get("/nested/a")
    browser.get("/nested/b")
    assert browser.session() == {"list": ["a", "b"]}


def test_a_session_that_was_emptied_stays_the_same_session(browser):
    browser.get("/set/a/1")
    before = browser.cookie
    browser.get("/clear")
    browser.get("/set/b/2")
    assert browser.cookie == before
    assert browser.session() == {"b": "2"}


def test_secure_and_the_other_options_reach_the_cookie(serve):
    options = {"cookie": "id", "secure": True, "same_site": "strict", "max_age": 99, "path": "/"}
    with Raw(serve("mw_sessions", sessions=options).port) as client:
        line = client.get("/set/a/1")[1]["set-cookie"]
    assert line.startswith("id=")
    assert line.endswith("; Path=/; Max-Age=99; Secure; HttpOnly; SameSite=Strict")


@pytest.mark.parametrize("cookie", ["0" * 32, "../../etc/passwd", "", "x" * 5000, "%00", "A" * 32])
def test_an_id_that_was_not_given_out_is_never_taken_over(serve, tmp_path, cookie):
    browser = Browser(serve("mw_sessions", max_head=8192, sessions={"folder": str(tmp_path / "s")}).port)
    browser.cookie = cookie
    assert browser.session() == {}
    browser.cookie = cookie
    browser.get("/set/a/1")
    assert browser.cookie not in (cookie, None)
    assert len(browser.cookie) == 32


def test_login_changes_the_id_and_the_old_one_is_worth_nothing(browser):
    browser.get("/set/cart/3")
    before = browser.cookie
    browser.get("/login")
    assert browser.cookie != before
    assert browser.session() == {"cart": "3", "user": "alice"}
    thief = Browser(browser.port)
    thief.cookie = before
    assert thief.session() == {}


def test_logout_forgets_the_session_and_the_cookie(browser):
    browser.get("/login")
    before = browser.cookie
    browser.get("/logout")
    assert "Max-Age=0" in browser.set_cookie
    browser.cookie = before
    assert browser.session() == {}


def test_a_session_ends_after_its_time_without_a_request(serve):
    browser = Browser(serve("mw_sessions", sessions={"ttl": 2}).port)
    browser.get("/set/a/1")
    mine = browser.cookie

    def gone():
        time.sleep(2.1)  # the wait is the thing tested: a look in between would keep it alive
        browser.cookie = mine
        return browser.session() == {}

    eventually(gone, "the session ends")


def test_a_session_that_grows_too_large_is_an_error_and_is_dropped(serve):
    served = serve("mw_sessions")
    served.expect_errors = True
    browser = Browser(served.port)
    browser.get("/set/a/1")
    assert browser.get("/fill/4000")[0] == 200
    assert browser.get("/fill/5000")[0] == 500
    assert browser.session() == {}
    served.wait_for_log("max_bytes is 4096")


@pytest.mark.parametrize("bound", [{"max_sessions": 3}, {"budget": 320}])
def test_memory_is_bounded_and_the_longest_unused_goes_first(serve, bound):
    port = serve("mw_sessions", sessions=bound).port
    browsers = [Browser(port) for _ in range(6)]
    for browser in browsers:
        browser.get("/fill/80")
    alive = [bool(browser.session()) for browser in browsers]
    assert alive.count(True) == 3
    assert alive[5]


def test_a_websocket_shares_the_session_with_requests(browser):
    browser.get("/set/a/1")
    ws = browser.open("/ws")
    assert json.loads(ask(ws, "show")) == {"a": "1"}
    assert ask(ws, "b=2") == "ok"
    assert browser.session() == {"a": "1", "b": "2"}
    browser.get("/set/c/3")
    assert json.loads(ask(ws, "show")) == {"a": "1", "b": "2", "c": "3"}
    leave(ws)
    assert browser.session() == {"a": "1", "b": "2", "c": "3"}


def test_a_session_begun_before_accept_is_told_in_the_handshake(browser):
    ws = browser.open("/ws?early=yes")
    assert browser.set_cookie == f"session={browser.cookie}; Path=/; HttpOnly; SameSite=Lax"
    assert ask(ws, "late=too") == "ok"
    leave(ws)
    assert browser.session() == {"early": "yes", "late": "too"}


def test_a_route_that_accepts_by_itself_can_begin_a_session(browser):
    leave_me = browser.open("/auto")
    assert browser.cookie is not None
    leave_me.sock.close()
    assert browser.session() == {"auto": 1}


def test_a_session_begun_after_accept_is_lost_and_the_log_says_why(serve):
    served = serve("mw_sessions")
    browser = Browser(served.port)
    ws = browser.open("/ws")
    assert browser.cookie is None
    assert ask(ws, "a=1") == "ok"
    leave(ws)
    served.wait_for_log("begin it before accept()")


def test_a_websocket_keeps_its_session_from_being_dropped(serve):
    port = serve("mw_sessions", sessions={"max_sessions": 2}).port
    mine = Browser(port)
    mine.get("/set/a/1")
    ws = mine.open("/ws")
    assert ask(ws, "b=2") == "ok"
    for _ in range(4):
        Browser(port).get("/set/x/1")
    leave(ws)
    assert mine.session() == {"a": "1", "b": "2"}


def test_files_outlive_the_server(serve, tmp_path):
    folder = str(tmp_path / "sessions")
    served = serve("mw_sessions", sessions={"folder": folder})
    browser = Browser(served.port)
    browser.get("/set/a/1")
    ws = browser.open("/ws")
    assert ask(ws, "b=2") == "ok"
    assert ask(ws, "save") == "saved"
    assert ask(ws, "c=3") == "ok"
    served.process.kill()  # a power cut: what was saved is there
    served.process.wait()
    ws.sock.close()
    again = Browser(serve("mw_sessions", sessions={"folder": folder}).port)
    again.cookie = browser.cookie
    assert again.session() == {"a": "1", "b": "2"}
    again.get("/logout")
    assert os.listdir(folder) == []


def test_the_old_file_counts_when_the_new_one_is_cut_short(serve, tmp_path):
    folder = tmp_path / "sessions"
    served = serve("mw_sessions", sessions={"folder": str(folder)})
    browser = Browser(served.port)
    browser.get("/set/a/1")
    served.stop()
    (folder / (browser.cookie + ".new")).write_text('{"a": "2", "b"')
    again = Browser(serve("mw_sessions", sessions={"folder": str(folder)}).port)
    again.cookie = browser.cookie
    assert again.session() == {"a": "1"}
    # What FAT leaves when power fails between deleting the old file and naming the new one.
    (folder / ("0" * 32 + ".new")).write_text('{"a": "3"}')
    again.cookie = "0" * 32
    assert again.session() == {"a": "3"}


def test_the_number_of_files_is_bounded(serve, tmp_path):
    folder = tmp_path / "sessions"
    port = serve("mw_sessions", sessions={"folder": str(folder), "max_files": 3}).port
    for _ in range(6):
        Browser(port).get("/set/a/1")
    assert len(os.listdir(folder)) == 3


def test_unchanged_sessions_do_not_wear_the_flash(tmp_path, monkeypatch):
    now = [1_000_000]
    monkeypatch.setattr(viperhttp.sessions.time, "time", lambda: now[0])
    saved = []

    class Counting(FileStore):
        def save(self, key, text, ttl):
            saved.append(text)

    sessions = SessionMiddleware(store=Counting(str(tmp_path)), ttl=100)
    session = viperhttp.sessions.Session(sessions)
    session["a"] = [1]
    for _ in range(3):
        session.save()
    assert len(saved) == 1
    session["a"].append(2)
    session.save()
    assert len(saved) == 2
    now[0] += 26  # more than a quarter of its time
    session.save()
    assert len(saved) == 3


def test_a_clock_that_is_set_back_ends_no_session_and_one_set_forward_does(monkeypatch):
    now = [1_000_000]
    monkeypatch.setattr(viperhttp.sessions.time, "time", lambda: now[0])
    sessions = SessionMiddleware(ttl=100)
    session = viperhttp.sessions.Session(sessions)
    session["a"] = 1
    session.save()
    now[0] -= 5000
    assert sessions.find(session.id) is session
    now[0] += 99
    assert sessions.find(session.id) is session
    now[0] += 100
    assert sessions.find(session.id) is None
    assert sessions.live == {}
    assert sessions.used == 0


def test_a_change_needs_the_token_of_the_session(serve):
    browser = Browser(serve("mw_sessions", csrf=True).port)
    assert browser.post("/change")[0] == 403
    token = browser.get("/token")[1].decode()
    assert len(token) == 32
    assert browser.post("/change")[0] == 403
    assert browser.post("/change", "X-CSRF-Token: " + "0" * 32)[0] == 403
    assert browser.post("/change", "X-CSRF-Token: " + token) == (200, b"changed")
    form = "Content-Type: application/x-www-form-urlencoded"
    assert browser.post("/change", form, body=b"a=1&csrf_token=" + token.encode())[0] == 200
    assert browser.post("/change", form, body=b"a=1&csrf_token=wrong")[0] == 403
    assert browser.post("/change", form, body=b"%zz")[0] == 403
    assert browser.post("/change", body=b"csrf_token=" + token.encode())[0] == 403
    assert browser.post("/api/change")[0] == 200
    stranger = Browser(browser.port)
    assert stranger.post("/change", "X-CSRF-Token: " + token)[0] == 403


def test_streams_and_other_cookies_get_along_with_sessions(browser):
    assert browser.get("/stream") == (200, b"ab")
    assert browser.cookie is not None
    with Raw(browser.port) as client:
        client.request("GET /cookie")
        assert client.response()[1]["set-cookie"] == "plain=1; Path=/; Max-Age=60; SameSite=Lax"


def test_sessions_without_the_middleware_are_an_error_that_says_what_to_do():
    from types import SimpleNamespace

    from viperhttp.endpoints.requestinfo import RequestInfo

    request = RequestInfo()
    request.app = SimpleNamespace(middlewares=[])
    with pytest.raises(RuntimeError, match="SessionMiddleware"):
        request.session  # noqa: B018


def test_options_that_no_browser_would_take_are_an_error_at_start():
    with pytest.raises(ValueError, match="secure"):
        SessionMiddleware(same_site="none")
    with pytest.raises(ValueError, match="token"):
        SessionMiddleware(cookie="a b")
