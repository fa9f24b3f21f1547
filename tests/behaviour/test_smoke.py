"""The server starts, answers, echoes, and stops on both runtimes."""

from raw import ACCEPT, Raw, close, text


def test_a_request_gets_its_json(serve):
    with Raw(serve("basic").port) as client:
        headers = {"content-type": "application/json", "content-length": "18"}
        assert client.get("/") == (200, headers, b'{"hello": "world"}')


def test_a_message_glued_to_the_handshake_is_echoed(serve):
    with Raw(serve("basic").port) as client:
        headers = client.open("/echo", glued=text("early"))
        assert headers["sec-websocket-accept"] == ACCEPT
        assert client.frame() == (0x81, b"early")
        client.send(close(1000, b"bye"))
        assert client.closing() == (1000, "")
        assert client.at_end()
