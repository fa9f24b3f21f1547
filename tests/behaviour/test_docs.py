"""The documents of the running API: what they say, that they are valid, and what they cost."""

import base64
import gzip
import hashlib
import json
import pathlib
import re
import subprocess
import sys

import pytest
from raw import Raw

ROOT = pathlib.Path(__file__).parents[2]
DOCUMENTS = ("/openapi.json", "/asyncapi.json", "/docs")


def fetch(served, path, *headers, method="GET"):
    with Raw(served.port) as client:
        client.request(f"{method} {path}", headers)
        return client.response(method)


def document(served, path="/openapi.json"):
    status, headers, body = fetch(served, path)
    assert (status, headers["content-type"]) == (200, "application/json")
    return json.loads(body)


def all_refs(node):
    """Every $ref in a document."""
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
        for value in node.values():
            yield from all_refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from all_refs(value)


def resolve(whole, reference):
    node = whole
    for key in reference.removeprefix("#/").split("/"):
        node = node[key]
    return node


# ---- OpenAPI ---------------------------------------------------------------


def test_the_openapi_document_is_valid_by_the_official_schema(serve):
    validator = pytest.importorskip("openapi_spec_validator", reason="`make test` installs openapi-spec-validator")
    api = document(serve("docs_full"))
    validator.validate(api)
    assert api["openapi"] == "3.0.3"
    assert api["info"] == {
        "title": 'Greenhouse "North"',
        "version": "2.1.0",
        "description": "Climate and watering of one greenhouse.",
    }
    assert api["servers"] == [{"url": "http://greenhouse.local"}]


def test_every_shown_route_is_in_it_and_no_hidden_one(serve):
    served = serve("docs_full")
    found = {(path, method) for path, one in document(served)["paths"].items() for method in one}
    assert found == {
        ("/api/state", "get"),
        ("/api/history/{sensor}", "get"),
        ("/api/valve/{number}", "get"),
        ("/api/valve/{number_int}", "put"),
        ("/api/alarm", "post"),
        ("/api/alarm", "delete"),
        ("/api/firmware", "post"),
        ("/log/{name}", "get"),
        ("/events", "get"),
    }


def test_an_operation_has_its_words_parameters_body_and_responses(serve):
    paths = document(serve("docs_full"))["paths"]
    valve = paths["/api/valve/{number_int}"]["put"]
    assert valve == {
        "operationId": "put_api_valve_number_int",
        "tags": ["water"],
        "summary": "Open or close a valve",
        "description": "Takes effect within a second.",
        "parameters": [{"name": "number_int", "in": "path", "required": True, "schema": {"type": "integer"}}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["percent"],
                        "properties": {"percent": {"type": "integer"}},
                    }
                }
            },
        },
        "responses": {"200": {"description": "The valve moves"}, "404": {"description": "No such valve"}},
        "x-dependencies": ["user"],
    }
    history = paths["/api/history/{sensor}"]["get"]
    by_name = {one["name"]: one for one in history["parameters"]}
    assert by_name["sensor"]["schema"] == {"type": "string"}
    assert by_name["hours"] == {
        "name": "hours", "in": "query", "required": False, "schema": {"type": "integer", "default": 24},
    }
    assert by_name["raw"] == {"name": "raw", "in": "query", "required": True, "schema": {"type": "boolean"}}
    assert set(history["responses"]) == {"200", "422"}
    assert paths["/log/{name}"]["get"]["parameters"][0]["schema"]["format"] == "path"
    assert paths["/api/firmware"]["post"]["requestBody"]["content"] == {"application/octet-stream": {}}
    assert paths["/events"]["get"]["responses"]["200"]["content"] == {"text/event-stream": {}}


def test_a_route_for_several_methods_has_an_operation_id_for_each(serve):
    alarm = document(serve("docs_full"))["paths"]["/api/alarm"]
    assert {alarm[method]["operationId"] for method in alarm} == {"alarm", "alarm_post"}
    assert alarm["post"]["deprecated"] is True


def test_a_docstring_stands_in_for_summary_and_description_where_the_runtime_keeps_it(serve):
    served = serve("docs_full")
    history = document(served)["paths"]["/api/history/{sensor}"]["get"]
    said = history.get("summary"), history.get("description")
    # MicroPython throws docstrings away when it compiles.
    assert said == ((None, None) if served.runtime.micropython else ("Earlier readings", "One value for each hour."))


def test_x_websocket_lists_every_shown_websocket_route_in_the_documented_shape(serve):
    served = serve("docs_full")
    listed = {one["path"]: one for one in document(served)["x-websocket"]}
    assert set(listed) == {"/ws/echo", "/ws/{room}/mqtt", "/ws/numbers", "/ws/private"}
    assert listed["/ws/echo"] == {
        "path": "/ws/echo",
        "summary": "Sends back what it gets",
        "description": "",
        "tags": ["live"],
        "operationId": "ws_ws_echo",
        "protocols": [],
    }
    assert listed["/ws/{room}/mqtt"] == {
        "path": "/ws/{room}/mqtt",
        "summary": "" if served.runtime.micropython else "Bridge to the broker",
        "description": "",
        "tags": ["live"],
        "operationId": "ws_ws_room_mqtt",
        "protocols": ["mqtt", "mqttv5"],
    }


def test_include_websocket_docs_false_leaves_websockets_out_of_both_documents(serve):
    served = serve("docs_full", include_websocket_docs=False)
    assert "x-websocket" not in document(served)
    assert list(document(served, "/asyncapi.json")["channels"]) == ["sse_events"]


# ---- AsyncAPI --------------------------------------------------------------


def test_the_asyncapi_document_has_a_channel_for_each_websocket_and_declared_event_stream(serve):
    served = serve("docs_full")
    api = document(served, "/asyncapi.json")
    assert api["asyncapi"] == "3.0.0"
    assert {key: one["address"] for key, one in api["channels"].items()} == {
        "ws_ws_echo": "/ws/echo",
        "ws_ws_room_mqtt": "/ws/{room}/mqtt",
        "numbers_all": "/ws/numbers",
        "ws_ws_private": "/ws/private",
        "sse_events": "/events",
    }
    assert {key: one["action"] for key, one in api["operations"].items()} == {
        "receive_ws_ws_echo": "receive",
        "send_ws_ws_echo": "send",
        "receive_ws_ws_room_mqtt": "receive",
        "send_ws_ws_room_mqtt": "send",
        "receive_numbers_all": "receive",
        "send_numbers_all": "send",
        "receive_ws_ws_private": "receive",
        "send_ws_ws_private": "send",
        "send_sse_events": "send",
    }
    assert api["servers"]["websocket"] == {"host": "127.0.0.1", "protocol": "ws"}


def test_every_reference_in_the_asyncapi_document_leads_somewhere_and_messages_belong_to_their_channel(serve):
    api = document(serve("docs_full"), "/asyncapi.json")
    references = list(all_refs(api))
    assert len(references) > 20
    for reference in references:
        resolve(api, reference)
    for operation in api["operations"].values():
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")


def test_a_channel_tells_its_messages_parameters_query_and_subprotocols(serve):
    channels = document(serve("docs_full"), "/asyncapi.json")["channels"]
    assert set(channels["ws_ws_echo"]["messages"]) == {"text", "bytes"}
    assert set(channels["numbers_all"]["messages"]) == {"json"}
    assert set(channels["sse_events"]["messages"]) == {"event"}
    bridge = channels["ws_ws_room_mqtt"]
    assert set(bridge["parameters"]) == {"room"}
    binding = bridge["bindings"]["ws"]
    assert binding["query"]["properties"] == {"since": {"type": "integer", "default": 0}}
    assert binding["headers"]["properties"]["Sec-WebSocket-Protocol"]["enum"] == ["mqtt", "mqttv5"]


# ---- where they are served, and what they cost -----------------------------


def test_they_are_streamed_in_pieces_that_a_board_can_hold(serve):
    served = serve("docs_full")
    for path in DOCUMENTS[:2]:
        with Raw(served.port) as client:
            client.request(f"GET {path}", ["Connection: close"])
            answer = client.read_all()
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head.lower()
        sizes = []
        while body:
            size, _, body = body.partition(b"\r\n")
            sizes.append(int(size, 16))
            body = body[sizes[-1] + 2 :]
        assert len(sizes) >= 5 and max(sizes) < 1600


def test_nothing_is_loaded_before_a_document_is_asked_for_and_the_page_is_forgotten_again(serve):
    served = serve("docs_full")
    assert fetch(served, "/no-such-path")[0] == 404
    assert document(served, "/modules") == []
    assert fetch(served, "/openapi.json")[0] == 200
    loaded = document(served, "/modules")
    assert loaded and not [name for name in loaded if "page" in name or "asyncapi" in name]
    assert fetch(served, "/docs")[0] == 200
    assert not [name for name in document(served, "/modules") if "page_data" in name]
    assert gzip.decompress(fetch(served, "/docs")[2]).startswith(b"<!doctype html>")


def test_docs_false_serves_none_of_them(serve):
    served = serve("docs_full", docs=False)
    assert [fetch(served, path)[0] for path in DOCUMENTS] == [404, 404, 404]


def test_their_addresses_can_be_chosen(serve):
    served = serve("docs_full", openapi_url="/about/api.json", docs_url="/about")
    assert [fetch(served, path)[0] for path in DOCUMENTS] == [404, 404, 404]
    about = document(served, "/about/api.json")["x-viperhttp"]
    assert (about["openapi"], about["asyncapi"], about["docs"]) == (
        "/about/api.json", "/about/asyncapi.json", "/about",
    )
    assert document(served, "/about/asyncapi.json")["asyncapi"] == "3.0.0"
    assert fetch(served, "/about")[1]["content-type"] == "text/html; charset=utf-8"


def test_without_a_document_there_is_no_page_and_without_a_page_there_is_a_document(serve):
    assert [fetch(serve("docs_full", openapi_url=None), path)[0] for path in DOCUMENTS] == [404, 404, 404]
    assert [fetch(serve("docs_full", docs_url=None), path)[0] for path in DOCUMENTS] == [200, 200, 404]


def test_a_route_of_the_application_goes_before_and_middleware_guards_the_documents(serve):
    served = serve("docs_own")
    assert [fetch(served, path)[0] for path in DOCUMENTS] == [401, 401, 401]
    assert fetch(served, "/docs", "X-Key: secret")[2] == b"my own page"
    status, _, body = fetch(served, "/openapi.json", "X-Key: secret")
    assert status == 200 and json.loads(body)["paths"] == {}


def test_only_get_and_head_are_answered(serve):
    served = serve("docs_full")
    for path in DOCUMENTS:
        assert fetch(served, path, "Content-Length: 0", method="POST")[0] == 405
        status, _, body = fetch(served, path, method="HEAD")
        assert (status, body) == (200, b"")


# ---- the page --------------------------------------------------------------


def test_the_page_needs_nothing_from_elsewhere_and_its_policy_lets_only_its_own_script_run(serve):
    _, headers, body = fetch(serve("docs_full"), "/docs")
    assert headers["content-encoding"] == "gzip"
    text = gzip.decompress(body).decode()
    assert not re.search(r"https?://|src=|@import|url\([^)]|\bon\w+=\"|\beval\(|innerHTML|new Function", text)
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    for kind in ("script", "style"):
        (inside,) = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert policy[f"{kind}-src"] == f"'sha256-{digest}'"


def test_a_browser_that_has_the_page_gets_304(serve):
    served = serve("docs_full")
    etag = fetch(served, "/docs")[1]["etag"]
    status, headers, _ = fetch(served, "/docs", f"If-None-Match: {etag}")
    assert (status, headers["etag"]) == (304, etag)


def test_the_page_can_ask_for_the_document_at_its_own_address(serve):
    served = serve("docs_full", openapi_url="/elsewhere/api.json")
    assert document(served, "/docs?openapi")["openapi"] == "3.0.3"


def test_the_page_that_is_shipped_is_made_from_its_sources():
    tool = ROOT / "tools" / "assets" / "docs_page.py"
    done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_event_stream_that_declares_nothing_is_listed_once_it_has_been_opened(serve):
    served = serve("http_sse")
    assert "sse_sync" not in document(served, "/asyncapi.json")["channels"]
    status, headers, _ = fetch(served, "/sync")
    assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert document(served, "/asyncapi.json")["channels"]["sse_sync"]["address"] == "/sync"
    said = document(served)["paths"]["/sync"]["get"]["responses"]["200"]
    assert said["content"] == {"text/event-stream": {}}


def test_the_rooms_of_app_stream_are_listed_as_a_socket_and_as_an_event_stream(serve):
    served = serve("docs_stream")
    api = document(served)
    assert [socket["path"] for socket in api["x-websocket"]] == ["/live"]
    assert api["x-websocket"][0]["protocols"] == ["viper.v1"]
    assert set(api["paths"]["/live"]) == {"get", "post"}
    assert api["paths"]["/live"]["get"]["responses"]["200"]["content"] == {"text/event-stream": {}}
    channels = document(served, "/asyncapi.json")["channels"]
    assert sorted(channel["address"] for channel in channels.values()) == ["/live", "/live"]
