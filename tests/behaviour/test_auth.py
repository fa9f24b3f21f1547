"""Passwords, tokens and keys guard requests and WebSockets, on both runtimes."""

import base64
import json

import pytest
from raw import Raw

import viperhttp.auth
from viperhttp.auth import APIKeyAuth, BasicAuth, BearerAuth, Limiter


def basic(name, password):
    return "Authorization: Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.fixture
def port(serve):
    return serve("mw_auth", role="dependency").port


def status(port, path, *headers):
    with Raw(port) as client:
        return client.get(path, *headers)[0]


def test_a_name_with_its_password_gets_in(port):
    with Raw(port) as client:
        assert client.get("/basic", basic("alice", "wonderland"))[::2] == (200, b"alice")
        assert client.get("/basic", basic("böb", "pässword"))[::2] == (200, "böb".encode())
        assert client.get("/first/basic", basic("alice", "wonderland"))[::2] == (200, b"alice")


def test_without_credentials_a_browser_is_asked_for_them(port):
    with Raw(port) as client:
        code, headers, body = client.get("/basic")
        assert code == 401
        assert headers["www-authenticate"] == 'Basic realm="viperhttp", charset="UTF-8"'
        assert json.loads(body) == {"detail": "not authenticated"}


@pytest.mark.parametrize(
    "header",
    [
        basic("alice", "wonder"),
        basic("alice", "wonderlandx"),
        basic("alice", ""),
        basic("böb", "wonderland"),
        basic("", ""),
        "Authorization: Basic !!!",
        "Authorization: Basic " + base64.b64encode(b"no colon").decode(),
        "Authorization: Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Authorization: Basic",
        "Authorization: Bearer t-1",
    ],
)
def test_wrong_passwords_stay_out(port, header):
    assert status(port, "/basic", header) == 401


def test_the_scheme_may_stand_in_any_case(port):
    assert status(port, "/bearer", "Authorization: bEARER t-1") == 200


def test_a_token_says_who_it_is(port):
    with Raw(port) as client:
        assert client.get("/bearer", "Authorization: Bearer t-2")[2] == b"sensor"
        code, headers, _ = client.get("/bearer", "Authorization: Bearer t-3")
        assert code == 401
        assert headers["www-authenticate"] == 'Bearer realm="viperhttp", error="invalid_token"'
        assert client.get("/bearer")[1]["www-authenticate"] == 'Bearer realm="viperhttp"'
        assert client.get("/bearer?token=t-1")[2] == b"robot"
        assert client.get("/bearer?token=")[0] == 401


def test_a_key_stands_in_its_own_header(port):
    with Raw(port) as client:
        assert client.get("/key", "X-API-Key: k-1")[::2] == (200, b"k-1")
        assert client.get("/key", "X-API-Key: k-2")[0] == 401
        assert client.get("/key?X-API-Key=k-1")[0] == 401
        assert "www-authenticate" in client.get("/key")[1]


def test_a_function_can_do_the_checking(port):
    assert status(port, "/checked", basic("eve", "eveeve")) == 200
    assert status(port, "/checked", basic("eve", "eve")) == 401


def test_guessing_shuts_an_address_out(port):
    with Raw(port) as client:
        for _ in range(8):
            assert client.get("/key")[0] == 401  # no guess at all
        for _ in range(4):
            assert client.get("/key", "X-API-Key: wrong")[0] == 401
        assert client.get("/key", "X-API-Key: k-1")[0] == 200  # which forgives the failures
        for _ in range(5):
            assert client.get("/key", "X-API-Key: wrong")[0] == 401
        code, headers, _ = client.get("/key", "X-API-Key: k-1")
        assert code == 429
        assert 290 <= int(headers["retry-after"]) <= 300


def test_a_websocket_is_refused_before_its_handshake(port):
    with Raw(port) as client:
        client.handshake("/ws/bearer")
        code, headers, _ = client.response()
        assert code == 401
        assert headers["www-authenticate"] == 'Bearer realm="viperhttp"'
    with Raw(port) as client:
        client.open("/ws/bearer", "Authorization: Bearer t-1")
        assert client.message() == "robot"
    with Raw(port) as client:
        client.open("/ws/bearer?token=t-2")
        assert client.message() == "sensor"


@pytest.mark.parametrize("role", ["hook", "middleware"])
def test_a_guard_can_stand_before_everything(serve, role):
    port = serve("mw_auth", role=role).port
    with Raw(port) as client:
        code, headers, _ = client.get("/")
        assert (code, headers["www-authenticate"]) == (401, 'Bearer realm="viperhttp"')
        assert client.get("/", "Authorization: Bearer t-1")[::2] == (200, b"robot")
    with Raw(port) as client:
        client.handshake("/ws")
        code, headers, _ = client.response()
        assert (code, headers["www-authenticate"]) == (401, 'Bearer realm="viperhttp"')
    with Raw(port) as client:
        client.open("/ws", "Authorization: Bearer t-1")
        assert client.message() == ("robot" if role == "hook" else "nobody")


def test_a_guard_as_middleware_hides_which_paths_exist(serve):
    port = serve("mw_auth", role="middleware").port
    assert status(port, "/nowhere") == 401
    assert status(port, "/nowhere", "Authorization: Bearer t-1") == 404


@pytest.mark.parametrize(
    "make",
    [
        BasicAuth,
        BearerAuth,
        APIKeyAuth,
        lambda: BearerAuth(token=""),
        lambda: BearerAuth(tokens=["a", None]),
        lambda: BasicAuth({"a": ""}),
        lambda: BasicAuth(username="a"),
        lambda: BearerAuth("x", realm='a"b'),
    ],
)
def test_a_guard_without_a_secret_is_an_error_at_once(make):
    with pytest.raises(ValueError):
        make()


def test_the_limiter_forgets_the_oldest_when_full_and_failures_when_old(monkeypatch):
    now = [0]
    monkeypatch.setattr(viperhttp.auth, "ticks", lambda: now[0])
    limiter = Limiter(failures=2, window=10, ban=20, max_clients=2)
    limiter.failed("a")
    now[0] = 11_000
    limiter.failed("a")  # the first is too old to count
    assert limiter.wait("a") == 0
    limiter.failed("a")
    assert limiter.wait("a") == 20
    now[0] = 30_500
    assert limiter.wait("a") == 1
    now[0] = 31_000
    assert limiter.wait("a") == 0
    for address in "bcd":
        now[0] += 1
        limiter.failed(address)
    assert sorted(limiter.known) == ["c", "d"]


@pytest.mark.parametrize("a, b", [("", "x"), ("x", ""), ("ab", "abab"), ("abab", "ab"), ("ä", "a"), ("a", "b")])
def test_different_secrets_are_different_on_both_runtimes(runtime, tmp_path, a, b):
    script = tmp_path / "compare.py"
    script.write_text(f"from viperhttp.compare import same\nprint(same({a!r}, {b!r}), same({a!r}, {a!r}))\n")
    assert runtime.run(str(script)) == ("False True\n", 0)
