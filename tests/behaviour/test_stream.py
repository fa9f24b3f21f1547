"""app.stream: rooms over WebSocket and event streams alike, as PROTOCOL.md has it."""

import base64
import json

import pytest
from live import VIPER, Events, Socket, get, publish, stats
from raw import Raw, close, frame, text
from serving import eventually


def test_each_kind_of_client_gets_the_same_message_in_its_form(serve):
    port = serve("live").port
    socket, events = Socket(port), Events(port)
    assert (socket.until("sync")[-1][2], events.until("sync")[-1][2]) == ("sync", "sync")
    plain_events = Events(port, viper=False)
    assert plain_events.event() == {"retry": "2000"}
    assert set(plain_events.event()) == {"id"}
    plain = Raw(port)
    plain.open("/live")
    assert publish(port, "latest", "temp", {"v": 21.5}) == 4
    message = socket.next()
    assert message[1:4] == ["latest", "msg", {"v": 21.5}]
    assert message[5] == "temp"
    assert events.next() == message
    assert events.point == "%s-%d" % (events.hello[3]["epoch"], message[0])
    fields = plain_events.event()
    assert fields["id"] == events.point
    assert json.loads(fields["data"]) == {"v": 21.5}
    assert "event" not in fields
    assert json.loads(plain.message()) == {"v": 21.5}


def test_a_named_event_and_several_lines_reach_everybody_whole(serve):
    port = serve("live").port
    events, plain, socket = Events(port), Events(port, viper=False), Socket(port)
    for client in (events, socket):
        client.until("sync")
    plain.event(), plain.event()
    publish(port, "latest", "k", "one\ntwo\r\nthree", event="alarm")
    assert socket.next()[2:4] == ["alarm", "one\ntwo\r\nthree"]
    assert events.next()[2:4] == ["alarm", "one\ntwo\r\nthree"]
    fields = plain.event()
    assert (fields["event"], fields["data"]) == ("alarm", "one\ntwo\nthree")


def test_an_event_name_with_a_line_break_is_refused_to_its_publisher(serve):
    served = serve("live")
    served.expect_errors = True
    events = Events(served.port)
    events.until("sync")
    with pytest.raises(AssertionError, match="Internal Server Error"):
        publish(served.port, "latest", "k", 1, event="a%0Ad%0Adata:%20forged")
    publish(served.port, "latest", "k", 2)
    assert events.next()[3] == 2


def test_binary_messages_come_as_they_are(serve):
    port = serve("live").port
    socket, events, plain = Socket(port), Events(port), Raw(port)
    plain.open("/live")
    socket.until("sync")
    events.until("sync")
    assert get(port, "/binary/latest/512") == {"reached": 3}
    data = bytes(range(256)) * 2
    assert socket.frame() == (0x82, data) == plain.frame()
    fields = events.event()
    assert fields["event"] == "bin"
    assert base64.b64decode(fields["data"]) == data


def test_messages_upstream_reach_the_application_over_both(serve):
    served = serve("live")
    socket, events, plain = Socket(served.port), Events(served.port), Raw(served.port)
    plain.open("/live")
    socket.ask("msg", "latest", {"from": "socket"})
    assert events.ask("msg", "latest", "from events") == 204
    plain.send(text("from plain"))
    plain.send(frame(0x82, b"\x01"))
    for said in ("{'from': 'socket'}", "from events", "from plain", "b'\\x01'"):
        served.wait_for_log(f"got latest {said}")


def test_what_a_plain_client_sends_is_for_the_room_of_its_path_or_the_first_it_asked_for(serve):
    served = serve("live", rooms={"a": {}, "b": {}})
    hears, plain, asks, both = Socket(served.port, "/of/open1"), Raw(served.port), Raw(served.port), Raw(served.port)
    hears.until("sync")
    plain.open("/of/open1")
    plain.send(text("by its path"))
    assert hears.next()[1:4] == ["open1", "msg", "by its path"]
    stream = Events(served.port, "/of/open1")
    body = b"posted"
    with Raw(served.port) as client:
        fields = [f"X-Viper-Stream: {stream.hello[3]['stream']}", f"Content-Length: {len(body)}"]
        client.request("POST /of/open1", [*fields, "Content-Type: application/octet-stream"], body)
        assert client.response()[0] == 204
    assert hears.frame() == (0x82, body)
    asks.open("/live?rooms=b")
    asks.send(text("asked"))
    served.wait_for_log("got b asked")
    both.open("/live")
    both.send(text("first"))
    served.wait_for_log("got a first")


def test_ping_is_answered_with_what_was_sent_and_the_boards_clock(serve):
    port = serve("live").port
    socket, events = Socket(port), Events(port)
    socket.until("sync")
    events.until("sync")
    socket.ask("ping", [1, "x"])
    first = socket.next()
    assert first[:4] == [0, "", "pong", [1, "x"]]
    assert events.ask("ping", 7) == 204
    second = events.next()
    assert second[:4] == [0, "", "pong", 7]
    assert second[4] >= first[4] >= socket.hello[4]


def test_what_is_no_request_is_answered_with_an_error_and_the_stream_goes_on(serve):
    port = serve("live").port
    socket, events = Socket(port), Events(port)
    socket.until("sync")
    events.until("sync")
    bodies = (b"no json", b"7", b"[]", b'["what"]', b'{"a": 1}', b'["msg", "latest"]', b'["join", 5, 1, 2]', b"\xff")
    for body in bodies:
        with Raw(port) as client:
            fields = ["X-Viper-Stream: " + events.hello[3]["stream"], f"Content-Length: {len(body)}"]
            client.request("POST /live", fields, body)
            assert client.response()[0] == 400, body
        if body != b"\xff":  # it is no text at all: nothing is said on the stream
            assert events.next()[2] == "error", body
            socket.send(frame(0x81, body))
            assert socket.next()[2] == "error", body
    socket.ask("ping", 1)
    assert socket.next()[2] == "pong"
    assert events.ask("ping", 2) == 204
    assert events.next()[3] == 2


def test_a_failing_on_message_is_reported(serve):
    served = serve("live")
    served.expect_errors = True
    socket, events = Socket(served.port), Events(served.port)
    socket.until("sync")
    socket.ask("msg", "latest", "fail")
    assert socket.closing()[0] == 1011
    assert events.ask("msg", "latest", "fail") == 500
    served.wait_for_log("ValueError: on_message failed")


def test_only_who_knows_a_streams_id_may_send_for_it(serve):
    port = serve("live").port
    events = Events(port)
    ident = events.hello[3]["stream"]
    assert len(ident) == 32
    assert Events(port).hello[3]["stream"] != ident
    for wrong in ("", "0" * 32, ident[:-1]):
        with Raw(port) as client:
            client.request("POST /live", ["X-Viper-Stream: " + wrong, "Content-Length: 10"], b'["ping",1]')
            assert client.response()[0] == 404
    with Raw(port) as client:
        client.request("POST /live?stream=" + ident, ["Content-Length: 10"], b'["ping",1]')
        assert client.response()[0] == 204
    events.sock.close()

    def gone():
        with Raw(port) as client:
            client.request("POST /live?stream=" + ident, ["Content-Length: 10"], b'["ping",1]')
            return client.response()[0] == 404

    eventually(gone, "the id ends with its stream")


def test_pages_of_other_origins_are_kept_out_of_all_three(serve):
    port = serve("live").port
    foreign = "Origin: http://evil.example"
    with Raw(port) as client:
        assert client.get("/live", foreign)[0] == 403
    with Raw(port) as client:
        client.handshake("/live", foreign)
        assert client.response()[0] == 403
    events = Events(port, "/live", "Origin: http://127.0.0.1")
    assert events.ask("ping", 1, headers=[foreign]) == 403
    assert events.ask("ping", 1, headers=["Origin: http://127.0.0.1"]) == 204
    assert Socket(port, "/live", "Origin: http://127.0.0.1").hello[2] == "hello"


def test_rooms_are_joined_and_left_while_connected(serve):
    rooms = {"a": {"policy": "latest"}, "b": {"policy": "drop_oldest", "history": 4}}
    port = serve("live", rooms=rooms).port
    for kind in (Socket, Events):
        client = kind(port, "/live?rooms=a")
        assert client.hello[3]["rooms"] == ["a"]
        client.until("sync")
        publish(port, "b", "k", "unheard")
        client.ask("join", "b", None, None)
        assert client.next()[1:3] == ["b", "joined"]
        publish(port, "b", "k", "heard")
        assert client.next()[1:4] == ["b", "msg", "heard"]
        client.ask("leave", "b")
        assert client.next()[:3] == [0, "b", "left"]
        publish(port, "b", "k", "unheard")
        publish(port, "a", "k", "in a")
        assert client.next()[1:4] == ["a", "msg", "in a"]
        client.ask("join", "elsewhere", None, None)
        assert client.next()[1:3] == ["elsewhere", "error"]
    with Raw(port) as client:
        assert client.get("/live?rooms=elsewhere")[0] == 403


def test_a_member_may_be_in_a_limited_number_of_rooms(serve):
    port = serve("live").port
    names = ["open%d" % n for n in range(16)]
    client = Socket(port, "/guarded?rooms=" + ",".join(names))
    client.until("sync")
    client.ask("join", "open16", None, None)
    assert client.next()[1:3] == ["open16", "error"]
    client.ask("leave", "open3")
    assert client.next()[2] == "left"
    client.ask("join", "open16", None, None)
    assert client.next()[1:3] == ["open16", "joined"]
    with Raw(port) as other:
        assert other.get("/guarded?rooms=" + ",".join([*names, "open17"]))[0] == 403


def test_authorize_decides_who_may_join_and_publish(serve):
    served = serve("live")
    port = served.port
    with Raw(port) as client:
        client.handshake("/of/secret", VIPER)
        assert client.response()[0] == 403
    with Raw(port) as client:
        assert client.get("/of/secret")[0] == 403
    one, two, reader = Socket(port, "/of/open1"), Events(port, "/of/open1"), Socket(port, "/of/readonly")
    for client in (one, two, reader):
        client.until("sync")
    one.ask("msg", "open1", {"hi": 1})
    assert one.next()[1:4] == ["open1", "msg", {"hi": 1}] == two.next()[1:4]
    reader.ask("msg", "readonly", "x")
    assert reader.next()[:3] == [0, "readonly", "error"]
    reader.ask("join", "secret", None, None)
    assert reader.next()[:3] == [0, "secret", "error"]
    served.wait_for_log("may secret join")


def test_a_stream_without_on_message_or_authorize_takes_nothing(serve):
    port = serve("live", stream={"on_message": None}).port
    socket = Socket(port)
    socket.until("sync")
    socket.ask("msg", "latest", "x")
    assert socket.next()[:3] == [0, "latest", "error"]


def test_leaving_by_every_way_empties_the_rooms(serve):
    port = serve("live").port
    clients = [Socket(port), Socket(port), Events(port), Events(port, viper=False), Raw(port)]
    clients[-1].open("/live")
    eventually(lambda: stats(port, "latest")["members"] == 5, "all are there")
    clients[0].send(close(1000))
    for client in clients[1::2]:
        client.reset()
    for client in clients[::2]:
        client.sock.close()
    eventually(lambda: stats(port, "latest")["members"] == 0, "all have left")


def test_heartbeats_are_comments_for_plain_streams_and_visible_for_viper_ones(serve):
    port = serve("live", stream={"heartbeat": 0.05}).port
    plain, viper = Events(port, viper=False), Events(port)
    assert viper.hello[3]["heartbeat"] == 0.05
    viper.until("sync")
    plain.event(), plain.event()
    assert plain.event() == {} == plain.event()
    beats = [viper.next(), viper.next()]
    assert [beat[:4] for beat in beats] == [[0, "", "beat", None]] * 2
    assert beats[1][4] > beats[0][4]


def test_stop_ends_all_and_an_event_source_does_not_come_back(serve):
    port = serve("live").port
    socket, events = Socket(port), Events(port)
    socket.until("sync")
    events.until("sync")
    socket.ask("msg", "latest", "stop")
    assert socket.closing() == (1000, "")
    assert events.at_end()
    with Raw(port) as client:
        assert client.get("/live?viper=1")[0] == 204
    again = Raw(port)
    again.open("/live", VIPER)
    assert again.closing() == (1000, "")


def test_an_event_stream_works_behind_a_proxy_of_http_1_0(serve):
    port = serve("live").port
    with Raw(port) as client:
        client.send("GET /live?viper=1 HTTP/1.0\r\nHost: a\r\n\r\n")
        assert b"chunked" not in client.read_until(b"\r\n\r\n")
        assert b"hello" in client.read_until(b"\n\n") + client.read_until(b"\n\n")


def test_head_of_a_stream_is_its_headers(serve):
    with Raw(serve("live").port) as client:
        client.request("HEAD /live")
        status, headers, _ = client.response("HEAD")
        assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
