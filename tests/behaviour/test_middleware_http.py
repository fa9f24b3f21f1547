"""Middleware around requests, on both runtimes."""

import pytest
from raw import Raw

PAGE = "https://app.example.com"


def preflight(client, method="POST", headers=None, origin=PAGE):
    lines = [f"Origin: {origin}", f"Access-Control-Request-Method: {method}"]
    if headers:
        lines.append(f"Access-Control-Request-Headers: {headers}")
    client.request("OPTIONS /", lines)
    return client.response()


def test_classes_instances_and_functions_wrap_each_other_in_the_order_of_adding(serve):
    with Raw(serve("mw_middleware", use={"base": {}}).port) as client:
        status, headers, body = client.get("/")
        assert (status, body) == (200, b"hello")
        assert headers["x-stamp"] == "outer200inner200"
        assert headers["x-function"] == "yes"
        assert client.get("/nowhere")[1]["x-stamp"] == "outer404inner404"


def test_a_middleware_can_answer_by_itself(serve):
    with Raw(serve("mw_middleware", use={"base": {}}).port) as client:
        status, headers, body = client.get("/short")
        assert (status, body) == (200, b"answered by the middleware")
        assert "x-function" not in headers


def test_middleware_sees_the_500_of_a_failing_handler(serve):
    with Raw(serve("mw_middleware", use={"base": {}}).port) as client:
        assert client.get("/fails")[1]["x-stamp"] == "outer500inner500"


def test_cors_grants_reading_to_a_listed_origin_only(serve):
    options = {"allow_origins": [PAGE + "/"], "expose_headers": ["X-One", "X-Two"]}
    with Raw(serve("mw_middleware", use={"cors": options}).port) as client:
        _, headers, body = client.get("/", f"Origin: {PAGE}")
        assert headers["access-control-allow-origin"] == PAGE
        assert headers["access-control-expose-headers"] == "X-One, X-Two"
        assert headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in headers
        assert body == b"hello"
        _, headers, _ = client.get("/", "Origin: https://evil.example")
        assert "access-control-allow-origin" not in headers
        assert headers["vary"] == "Origin"
        _, headers, _ = client.get("/")
        assert "access-control-allow-origin" not in headers
        assert headers["vary"] == "Origin"


def test_cors_headers_are_on_errors_too(serve):
    with Raw(serve("mw_middleware", use={"cors": {"allow_origins": PAGE}}).port) as client:
        status, headers, _ = client.get("/fails", f"Origin: {PAGE}")
        assert (status, headers["access-control-allow-origin"]) == (500, PAGE)


def test_a_preflight_is_answered_without_the_handler(serve):
    options = {
        "allow_origins": [PAGE],
        "allow_methods": ["GET", "POST"],
        "allow_headers": ["X-Token"],
        "allow_credentials": True,
    }
    with Raw(serve("mw_middleware", use={"cors": options}).port) as client:
        status, headers, _ = preflight(client, headers="content-type, x-token")
        assert status == 204
        assert headers["access-control-allow-origin"] == PAGE
        assert headers["access-control-allow-methods"] == "GET, POST"
        assert headers["access-control-allow-headers"] == "content-type, x-token"
        assert headers["access-control-allow-credentials"] == "true"
        assert headers["access-control-max-age"] == "600"
        assert "Origin" in headers["vary"]


def test_a_preflight_for_what_is_not_allowed_is_400_and_says_what(serve):
    options = {"allow_origins": [PAGE], "allow_methods": ["GET"], "allow_headers": ["X-Token"]}
    with Raw(serve("mw_middleware", use={"cors": options}).port) as client:
        for words, answer in (
            ("method DELETE", preflight(client, "DELETE")),
            ("header x-other", preflight(client, "GET", "X-Other")),
            ("origin https://evil.example", preflight(client, "GET", origin="https://evil.example")),
        ):
            status, headers, body = answer
            assert status == 400
            assert words.encode() in body
            assert "access-control-allow-methods" not in headers
        assert "access-control-allow-origin" not in headers


def test_any_origin_is_a_star_and_needs_no_vary(serve):
    with Raw(serve("mw_middleware", use={"cors": {"allow_origins": ["*"], "allow_methods": "*"}}).port) as client:
        _, headers, _ = client.get("/", f"Origin: {PAGE}")
        assert headers["access-control-allow-origin"] == "*"
        assert "vary" not in headers
        assert preflight(client, "DELETE")[0] == 204


def test_a_star_with_credentials_is_an_error_at_start():
    from viperhttp.middleware import CORSMiddleware

    with pytest.raises(ValueError, match="every site"):
        CORSMiddleware(allow_origins=["*"], allow_credentials=True)


def test_a_foreign_host_is_refused_with_400(serve):
    options = {"allowed_hosts": ["board.local", "*.example.com", "[::1]"]}
    port = serve("mw_middleware", use={"hosts": options}).port
    for host, status in (
        ("board.local", 200),
        ("BOARD.local:8080", 200),
        ("a.example.com", 200),
        ("[::1]:80", 200),
        ("example.com", 400),
        ("evil.example", 400),
        ("board.local.evil.example", 400),
        ("127.0.0.1", 400),
    ):
        with Raw(port) as client:
            client.send(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")
            assert client.response()[0] == status, host


def test_too_many_requests_are_429_and_say_when_to_come_back(serve):
    with Raw(serve("mw_middleware", use={"rate": {"max_requests": 3, "window_sec": 60}}).port) as client:
        assert [client.get("/")[0] for _ in range(3)] == [200, 200, 200]
        status, headers, _ = client.get("/")
        assert status == 429
        assert 1 <= int(headers["retry-after"]) <= 21


def test_a_client_that_waits_may_ask_again(serve):
    from serving import eventually

    with Raw(serve("mw_middleware", use={"rate": {"rate": 5, "burst": 1}}).port) as client:
        assert client.get("/")[0] == 200
        assert client.get("/")[0] == 429
        eventually(lambda: client.get("/")[0] == 200, "the bucket fills")


def test_security_headers_are_added_and_leave_the_handlers_alone(serve):
    options = {"csp": "default-src 'self'", "headers": {"X-More": "1"}}
    with Raw(serve("mw_middleware", use={"security": options}).port) as client:
        _, headers, _ = client.get("/")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["content-security-policy"] == "default-src 'self'"
        assert headers["x-more"] == "1"
        assert "strict-transport-security" not in headers
        assert client.get("/nowhere")[1]["x-frame-options"] == "DENY"


def test_a_request_has_an_id_and_a_line_in_the_log(serve):
    served = serve("mw_middleware", use={"trace": {}})
    with Raw(served.port) as client:
        _, headers, body = client.get("/id")
        assert len(body) == 16
        assert headers["x-request-id"] == body.decode()
        assert client.get("/id", "X-Request-ID: abc-1")[1]["x-request-id"] == "abc-1"
        assert client.get("/id", "X-Request-ID: a b")[1]["x-request-id"] != "a b"
    served.wait_for_log("127.0.0.1 GET /id 200 ")


def test_a_public_page_may_ask_for_a_private_address_when_that_is_allowed(serve):
    options = {"allow_origins": [PAGE], "allow_private_network": True}
    with Raw(serve("mw_middleware", use={"cors": options}).port) as client:
        lines = [f"Origin: {PAGE}", "Access-Control-Request-Method: GET"]
        client.request("OPTIONS /", lines)
        assert "access-control-allow-private-network" not in client.response()[1]
        client.request("OPTIONS /", [*lines, "Access-Control-Request-Private-Network: true"])
        assert client.response()[1]["access-control-allow-private-network"] == "true"


def test_the_rate_limit_remembers_a_bounded_number_of_clients(monkeypatch):
    import viperhttp.middleware.ratelimit as module

    now = [0]
    monkeypatch.setattr(module, "ticks", lambda: now[0])
    limit = module.RateLimitMiddleware(rate=1, burst=2, max_clients=2)
    assert [limit.wait("a"), limit.wait("a")] == [0, 0]
    assert limit.wait("a") == 1
    for address in "bc":
        now[0] += 1
        limit.wait(address)
    assert sorted(limit.clients) == ["b", "c"]
    now[0] += 500
    limit.wait("b")
    assert limit.wait("b") == pytest.approx(0.499)
    now[0] += 10**7
    assert [limit.wait("b"), limit.wait("b")] == [0, 0]
    assert limit.wait("b") > 0
