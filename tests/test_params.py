"""On CPython a handler's annotations type its path and query parameters, as query= and {x:int} do everywhere."""

import pytest

from viperhttp import Depends, Query, ViperHTTP
from viperhttp.exceptions import WebSocketDisconnect


@pytest.fixture
def client():
    app = ViperHTTP()

    @app.get("/items/{pk}")
    async def item(pk: int, short: bool = False, q: str = ""):
        return {"pk": pk, "short": short, "q": q}

    @app.get("/need")
    def need(n: float):
        return {"n": n}

    @app.get("/both", query={"n": Query(1, int)})
    async def both(n: str = "x"):
        return {"n": n}

    @app.websocket_route("/chat/{channel}", value_type="json")
    async def chat(ws, channel: str, anonymous: bool = False):
        async for message in ws:
            await ws.send({"channel": channel, "anonymous": anonymous, "message": message})

    with app.test_client() as client:
        yield client


def test_a_path_parameter_is_converted_and_404_where_it_does_not_fit(client):
    assert client.get("/items/7").json() == {"pk": 7, "short": False, "q": ""}
    assert client.get("/items/seven").status_code == 404


def test_other_parameters_come_from_the_query(client):
    assert client.get("/items/7?short=yes&q=a").json() == {"pk": 7, "short": True, "q": "a"}
    assert client.get("/items/7?short=perhaps").status_code == 422


def test_a_parameter_without_a_default_is_required(client):
    assert client.get("/need?n=1.5").json() == {"n": 1.5}
    assert client.get("/need").status_code == 422


def test_what_the_route_declares_stands(client):
    assert client.get("/both?n=5").json() == {"n": 5}


def test_bocadillos_chat_runs_as_printed(client):
    with client.websocket_connect("/chat/red?anonymous=1") as ws:
        ws.send_json("hi")
        assert ws.receive_json() == {"channel": "red", "anonymous": True, "message": "hi"}
    with pytest.raises(WebSocketDisconnect) as refused:
        client.websocket_connect("/chat/red?anonymous=perhaps").__enter__()
    assert refused.value.status == 422


def test_a_dependency_in_a_default_is_an_error_all_the_same():
    app = ViperHTTP()

    @app.get("/")
    async def index(user=Depends(lambda: "alice")):
        return user

    with pytest.raises(RuntimeError, match="bound to no route"):
        app.prepare()
    import viperhttp.app.depends as depends

    depends._made.clear()
