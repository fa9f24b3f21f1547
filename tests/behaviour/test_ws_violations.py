"""What RFC 6455 forbids a client: the right close code is on the wire, then TCP is closed, and the server goes on."""

import struct

import pytest
from raw import Raw, close, frame, text

VIOLATIONS = {
    "no mask": (frame(0x81, b"hello", masked=False), 1002),
    "no mask, no payload": (frame(0x81, b"", masked=False), 1002),
    "ping without mask": (frame(0x89, b"", masked=False), 1002),
    "RSV1": (frame(0xC1, b"x"), 1002),
    "RSV2": (frame(0xA1, b"x"), 1002),
    "RSV3": (frame(0x91, b"x"), 1002),
    "RSV in a ping": (frame(0xC9, b"x"), 1002),
    "reserved opcode 3": (frame(0x83, b"x"), 1002),
    "reserved opcode 7": (frame(0x87, b""), 1002),
    "reserved opcode 11": (frame(0x8B, b""), 1002),
    "reserved opcode 15": (frame(0x8F, b"x"), 1002),
    "fragmented ping": (frame(0x09, b"x"), 1002),
    "fragmented close": (frame(0x08, b""), 1002),
    "ping of 126 bytes": (frame(0x89, b"x" * 126), 1002),
    "close of 126 bytes": (close(1000, b"x" * 124), 1002),
    "continuation of nothing": (frame(0x80, b"x"), 1002),
    "message inside a message": (frame(0x01, b"x") + frame(0x81, b"y"), 1002),
    "length not shortest, 16 bits": (b"\x81\xfe\x00\x05\x00\x00\x00\x00hello", 1002),
    "length not shortest, 64 bits": (b"\x81\xff" + struct.pack("!Q", 300) + bytes(304), 1002),
    "length with the top bit": (b"\x81\xff" + struct.pack("!Q", 1 << 63) + bytes(4), 1002),
    "length of 2**62": (b"\x81\xff" + struct.pack("!Q", 1 << 62) + bytes(4), 1009),
    "text not UTF-8": (frame(0x81, b"\xff"), 1007),
    "text with a surrogate": (frame(0x81, b"\xed\xa0\x80"), 1007),
    "text in overlong form": (frame(0x81, b"\xc0\xaf"), 1007),
    "text above U+10FFFF": (frame(0x81, b"\xf4\x90\x80\x80"), 1007),
    "text that ends inside a character": (frame(0x81, b"abc\xe2\x82"), 1007),
    "bad byte in the first fragment": (frame(0x01, b"\xff"), 1007),
    "bad byte in the last fragment": (frame(0x01, b"ok") + frame(0x80, b"\xff"), 1007),
    "character cut by the end of the message": (frame(0x01, b"\xe2") + frame(0x80, b"\x82"), 1007),
    "close with one byte": (frame(0x88, b"\x03"), 1002),
    "close reason not UTF-8": (close(1000, b"\xff"), 1007),
}
for _code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
    VIOLATIONS["close code %d" % _code] = (close(_code), 1002)


def answer_close(client):
    """The peer's half of the closing handshake, so that the server need not wait for it."""
    try:
        client.send(close(1002))
    except OSError:
        pass


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_closes_with_its_code(cases, name):
    data, code = VIOLATIONS[name]
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(text("before"))
        assert client.message() == "before"
        client.send(data)
        assert client.closing()[0] == code
        answer_close(client)
        assert client.at_end()


@pytest.mark.parametrize("name", ["no mask", "reserved opcode 3", "length of 2**62", "text not UTF-8", "close code 0"])
def test_tcp_is_closed_behind_a_violation_although_the_peer_does_nothing(cases, name):
    data, code = VIOLATIONS[name]
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(data)
        assert client.closing()[0] == code
        assert client.at_end()


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_one_byte_at_a_time_closes_with_its_code(cases, name):
    data, code = VIOLATIONS[name]
    with Raw(cases.port) as client:
        client.open("/echo")
        try:
            client.drip(data)
        except OSError:
            pass  # closed before the last byte, as it may be
        assert client.closing()[0] == code
        answer_close(client)
        assert client.at_end()


@pytest.mark.parametrize("name", ["no mask", "text not UTF-8", "close with one byte", "ping of 126 bytes"])
def test_a_violation_glued_to_the_handshake_closes_with_its_code(cases, name):
    data, code = VIOLATIONS[name]
    with Raw(cases.port) as client:
        client.open("/echo", glued=data)
        assert client.closing()[0] == code
        assert client.at_end()


@pytest.mark.parametrize("name", ["RSV1", "text not UTF-8", "length of 2**62", "close with one byte"])
def test_messages_before_a_violation_are_delivered_and_those_behind_it_are_not(cases, name):
    data, code = VIOLATIONS[name]
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(text("one") + text("two") + data + text("three"))
        assert [client.message(), client.message()] == ["one", "two"]
        assert client.closing()[0] == code


def test_bad_utf8_is_noticed_before_its_message_is_complete(cases):
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(frame(0x01, b"good so far"))
        client.send(frame(0x80, b"\xff" + b"x" * 1000)[:10])
        assert client.closing()[0] == 1007


def test_the_close_is_answered_behind_a_violation(cases):
    # The peer's half of the closing handshake ends the connection at once, without the deadline.
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(frame(0x83, b"x" * 200) + text("skipped") + close(1002))
        assert client.closing()[0] == 1002
        assert client.at_end()


def test_a_peer_that_goes_on_after_a_violation_is_cut_off(serve):
    with Raw(serve("ws_cases", close_timeout=0.3).port) as client:
        client.open("/echo")
        client.send(frame(0x83, b""))
        assert client.closing()[0] == 1002
        with pytest.raises(OSError):
            for _ in range(10000):
                client.send(text("x" * 100))
                client.sock.settimeout(0.001)
                try:
                    if client.sock.recv(10) == b"":
                        raise ConnectionResetError
                except TimeoutError:
                    pass
                client.sock.settimeout(10)


def test_the_handler_sees_the_code_of_a_violation(serve):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open("/finally")
        client.send(frame(0x81, b"\xff"))
        assert client.closing()[0] == 1007
    served.wait_for_log("finally: ran 1007 text is not UTF-8")
