"""What a TestClient does, as functions that run on CPython and on MicroPython; tests/test_testing.py runs them.

    cases.py NAME ...     prints "ok NAME", or the traceback and "failed NAME"
"""

import asyncio
import gc
import sys

import viperhttp
from viperhttp import WebSocketDisconnect, WebSocketException
from viperhttp.testing import TestClient

app = viperhttp.ViperHTTP(config={"handshake_timeout": 0.2, "close_timeout": 0.2})
seen = []


@app.on_event("startup")
async def startup():
    await asyncio.sleep(0)
    seen.append("startup")


@app.on_event("shutdown")
def shutdown():
    seen.append("shutdown")


@app.get("/who")
async def who():
    request = viperhttp.current_request()
    return {"client": list(request.client), "host": request.header("host"), "query": request.query_params}


@app.get("/fails")
async def fails():
    raise KeyError("inside")


@app.get("/no-response")
async def no_response():
    return object()


@app.get("/teapot")
async def teapot():
    raise viperhttp.HTTPException(418, "short and stout")


@app.route("/any", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def anything():
    request = viperhttp.current_request()
    body = await request.body()
    answer = {"method": request.method, "body": str(body, "utf-8"), "type": request.header("content-type")}
    return answer, 201, {"X-Seen": request.header("x-mine", "none")}


@app.post("/upload", stream_body=True)
async def upload():
    got = []
    async for part in viperhttp.current_request().parts():
        got.append([part.name, part.filename, part.content_type, len(await part.read(limit=100000))])
    return got


@app.get("/large")
async def large():
    return "0123456789" * 10000


@app.get("/login")
async def login():
    return "in", 200, {"Set-Cookie": "sid=abc; Path=/; HttpOnly"}


@app.get("/logout")
async def logout():
    return "out", 200, {"Set-Cookie": "sid=; Max-Age=0"}


@app.get("/cookies")
async def cookies():
    return viperhttp.current_request().cookies


async def endless():
    n = 0
    try:
        while True:
            yield {"event": "tick", "id": n, "data": "line %d\nsecond" % n}
            n += 1
            await asyncio.sleep(0.001)
    finally:
        seen.append("stream closed")


@app.get("/events")
async def events():
    return viperhttp.StreamingResponse(endless(), media_type="text/event-stream")


def broken_stream():
    yield "a"
    raise KeyError("in the stream")


@app.get("/broken")
async def broken():
    return viperhttp.StreamingResponse(broken_stream(), media_type="text/plain")


@app.websocket("/echo", protocols=["v2", "v1"])
async def echo(ws):
    await ws.accept()
    async for message in ws:
        if message["type"] == "text":
            await ws.send_text(message["text"])
        else:
            await ws.send_bytes(message["bytes"])
    seen.append(("closed", ws.close_code, ws.close_reason))


@app.websocket("/typed/{n:int}")
async def typed(ws, n):
    await ws.accept()
    await ws.send_json({"n": n, "query": ws.query_params, "client": list(ws.client), "x": ws.header("x-mine")})
    await ws.send_bytes(b"\x00\xff")
    await ws.close(4010, "done")


@app.websocket("/refused/{how}")
async def refused(ws, how):
    if how == "close":
        await ws.close(4401)
    elif how == "reject":
        await ws.reject()
    elif how == "teapot":
        raise viperhttp.HTTPException(418, "no")
    elif how == "exception":
        raise WebSocketException(4002, "no")
    elif how == "wait":
        await asyncio.sleep(30)
    elif how == "raise":
        raise KeyError("before accept")


@app.websocket("/raises")
async def raises_later(ws):
    await ws.accept()
    await ws.receive()
    raise KeyError("after accept")


@app.websocket("/flood")
async def flood(ws):
    await ws.accept()
    try:
        while True:
            await ws.send_text("x" * 1000)
    except WebSocketDisconnect:
        seen.append("flood ended")


@app.websocket("/stubborn")
async def stubborn(ws):
    await ws.accept()
    await asyncio.sleep(30)


@app.websocket("/direct/{how}")
async def direct(ws, how):
    await ws.accept()
    if how == "relay":
        return ws.relay()
    await ws.each(ws.try_send, view=how == "view")


@app.websocket_route("/typed-route")
async def typed_route(ws):
    async for message in ws:
        await ws.send(message)


members = []


@app.websocket("/chat")
async def chat(ws):
    await ws.accept()
    members.append(ws)
    try:
        async for text in ws.iter_text():
            for member in list(members):
                await member.send_text(text)
    finally:
        members.remove(ws)


def raises(kind, function):
    """The exception of that kind which function() must raise."""
    try:
        got = function()
    except kind as error:
        return error
    raise AssertionError("%s instead of %s" % (got, kind))


# ---- the cases ------------------------------------------------------------------


def test_a_request_looks_as_from_a_network():
    with TestClient(app) as client:
        answer = client.get("/who?a=1&b=2%20")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == answer.headers["content-type"] == "application/json"
        expected = {"client": ["testclient", 50000], "host": "testserver", "query": {"a": "1", "b": "2 "}}
        assert answer.json() == expected


def test_every_method_and_kind_of_body():
    with app.test_client() as client:
        for name in ("get", "post", "put", "patch", "delete", "options"):
            answer = getattr(client, name)("/any", headers={"X-Mine": name})
            assert (answer.status_code, answer.headers["x-seen"]) == (201, name)
            assert answer.json()["method"] == name.upper()
        assert client.head("/any").status_code == 201
        assert client.head("/any").content == b""
        answer = client.post("/any", json={"a": [1]}).json()
        assert (answer["body"], answer["type"]) == ('{"a": [1]}', "application/json")
        answer = client.post("/any", data={"a b": "ä&="}).json()
        assert (answer["body"], answer["type"]) == ("a%20b=%C3%A4%26%3D", "application/x-www-form-urlencoded")
        assert client.put("/any", content="text").json()["body"] == "text"
        assert client.put("/any", content=b"x" * 9000, headers={"content-type": "a/b"}).json()["type"] == "a/b"


def test_files_are_sent_as_a_form():
    with TestClient(app) as client:
        files = {"a": ("a.bin", bytes(50000)), "b": ("b.txt", b"text", "text/x")}
        assert client.post("/upload", data={"note": "hi"}, files=files).json() == [
            ["note", None, "text/plain", 2],
            ["a", "a.bin", "application/octet-stream", 50000],
            ["b", "b.txt", "text/x", 4],
        ]


def test_errors_are_answers_and_failures_are_raised():
    with TestClient(app) as client:
        assert client.get("/nowhere").status_code == 404
        answer = client.get("/teapot")
        assert (answer.status_code, answer.json()) == (418, {"detail": "short and stout"})
        assert raises(KeyError, lambda: client.get("/fails")).args == ("inside",)
        assert "a handler returns str" in str(raises(TypeError, lambda: client.get("/no-response")))
        assert raises(KeyError, lambda: client.get("/broken")).args == ("in the stream",)
        assert client.get("/who").status_code == 200
    with TestClient(app, raise_server_exceptions=False) as client:
        assert (client.get("/fails").status_code, client.get("/fails").text) == (500, "Internal Server Error\n")


def test_a_large_answer_arrives_whole():
    with TestClient(app) as client:
        assert client.get("/large").content == b"0123456789" * 10000


def test_cookies_are_kept_and_forgotten():
    with TestClient(app) as client:
        client.get("/login")
        assert client.get("/cookies").json() == {"sid": "abc"}
        client.get("/logout")
        assert client.get("/cookies").json() == {}
        client.cookies["mine"] = "1"
        assert client.get("/cookies").json() == {"mine": "1"}


def test_startup_and_shutdown_run_once_whoever_opens_first():
    del seen[:]
    client = TestClient(app)
    assert seen == []
    client.get("/who")
    with app.test_client() as other:
        assert other.get("/who").status_code == 200
    client.get("/who")
    assert seen == ["startup"]
    client.close()
    client.close()
    assert seen == ["startup", "shutdown"]
    assert app.server is None


def test_events_come_one_by_one_and_leaving_ends_the_stream():
    del seen[:]
    with TestClient(app) as client:
        with client.sse("/events") as events:
            assert events.response.headers["content-type"] == "text/event-stream; charset=utf-8"
            got = []
            for event in events:
                got.append(event)
                if len(got) == 3:
                    break
        assert got[1:] == [{"event": "tick", "id": str(n), "data": "line %d\nsecond" % n} for n in (1, 2)]
        assert seen == ["startup", "stream closed"]


def test_a_conversation():
    del seen[:]
    with TestClient(app) as client:
        with client.websocket_connect("/echo") as ws:
            assert ws.accepted_subprotocol is None
            for text in ("hello", "", "ä" * 40000):
                ws.send_text(text)
                if len(text) < 8000:
                    assert ws.receive_text() == text
                else:
                    assert raises(WebSocketDisconnect, ws.receive_text).code == 1009
        with client.websocket_connect("/echo") as ws:
            ws.send_bytes(b"\x00\x01")
            assert ws.receive_bytes() == b"\x00\x01"
            ws.send_json({"a": 1})
            assert ws.receive_json() == {"a": 1}
            ws.send_text("t")
            assert ws.receive() == {"type": "text", "text": "t"}
            ws.send_bytes(b"b")
            assert ws.receive() == {"type": "bytes", "bytes": b"b"}
            ws.close(4001, "bye")
        assert seen[-1] == ("closed", 4001, "bye")


def test_leaving_closes_with_1000_and_waits_for_the_handler():
    del seen[:]
    with TestClient(app) as client:
        with client.websocket_connect("/echo"):
            pass
        assert seen[-1] == ("closed", 1000, "")


def test_parameters_headers_and_the_servers_close():
    with TestClient(app) as client:
        with client.websocket_connect("/typed/7?q=1", headers={"X-Mine": "yes"}) as ws:
            expected = {"n": 7, "query": {"q": "1"}, "client": ["testclient", 50000], "x": "yes"}
            assert ws.receive_json() == expected
            assert ws.receive_bytes() == b"\x00\xff"
            end = raises(WebSocketDisconnect, ws.receive_text)
            assert (end.code, end.reason) == (4010, "done")
            assert raises(WebSocketDisconnect, ws.receive_bytes).code == 4010
            assert ws.receive() == {"type": "close", "code": 4010, "reason": "done"}
            assert raises(WebSocketDisconnect, ws.receive).code == 4010
            assert raises(WebSocketDisconnect, lambda: ws.send_text("x")).code == 4010


def test_the_wrong_kind_of_message_is_a_type_error():
    with TestClient(app) as client:
        with client.websocket_connect("/echo") as ws:
            ws.send_bytes(b"x")
            raises(TypeError, ws.receive_text)
            ws.send_text("x")
            raises(TypeError, ws.receive_bytes)


def test_a_subprotocol_is_negotiated():
    with TestClient(app) as client:
        with client.websocket_connect("/echo", subprotocols=["v1", "v2"]) as ws:
            assert ws.accepted_subprotocol == "v1"
        with client.websocket_connect("/echo", subprotocols=["v9"]) as ws:
            assert ws.accepted_subprotocol is None


def test_a_refused_handshake_has_a_code_and_a_status():
    def refusal(path):
        end = raises(WebSocketDisconnect, client.websocket_connect(path).__enter__)
        return end.code, end.status

    with TestClient(app) as client:
        assert refusal("/refused/close") == (4401, 403)
        assert refusal("/refused/reject") == (403, 403)
        assert refusal("/refused/return") == (1008, 403)
        assert refusal("/nowhere") == (404, 404)
        assert refusal("/typed/x") == (404, 404)
        assert refusal("/refused/teapot")[1] == 418
        assert refusal("/refused/exception") == (4002, 403)
        assert refusal("/refused/wait")[1] == 504
        assert raises(KeyError, client.websocket_connect("/refused/raise").__enter__).args == ("before accept",)
        client.raises = False
        assert refusal("/refused/raise")[1] == 500


def test_what_a_handler_raises_is_raised_from_the_session():
    with TestClient(app) as client:
        with client.websocket_connect("/raises") as ws:
            ws.send_text("go")
            assert raises(KeyError, ws.receive_text).args == ("after accept",)
            assert raises(WebSocketDisconnect, ws.receive_text).code == 1011

        def leave_only():
            with client.websocket_connect("/raises") as ws:
                ws.send_text("go")

        assert raises(KeyError, leave_only).args == ("after accept",)


def test_an_uncaught_close_code_is_raised_from_a_typed_route():
    with TestClient(app) as client:
        with client.websocket_connect("/typed-route") as ws:
            ws.send_text("x")
            assert ws.receive_text() == "x"

        def close_with_4001():
            with client.websocket_connect("/typed-route") as ws:
                ws.close(4001)

        assert raises(WebSocketDisconnect, close_with_4001).code == 4001


def test_a_server_that_only_sends_is_slowed_down_by_its_client():
    del seen[:]
    with TestClient(app) as client:
        with client.websocket_connect("/flood") as ws:
            for _ in range(300):
                assert ws.receive_text() == "x" * 1000
        assert seen[-1] == "flood ended"


def test_leaving_a_handler_that_goes_on_takes_a_second():
    with TestClient(app) as client:
        with client.websocket_connect("/stubborn"):
            pass


def test_several_sessions_talk_to_each_other():
    with TestClient(app) as alice, TestClient(app) as bob:
        with alice.websocket_connect("/chat") as one, bob.websocket_connect("/chat") as two:
            one.send_text("hi")
            assert one.receive_text() == two.receive_text() == "hi"


def test_waiting_for_nothing_is_a_timeout():
    with TestClient(app, timeout=0.1) as client:
        with client.websocket_connect("/echo") as ws:
            raises(asyncio.TimeoutError, ws.receive_text)
            ws.send_text("still open")
            assert ws.receive_text() == "still open"


def test_a_running_event_loop_is_refused():
    async def inside():
        client = TestClient(app)
        return raises(RuntimeError, lambda: client.get("/who"))

    assert "running event loop" in str(asyncio.run(inside()))


def test_messages_without_a_waiting_handler():
    with app.test_client() as client:
        for how in ("relay", "each", "view"):
            with client.websocket_connect("/direct/" + how) as ws:
                for n in (0, 1, 200, 5000, 16000):
                    ws.send_text("x" * n)
                    assert ws.receive_text() == "x" * n
                    ws.send_bytes(bytes(n))
                    assert ws.receive_bytes() == bytes(n)


def run(names):
    for name in names:
        gc.collect()
        try:
            globals()[name]()
        except Exception as error:
            if hasattr(sys, "print_exception"):
                sys.print_exception(error, sys.stdout)
            else:
                import traceback

                traceback.print_exception(type(error), error, error.__traceback__, file=sys.stdout)
            print("failed", name)
        else:
            print("ok", name)


if __name__ == "__main__":
    run(sys.argv[1:])
