"""Middleware that takes part in WebSocket handshakes, on both runtimes."""

import pytest
from raw import Raw

PAGE = "https://app.example.com"


def opens(port, *headers):
    """The status of a handshake."""
    with Raw(port) as client:
        client.handshake("/ws", *headers)
        return client.response()[0]


@pytest.mark.parametrize("missing", [True, False])
def test_the_origin_middleware_judges_every_handshake(serve, missing):
    options = {"allowed_origins": [PAGE], "allow_missing": missing}
    port = serve("mw_middleware", use={"origin": options}).port
    assert opens(port, f"Origin: {PAGE}") == 101
    assert opens(port, "Origin: HTTPS://App.Example.COM/") == 101
    assert opens(port, "Origin: https://evil.example") == 403
    assert opens(port, "Origin: null") == 403
    assert opens(port, "Origin: https://evil.example", f"Origin: {PAGE}") == 403
    assert opens(port) == (101 if missing else 403)
    assert opens(port, "Origin:") == (101 if missing else 403)
    # It stands in place of the default rule: the board's own pages must be listed, too.
    assert opens(port, "Origin: http://127.0.0.1") == 403


def test_null_and_the_star_are_origins_that_can_be_listed(serve):
    port = serve("mw_middleware", use={"origin": {"allowed_origins": ["null"]}}).port
    assert opens(port, "Origin: null") == 101
    port = serve("mw_middleware", use={"origin": {"allowed_origins": "*", "allow_missing": False}}).port
    assert opens(port, "Origin: https://evil.example") == 101
    assert opens(port, "Origin: null") == 101
    assert opens(port) == 403


def test_the_origin_middleware_lets_requests_pass(serve):
    with Raw(serve("mw_middleware", use={"origin": {"allowed_origins": [PAGE]}}).port) as client:
        assert client.get("/", "Origin: https://evil.example")[0] == 200


def test_a_foreign_host_opens_no_websocket(serve):
    port = serve("mw_middleware", use={"hosts": {"allowed_hosts": ["board.local"]}}).port
    assert opens(port) == 400


def test_handshakes_count_as_requests(serve):
    port = serve("mw_middleware", use={"rate": {"max_requests": 2, "window_sec": 60}}).port
    assert opens(port) == 101
    assert opens(port) == 101
    with Raw(port) as client:
        client.handshake("/ws")
        status, headers, _ = client.response()
        assert status == 429
        assert int(headers["retry-after"]) >= 1
        assert client.get("/")[0] == 429


def test_other_middleware_does_not_touch_websockets(serve):
    use = {"base": {}, "cors": {"allow_origins": PAGE}, "security": {}, "trace": {}}
    with Raw(serve("mw_middleware", use=use).port) as client:
        assert "x-stamp" not in client.open("/ws")
        assert client.message() == "in"


def test_the_test_client_sees_the_close_code_of_a_refusal():
    from viperhttp import ViperHTTP, WebSocketDisconnect
    from viperhttp.middleware import WebSocketOriginMiddleware

    app = ViperHTTP()
    app.add_middleware(WebSocketOriginMiddleware([PAGE]))

    @app.websocket("/ws")
    async def ws(ws):
        await ws.accept()

    with app.test_client() as client, pytest.raises(WebSocketDisconnect) as refused:
        with client.websocket_connect("/ws", headers={"Origin": "https://evil.example"}):
            pass
    assert (refused.value.code, refused.value.status) == (1008, 403)
