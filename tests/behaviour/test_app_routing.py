"""Which handler a request reaches, and with which parameters."""

import json
import pathlib

from raw import Raw


def found(client, path, method="GET"):
    """(route, parameters) that answered; the status when it is not 200."""
    client.request(f"{method} {path}")
    status, _, body = client.response(method)
    if status != 200:
        return status
    answer = json.loads(body)
    return answer["route"], answer["params"]


def test_typed_parameters_match_only_their_type_and_arrive_converted(serve):
    with Raw(serve("http_routes").port) as client:
        assert found(client, "/int/-42") == ("/int/{n:int}", {"n": -42})
        assert found(client, "/int/007") == ("/int/{n:int}", {"n": 7})
        for path in ("/int/", "/int/x", "/int/1.5", "/int/1e3", "/int/--1", "/int/+1", "/int/%C2%B2", "/int/1_0"):
            assert found(client, path) == 404, path
        for text, value in (("1.5", 1.5), ("-2", -2.0), ("1e3", 1000.0), (".5", 0.5)):
            assert found(client, "/float/" + text) == ("/float/{x:float}", {"x": value})
        for path in ("/float/x", "/float/1.2.3", "/float/nan", "/float/inf", "/float/-", "/float/1_0"):
            assert found(client, path) == 404, path
        for text in ("1", "true", "Yes", "ON"):
            assert found(client, "/bool/" + text) == ("/bool/{on:bool}", {"on": True})
        for text in ("0", "false", "No", "off"):
            assert found(client, "/bool/" + text) == ("/bool/{on:bool}", {"on": False})
        assert found(client, "/bool/2") == 404
        kinds = [client.get(path)[2] for path in ("/int/1", "/float/1", "/bool/1", "/users/1")]
        assert [list(json.loads(body)["kinds"].values()) for body in kinds] == [["int"], ["float"], ["bool"], ["str"]]


def test_a_path_parameter_takes_the_rest(serve):
    with Raw(serve("http_routes").port) as client:
        assert found(client, "/files/a/b/c.txt") == ("/files/{rest:path}", {"rest": "a/b/c.txt"})
        assert found(client, "/files/a%2Fb/%20") == ("/files/{rest:path}", {"rest": "a/b/ "})
        assert found(client, "/files/a//b/") == ("/files/{rest:path}", {"rest": "a//b/"})


def test_percent_escapes_are_decoded_after_the_path_is_split(serve):
    with Raw(serve("http_routes").port) as client:
        assert found(client, "/users/a%2Fb") == ("/users/{name}", {"name": "a/b"})
        assert found(client, "/users/%C3%BC%20%2B+") == ("/users/{name}", {"name": "ü ++"})
        assert found(client, "/users/me%2F") == ("/users/{name}", {"name": "me/"})
        assert found(client, "/users%2Fme") == 404
        assert found(client, "/users/%6De") == ("/users/me", {})
        assert found(client, "/%67r%C3%BCn") == ("/grün", {})
        assert found(client, "/with%20space") == ("/with space", {})
        assert found(client, "/users/x%2Fposts/3") == 404
        assert found(client, "/users/x%2Fy/posts/3") == ("/users/{name}/posts/{post:int}", {"name": "x/y", "post": 3})


def test_static_paths_win_and_earlier_routes_come_first(serve):
    with Raw(serve("http_routes").port) as client:
        assert found(client, "/users/me") == ("/users/me", {})
        assert found(client, "/users/me?x=1") == ("/users/me", {})
        assert found(client, "/users/you") == ("/users/{name}", {"name": "you"})
        assert found(client, "/either/5") == ("/either/{n:int}", {"n": 5})
        assert found(client, "/either/five") == ("/either/{name}", {"name": "five"})


def test_what_does_not_exist_is_404(serve):
    with Raw(serve("http_routes").port) as client:
        for path in ("/nothing", "/users/", "/users", "/users/me/", "//users/me", "/things/", "/things/x", "/USERS/me"):
            assert found(client, path) == 404, path


def test_other_methods_are_405_and_say_which_are_allowed(serve):
    with Raw(serve("http_routes").port) as client:
        allowed = {
            ("DELETE", "/users/me"): "GET, HEAD",
            ("PUT", "/things"): "GET, HEAD, POST",
            ("GET", "/things/1"): "DELETE, PATCH, PUT",
            ("HEAD", "/things/1"): "DELETE, PATCH, PUT",
            ("BREW", "/users/x"): "GET, HEAD",
            ("GET", "/opt"): "OPTIONS",
            ("GET", "/head-only"): "HEAD",
            ("get", "/users/me"): "GET, HEAD",
        }
        for (method, path), allow in allowed.items():
            client.request(f"{method} {path}")
            status, headers, _ = client.response(method)
            assert (status, headers.get("allow")) == (405, allow), (method, path)
        for method in ("PUT", "PATCH", "DELETE"):
            assert found(client, "/things/7", method) == ("/things/{id:int}", {"id": 7})
        assert found(client, "/opt", "OPTIONS") == ("/opt", {})


def test_a_websocket_and_a_page_may_share_a_path(serve):
    port = serve("http_routes").port
    with Raw(port) as client:
        assert client.get("/both")[2] == b"page"
        client.open("/both")
        assert client.frame() == (0x81, b"socket")
    with Raw(port) as client:
        status, headers, _ = client.get("/ws")
        assert (status, headers["upgrade"]) == (426, "websocket")
        client.handshake("/users/me")
        assert client.response()[0] == 404


SCRIPT_HEAD = """
import viperhttp
from viperhttp import ViperHTTP

def refused(kind, *words):
    def check(function):
        try:
            function()
        except kind as error:
            text = str(error)
            for word in words:
                if word not in text:
                    print("MISSING", repr(word), "in", text)
        except Exception as error:
            print("WRONG", type(error), error, words)
        else:
            print("NOT REFUSED", words)
    return check

app = ViperHTTP()
"""

MISTAKES = {
    "a path without a slash": ("ValueError", "app.get('users')(print)", ["users", "start with '/'"]),
    "an unclosed parameter": ("ValueError", "app.get('/a/{x')(print)", ["/a/{x"]),
    "half a segment": ("ValueError", "app.get('/a/x{y}')(print)", ["/a/x{y}", "whole segment"]),
    "an unknown type": ("ValueError", "app.get('/a/{x:number}')(print)", ["/a/{x:number}", "int"]),
    "no name": ("ValueError", "app.get('/a/{}')(print)", ["/a/{}"]),
    "a name twice": ("ValueError", "app.get('/a/{x}/{x}')(print)", ["/a/{x}/{x}", "twice"]),
    "a path parameter before the end": ("ValueError", "app.get('/a/{x:path}/b')(print)", ["/a/{x:path}/b", "last"]),
    "a route twice": ("ValueError", "app.get('/b')(print); app.get('/b')(print)", ["GET /b", "twice"]),
    "a parameter route twice": (
        "ValueError", "app.post('/c/{x}')(print); app.post('/c/{x}')(print)", ["POST /c/{x}", "twice"]),
    "two names for one parameter": (
        "ValueError", "app.get('/d/{x}')(print); app.get('/d/{y}')(print)", ["/d/{x}", "/d/{y}"]),
    "an unknown method": ("ValueError", "app.route('/e', methods=['BREW'])(print)", ["/e", "BREW"]),
    "a handler that is no function": ("TypeError", "app.get('/f')(5)", ["/f"]),
    "an unknown option": ("TypeError", "app.route('/g', nonsense=1)(print)", ["/g", "nonsense"]),
    "a WebSocket handler that is not async": (
        "TypeError", "app.websocket('/h')(lambda ws: None)", ["/h", "async def"]),
    "protocols that are no list": (
        "TypeError", "app.websocket('/i', protocols='mqtt')(h)", ["/i", "protocols", "mqtt"]),
    "a WebSocket route twice": (
        "ValueError", "app.websocket('/j')(h); app.websocket('/j')(h)", ["/j", "twice"]),
    "an unknown event": ("ValueError", "app.on_event('start')", ["startup", "shutdown", "start"]),
    "an unknown config key": (
        "TypeError", "ViperHTTP(config={'max_client': 3})", ["max_client", "max_clients", "send_queue"]),
    "an unknown config key in run()": ("TypeError", "app.run(8080, max_cliens=3)", ["max_cliens", "max_clients"]),
    "TLS that is not there": ("TypeError", "app.run(8080, wifi=False, https=True)", ["https", "TLS"]),
    "a mount without a slash": ("ValueError", "app.mount('static', '.')", ["static", "start with '/'"]),
}


def test_mistakes_in_routes_are_refused_with_the_route_in_the_message(runtime, tmp_path):
    lines = [SCRIPT_HEAD, "async def h(ws): pass\n"]
    for name, (kind, code, words) in MISTAKES.items():
        lines.append(f"# {name}\n@refused({kind}, *{words!r})\ndef _():\n    {code}\n")
    lines.append("print('done')\n")
    script = tmp_path / "mistakes.py"
    script.write_text("".join(lines))
    output, status = runtime.run(str(script), timeout=30)
    assert (output, status) == ("done\n", 0)


def test_a_websocket_handler_that_turns_out_not_to_be_async_is_500_and_named(runtime, serve, tmp_path):
    # A bound method or a closure cannot be told apart before it is called, on MicroPython.
    script = tmp_path / "late.py"
    script.write_text(
        "import json, sys\nimport viperhttp\n"
        "app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))\n"
        "class Handlers:\n    def plain(self, ws):\n        return 5\n"
        "try:\n    app.websocket('/late')(Handlers().plain)\n"
        "except TypeError as error:\n    print('refused:', error)\n"
        "app.run(int(sys.argv[1]), host='127.0.0.1')\n"
    )
    served = serve(str(script)[: -len(".py")])
    served.expect_errors = True
    if "refused:" in served.log():
        assert "/late must be `async def`" in served.log()
        return
    with Raw(served.port) as client:
        client.handshake("/late")
        assert client.response()[0] == 500
    served.wait_for_log("the handler of WebSocket route /late must be `async def`")


def test_a_port_in_use_is_named_with_what_to_do(runtime, serve):
    served = serve("http_routes")
    script = str(pathlib.Path(__file__).parent / "apps" / "http_routes.py")
    output, status = runtime.run(script, str(served.port), "{}", timeout=30)
    assert status != 0
    assert f"port {served.port} is in use by another program" in output
    assert "app.run(port=...)" in output
    with Raw(served.port) as client:
        assert client.get("/users/me")[0] == 200


def test_events_run_around_the_server_in_order(serve):
    served = serve("http_main")
    with Raw(served.port) as client:
        assert client.get("/")[0] == 200
    served.interrupt()
    assert served.wait() == 0
    said = [line for line in served.log().splitlines() if line.startswith("event:")]
    assert said == ["event: startup", "event: startup, sync", "event: shutdown"]


def test_the_port_is_free_again_at_once(serve):
    served = serve("http_main")
    with Raw(served.port) as client:
        assert client.get("/")[0] == 200
        served.interrupt()
        assert served.wait() == 0
        again = serve("http_main", port=served.port)
        with Raw(again.port) as other:
            assert other.get("/")[0] == 200
