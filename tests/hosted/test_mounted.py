"""ASGI applications below a path of a viperhttp one; Starlette's TestClient; document 004 with it."""

import asyncio
import pathlib
import threading

import httpx
import pytest
import socketio
from ports import free_port
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import viperhttp

HERE = pathlib.Path(__file__).parent
DOC_004 = HERE.parent / "behaviour" / "apps" / "doc_004.py"


@pytest.fixture
def doc_004(tmp_path, monkeypatch):
    """Document 004's application."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "doc_004"}
    source = DOC_004.read_text().split("api.mount(")[0]
    exec(compile(source, str(DOC_004), "exec"), names)
    return names["api"]


def test_document_004s_own_tests_pass_with_starlettes_client(doc_004):
    client = TestClient(doc_004)
    with client.websocket_connect("/ws") as ws:
        ws.send_text("hello")
        assert ws.receive_text() == "Echo: hello"
    with pytest.raises(WebSocketDisconnect):
        with client.websocket_connect("/nonexistent"):
            pass


def test_starlettes_client_runs_startup_and_shutdown():
    app = viperhttp.ViperHTTP()
    seen = []
    app.on_event("startup")(lambda: seen.append("up"))
    app.on_event("shutdown")(lambda: seen.append("down"))

    @app.get("/x/{n:int}")
    async def handler(n):
        return {"n": n}

    with TestClient(app) as client:
        assert client.get("/x/7").json() == {"n": 7}
        assert client.get("/x/y").status_code == 404
        assert seen == ["up"]
    assert seen == ["up", "down"]
    with TestClient(app) as client:
        assert client.get("/x/8").json() == {"n": 8}
    assert seen == ["up", "down"] * 2


def test_a_startup_that_fails_says_so():
    app = viperhttp.ViperHTTP()

    @app.on_event("startup")
    async def fails():
        raise RuntimeError("no sensor")

    with pytest.raises(RuntimeError, match="no sensor|startup"):
        with TestClient(app):
            pass


def test_below_a_path_of_starlette_the_application_sees_its_own_paths():
    from starlette.routing import Mount

    app = viperhttp.ViperHTTP()

    @app.get("/x")
    async def handler():
        return viperhttp.current_request().path

    outer = Starlette(routes=[Mount("/below", app)])
    client = TestClient(outer)
    assert client.get("/below/x").text == "/x"


def test_run_in_a_file_that_another_server_imports_says_what_to_do():
    app = viperhttp.ViperHTTP()

    async def imports():
        app.run(port=0)

    with pytest.raises(RuntimeError, match="__main__"):
        asyncio.run(imports())


# ---- mount -------------------------------------------------------------------


async def text(request):
    body = await request.body()
    return PlainTextResponse(f"{request.method} {request.url.path} {request.scope['root_path']} {body.decode()}")


async def pieces(request):
    async def stream():
        for n in range(3):
            yield f"piece {n}\n"

    return StreamingResponse(stream(), headers={"X-Inner": "yes"})


async def fails(request):
    raise RuntimeError("as intended")


async def inner_echo(ws):
    await ws.accept(subprotocol=ws.scope["subprotocols"][0] if ws.scope["subprotocols"] else None)
    try:
        while True:
            message = await ws.receive_text()
            if message == "bye":
                return await ws.close(4001, "because")
            await ws.send_text("inner: " + message)
    except WebSocketDisconnect as end:
        LEFT.append(end.code)


async def inner_refuses(ws):
    await ws.close()


LEFT: list = []


@pytest.fixture
def mounted():
    """A viperhttp application with a Starlette one at /inner."""
    inner = Starlette(
        routes=[
            Route("/inner/text", text, methods=["GET", "POST"]),
            Route("/inner/pieces", pieces),
            Route("/inner/fails", fails),
            WebSocketRoute("/inner/echo", inner_echo),
            WebSocketRoute("/inner/no", inner_refuses),
        ]
    )
    app = viperhttp.ViperHTTP()

    @app.get("/inner/mine")
    async def mine():
        return "mine"

    async def at_root_path(scope, receive, send):  # Starlette routes below root_path; here by whole paths
        await inner(dict(scope, root_path=""), receive, send)

    app.mount("/inner", at_root_path)
    return app


def test_requests_below_the_path_go_to_the_asgi_application(mounted):
    with mounted.test_client() as client:
        assert client.get("/inner/text").text == "GET /inner/text  "
        assert client.post("/inner/text", content="hello" * 10000).text.endswith("hello" * 10000)
        assert client.get("/inner/mine").text == "mine"
        assert client.get("/inner/nothing").status_code == 404
        assert client.get("/elsewhere").status_code == 404
        answer = client.get("/inner/pieces")
        assert (answer.text, answer.headers["x-inner"]) == ("piece 0\npiece 1\npiece 2\n", "yes")
        assert client.head("/inner/text").content == b""
        assert "/inner/text" not in client.get("/openapi.json").json()["paths"]


def test_an_asgi_application_that_fails_is_a_500_and_a_line_in_the_log(mounted, capsys):
    with mounted.test_client() as client:
        assert client.get("/inner/fails").status_code == 500
    assert "viperhttp: GET /inner/fails: RuntimeError: as intended" in capsys.readouterr().err


def test_an_asgi_application_that_does_not_answer_is_an_error_that_says_so():
    app = viperhttp.ViperHTTP()

    async def silent(scope, receive, send):
        pass

    app.mount("/silent", silent)
    with app.test_client() as client, pytest.raises(RuntimeError, match="below /silent has not answered"):
        client.get("/silent/x")


def test_websockets_below_the_path_go_to_the_asgi_application(mounted):
    with mounted.test_client() as client:
        with client.websocket_connect("/inner/echo", subprotocols=["a", "b"]) as ws:
            assert ws.accepted_subprotocol == "a"
            ws.send_text("hello")
            assert ws.receive_text() == "inner: hello"
            ws.send_text("bye")
            assert ws.receive() == {"type": "close", "code": 4001, "reason": "because"}
        with client.websocket_connect("/inner/echo") as ws:
            ws.close(3001)
        assert LEFT[-1] == 3001
        with pytest.raises(viperhttp.WebSocketDisconnect) as caught:
            with client.websocket_connect("/inner/no"):
                pass
        assert caught.value.status == 403


def test_another_viperhttp_application_can_be_mounted():
    outer, inner = viperhttp.ViperHTTP(), viperhttp.ViperHTTP()

    @inner.get("/hello/{name}")
    async def hello(name):
        return "hello " + name

    @inner.websocket("/ws")
    async def socket(ws):
        await ws.accept()
        await ws.send_text(ws.path)

    outer.mount("/inner", inner)
    with outer.test_client() as client:
        assert client.get("/inner/hello/bob").text == "hello bob"
        assert client.get("/inner/nothing").status_code == 404
        with client.websocket_connect("/inner/ws") as ws:
            assert ws.receive_text() == "/ws"


def test_an_asgi_application_is_refused_where_it_cannot_run():
    app = viperhttp.ViperHTTP()
    with pytest.raises(ValueError, match="must start with '/'"):
        app.mount("inner", lambda scope, receive, send: None)


def test_python_socketio_runs_below_a_path():
    """Document 002's other way: the real library, mounted, with its real client on the real server."""
    server = socketio.AsyncServer(async_mode="asgi")

    @server.event
    async def shout(sid, data):
        return data.upper()

    app = viperhttp.ViperHTTP()
    app.mount("/sio", socketio.ASGIApp(server, socketio_path="/sio/socket.io"))
    up = threading.Event()
    app.on_event("startup")(up.set)
    port = free_port()
    loop = asyncio.new_event_loop()
    serving = threading.Thread(target=loop.run_until_complete, args=(app.serve("127.0.0.1", port),))
    serving.start()
    try:
        assert up.wait(40)
        address = f"http://127.0.0.1:{port}"
        polled = httpx.get(address + "/sio/socket.io/?EIO=4&transport=polling", timeout=40)
        assert polled.text.startswith('0{"sid":')
        with socketio.SimpleClient() as client:
            client.connect(address, socketio_path="/sio/socket.io", transports=["websocket"], wait_timeout=40)
            assert client.call("shout", "hello", timeout=40) == "HELLO"
    finally:
        asyncio.run_coroutine_threadsafe(app.shutdown(), loop).result(40)
        serving.join(40)
        loop.close()
    assert not serving.is_alive()
