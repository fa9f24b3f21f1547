"""The opening handshake: every check of RFC 6455 section 4.2.1, and the answer of section 4.2.2."""

import binascii

from support import Random, raises, refused, ways

from viperhttp.config import Config
from viperhttp.protocol import handshake
from viperhttp.protocol.pieces import HeadReader

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # the RFC's sample (section 1.3)
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
LINES = (b"Host: server.example.com", b"Upgrade: websocket", b"Connection: Upgrade",
         b"Sec-WebSocket-Key: " + KEY, b"Sec-WebSocket-Version: 13")


def parse(data):
    reader = HeadReader(Config())
    buf = bytearray(data)
    assert reader.feed(buf, 0, len(buf)) == len(buf)
    return reader.head


def opening(change=None, to=(), more=(), line=b"GET /chat HTTP/1.1"):
    """A handshake; the header that starts with `change` gives way to the lines of `to`."""
    lines = [line]
    for each in LINES:
        if change and each.startswith(change):
            lines.extend(to)
        else:
            lines.append(each)
    return parse(b"\r\n".join(lines + list(more)) + b"\r\n\r\n")


def test_the_sample_of_the_rfc_is_accepted():
    head = opening(more=(b"Origin: http://example.com", b"Sec-WebSocket-Protocol: chat, superchat"))
    assert head.asks_for("websocket")
    assert handshake.check(head) == ACCEPT
    assert handshake.accept_value(KEY.decode()) == ACCEPT
    assert handshake.offered(head) == ["chat", "superchat"]


def test_the_handshake_is_the_same_at_every_split():
    data = b"\r\n".join((b"GET / HTTP/1.1",) + LINES) + b"\r\n\r\n"
    for pieces in ways(data):
        reader = HeadReader(Config())
        for piece in pieces:
            reader.feed(bytearray(piece), 0, len(piece))
        assert handshake.check(reader.head) == ACCEPT


def test_only_a_request_with_the_websocket_upgrade_is_one():
    for value in (b"websocket", b"WebSocket", b"WEBSOCKET", b"h2c, websocket", b"websocket,foo"):
        assert opening(b"Upgrade", (b"Upgrade: " + value,)).asks_for("websocket")
    for value in (b"h2c", b"websockets", b"web socket", b"", b"websocket/13", b"TLS/1.0, HTTP/1.1"):
        assert not opening(b"Upgrade", (b"Upgrade: " + value,)).asks_for("websocket")
    assert not opening(b"Upgrade").asks_for("websocket")
    assert opening(b"Upgrade", (b"Upgrade: h2c", b"upgrade: websocket")).asks_for("websocket")
    assert not opening(b"Upgrade", (b"X-Upgrade: websocket",)).asks_for("websocket")


def test_a_handshake_is_a_get_of_http_1_1():
    for method in (b"POST", b"HEAD", b"PUT", b"OPTIONS", b"get"):
        refused(400, handshake.check, opening(line=method + b" / HTTP/1.1"))
    refused(400, handshake.check, opening(line=b"GET / HTTP/1.0"))


def test_connection_is_a_list_with_upgrade_in_it():
    for value in (b"Upgrade", b"upgrade", b"UPGRADE", b"keep-alive, Upgrade", b"keep-alive,upgrade",
                  b"Upgrade, keep-alive", b" , Upgrade ,"):
        assert handshake.check(opening(b"Connection", (b"Connection: " + value,))) == ACCEPT
    assert handshake.check(opening(b"Connection",
                                   (b"Connection: keep-alive", b"Connection: Upgrade"))) == ACCEPT
    for value in (b"keep-alive", b"", b"upgraded", b"x-upgrade", b"keep-alive Upgrade", b"close"):
        refused(400, handshake.check, opening(b"Connection", (b"Connection: " + value,)))
    refused(400, handshake.check, opening(b"Connection"))


def test_other_versions_are_answered_with_426():
    for value in (b"8", b"7", b"0", b"14", b"12", b"13.0", b"013", b"+13", b"13, 8", b"8, 13", b"13,", b"x",
                  b"", b"1 3"):
        refused(426, handshake.check, opening(b"Sec-WebSocket-Version",
                                              (b"Sec-WebSocket-Version: " + value,)))
    refused(426, handshake.check, opening(more=(b"Sec-WebSocket-Version: 8",)))


def test_a_missing_version_is_a_bad_request():
    refused(400, handshake.check, opening(b"Sec-WebSocket-Version"))


def test_the_version_is_looked_at_before_the_key():
    # An old client has no key of ours; 426 tells it what would work.
    old = (b"GET / HTTP/1.1", b"Host: h", b"Upgrade: websocket", b"Connection: Upgrade",
           b"Sec-WebSocket-Version: 8")
    refused(426, handshake.check, parse(b"\r\n".join(old) + b"\r\n\r\n"))


def test_the_key_is_sixteen_bytes_in_base64():
    random = Random(11)
    for n in (0, 1, 15, 16, 17, 18, 32):
        key = binascii.b2a_base64(random.bytes(n)).strip()
        head = opening(b"Sec-WebSocket-Key", (b"Sec-WebSocket-Key: " + key,))
        if n == 16:
            assert handshake.check(head) == handshake.accept_value(key.decode())
        else:
            refused(400, handshake.check, head)


def test_keys_of_another_form_are_refused():
    for key in (KEY[:-1], KEY[:-2], KEY + b"=", KEY + b"A", b"A" + KEY[:-1], KEY[:22] + b"=A", b"=" * 24,
                b"A" * 24, KEY[:10] + b" " + KEY[11:],
                KEY[:10] + b"-" + KEY[11:], KEY[:10] + b"_" + KEY[11:], KEY[:10] + b"=" + KEY[11:],
                KEY[:10] + b"\xe9" + KEY[11:],
                KEY + b", " + KEY, b"\"" + KEY + b"\""):
        refused(400, handshake.check, opening(b"Sec-WebSocket-Key", (b"Sec-WebSocket-Key: " + key,)))
    for byte in range(33, 127):
        key = KEY[:21] + bytes((byte,)) + b"=="
        head = opening(b"Sec-WebSocket-Key", (b"Sec-WebSocket-Key: " + key,))
        if chr(byte).isalpha() or chr(byte).isdigit() or byte in b"+/":
            assert handshake.check(head)
        else:
            refused(400, handshake.check, head)


def test_there_is_exactly_one_key():
    refused(400, handshake.check, opening(b"Sec-WebSocket-Key"))
    refused(400, handshake.check, opening(more=(b"Sec-WebSocket-Key: " + KEY,)))


def test_header_names_may_be_in_any_case():
    lines = [line.split(b":")[0].upper() + b":" + line.split(b":")[1] for line in LINES]
    assert handshake.check(parse(b"\r\n".join([b"GET / HTTP/1.1"] + lines) + b"\r\n\r\n")) == ACCEPT


def test_a_handshake_has_no_body():
    refused(400, handshake.check, opening(more=(b"Content-Length: 5",)))
    refused(400, handshake.check, opening(more=(b"Transfer-Encoding: chunked",)))
    assert handshake.check(opening(more=(b"Content-Length: 0",))) == ACCEPT


def test_subprotocols_are_read_in_order_from_every_header():
    head = opening(more=(b"Sec-WebSocket-Protocol: b , a", b"X: y", b"sec-websocket-protocol: ,c,,"))
    assert handshake.offered(head) == ["b", "a", "c"]
    assert handshake.offered(opening()) == []
    assert handshake.offered(opening(more=(b"Sec-WebSocket-Protocol:",))) == []


def test_subprotocols_that_are_no_tokens_are_refused():
    for value in (b"a b", b"a/b", b"\"a\"", b"a;q=1", b"caf\xe9", b"ok, n(o)", b"a\tb"):
        refused(400, handshake.offered, opening(more=(b"Sec-WebSocket-Protocol: " + value,)))


def test_the_answer_is_the_one_of_the_rfc():
    assert handshake.response(ACCEPT) == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    )
    answer = handshake.response(ACCEPT, "chat", (("Set-Cookie", "a=b"), ("X-N", 5)))
    assert answer.endswith(b"\r\nSec-WebSocket-Protocol: chat\r\nSet-Cookie: a=b\r\nX-N: 5\r\n\r\n")


def test_the_answer_cannot_be_made_to_hold_another_header():
    for text in ("a\r\nb: c", "a\nb", "a\rb", "a\0b", "\x7f"):
        raises(ValueError, handshake.response, ACCEPT, text)
        raises(ValueError, handshake.response, ACCEPT, None, (("X", text),))
        raises(ValueError, handshake.response, ACCEPT, None, ((text, "x"),))


def test_accept_values_of_random_keys_are_28_characters_of_base64():
    random = Random(12)
    for _ in range(50):
        value = handshake.accept_value(binascii.b2a_base64(random.bytes(16)).strip().decode())
        assert len(value) == 28
        assert len(binascii.a2b_base64(value)) == 20
