"""Properties of the parsers over generated input: how a stream is cut never changes what it means."""

import h11
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Decoder, client_frame, cut, decode
from wsproto.frame_protocol import FrameProtocol
from wsproto.frame_protocol import Opcode as WsOpcode

from viperhttp.exceptions import ProtocolError
from viperhttp.protocol import frames, handshake, response, sse, url
from viperhttp.protocol.body import BodyReader
from viperhttp.protocol.http1 import whole_head
from viperhttp.protocol.kernels import utf8
from viperhttp.protocol.pieces import HeadReader

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

sizes = st.lists(st.integers(0, 40), max_size=30)
masks = st.binary(min_size=4, max_size=4)
controls = st.tuples(st.sampled_from((PING, PONG)), st.binary(max_size=125))
texts = st.text(max_size=200).map(lambda text: (TEXT, text.encode("utf-8", "replace")))
messages = st.one_of(texts, st.binary(max_size=300).map(lambda data: (BINARY, data)))

settings.register_profile("viperhttp", max_examples=150, deadline=None, derandomize=True, print_blob=True)
settings.load_profile("viperhttp")


class Limits:
    max_line = 300
    max_head = 1000
    max_headers = 20


@st.composite
def streams(draw):
    """(bytes, events): messages in fragments, with control frames anywhere between."""
    stream, events = b"", []
    for opcode, payload in draw(st.lists(messages, max_size=5)):
        pieces = cut(payload, draw(st.lists(st.integers(0, len(payload)), max_size=4)))
        for i, piece in enumerate(pieces):
            for control, data in draw(st.lists(controls, max_size=2)):
                stream += client_frame(control, data, mask=draw(masks))
                events.append((control, data))
            stream += client_frame(0 if i else opcode, piece, fin=i == len(pieces) - 1, mask=draw(masks))
        events.append((opcode, payload))
    return stream, events


@given(streams(), sizes, st.booleans())
def test_a_frame_stream_gives_the_same_events_at_every_split(case, cuts, fast):
    stream, events = case
    assert decode([stream], fast=fast) == events
    assert decode(cut(stream, cuts), fast=fast) == events


def outcome(pieces, fast):
    decoder = Decoder(200, fast)
    try:
        for piece in pieces:
            decoder.feed(piece)
    except ProtocolError as error:
        return error.code, decoder.events
    return 0, decoder.events


@given(streams(), st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=3), sizes)
def test_a_damaged_frame_stream_ends_the_same_at_every_split(case, damage, cuts):
    stream = bytearray(case[0])
    for at, byte in damage:
        if stream:
            stream[at % len(stream)] = byte
    stream = bytes(stream)
    want = outcome([stream], True)
    assert want[0] in (0, 1002, 1007, 1009)
    assert outcome([stream], False) == want
    assert outcome(cut(stream, cuts), True) == want
    assert outcome([stream[i : i + 1] for i in range(len(stream))], True) == want


@given(st.binary(max_size=40), st.lists(st.integers(0, 8), max_size=10))
def test_the_verdict_on_utf8_is_that_of_cpython(data, cuts):
    try:
        data.decode()
        good = True
    except UnicodeDecodeError:
        good = False
    assert (utf8(data, 0, len(data), 0) == 0) == good
    state = 0
    for piece in cut(data, cuts):
        state = utf8(piece, 0, len(piece), state)
        if state < 0:
            break
    assert (state == 0) == good


@given(messages)
def test_server_frames_are_read_by_another_implementation(message):
    opcode, payload = message
    reader = FrameProtocol(client=True, extensions=[])
    reader.receive_bytes(frames.frame(0x80 | opcode, payload))
    (frame,) = reader.received_frames()
    got = frame.payload.encode() if frame.opcode is WsOpcode.TEXT else bytes(frame.payload)
    assert (int(frame.opcode), got, frame.message_finished) == (opcode, payload, True)


@given(messages)
def test_client_frames_of_another_implementation_are_read(message):
    opcode, payload = message
    writer = FrameProtocol(client=True, extensions=[])
    data = writer.send_data(payload.decode() if opcode == TEXT else payload, fin=True)
    assert decode([data]) == [(opcode, payload)]


@given(st.integers(0, 65535), st.text(max_size=150))
def test_close_payloads_come_back_or_are_refused(code, reason):
    reason = reason.encode("utf-8", "replace").decode()
    payload = frames.close_payload(code, reason)
    assert len(payload) <= 125
    try:
        got, text = frames.parse_close(payload)
    except ProtocolError as error:
        assert error.code == 1002
        return
    assert got == code
    assert reason.startswith(text)
    assert text == reason or len(text.encode()) > 119


# -- HTTP --------------------------------------------------------------------

tokens = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=12)
values = st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "S")), max_size=30)
targets = st.text("abcXYZ019-._~!$&'()*+,;=:@/?%", max_size=40).map(lambda text: "/" + text)


@st.composite
def heads(draw):
    """(bytes, method, target, headers) of a request."""
    method, target = draw(tokens), draw(targets)
    if method == "CONNECT":
        method = "GET"
    lines = [("Host", "h")]
    for name, value in draw(st.lists(st.tuples(tokens, values), max_size=6)):
        if name.lower() not in ("host", "content-length", "transfer-encoding"):
            lines.append((name, value))
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name,
                                                       value in lines) + "\r\n"
    return head.encode("latin-1"), method, target, lines


def read_whole(data):
    """What read_head([data]) gives, by the way of a head that comes in one piece; None where that is not its way."""
    try:
        head = whole_head(data, Limits)
    except ProtocolError as error:
        return error.code, b""
    return head and (vars(head), b"")


def read_head(pieces):
    """(head or the status it is refused with, what is behind it); None when more is needed."""
    reader = HeadReader(Limits)
    for i, piece in enumerate(pieces):
        try:
            off = reader.feed(bytearray(piece), 0, len(piece))
        except ProtocolError as error:
            return error.code, b""
        if off >= 0:
            return vars(reader.head), piece[off:] + b"".join(pieces[i + 1 :])
    return None


@given(heads(), sizes, st.binary(max_size=20))
def test_a_request_is_read_alike_at_every_split(case, cuts, behind):
    data, method, target, lines = case
    reader = HeadReader(Limits)
    assert reader.feed(bytearray(data), 0, len(data)) == len(data)
    head = reader.head
    assert (head.method, head.target) == (method, target)
    for name, _ in lines:
        assert head.all(name.lower()) == [value for other, value in lines if other.lower() == name.lower()]
    assert read_whole(data) == (vars(head), b"")
    assert read_head(cut(data + behind, cuts)) == (vars(head), behind)


@given(heads(), st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), min_size=1, max_size=3), sizes)
def test_a_damaged_request_ends_the_same_at_every_split(case, damage, cuts):
    data = bytearray(case[0])
    for at, byte in damage:
        data[at % len(data)] = byte
    data = bytes(data)
    want = read_head([data])
    assert read_head(cut(data, cuts)) == want
    assert read_whole(data) in (want, None)


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=8), sizes, st.binary(max_size=10))
def test_chunks_are_put_together_at_every_split(pieces, cuts, behind):
    stream = b"".join(response.chunk(piece) for piece in pieces) + response.LAST_CHUNK + behind
    reader, sink, rest = BodyReader(-1, 1000), bytearray(), b""
    for part in cut(stream, cuts):
        off = reader.feed(bytearray(part), 0, len(part), sink)
        rest += part[off:]
    assert (sink, rest, reader.done) == (b"".join(pieces), behind, True)


@given(st.sampled_from((200, 204, 304, 404, 500)), st.lists(st.tuples(tokens, values), max_size=5),
       st.binary(max_size=50))
def test_response_heads_are_read_by_another_implementation(status, headers, body):
    headers = [("X-" + name, value.strip().encode("ascii", "replace").decode()) for name, value in headers]
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    client.receive_data(response.head(status, headers, len(body), True))
    got = client.next_event()
    assert got.status_code == status
    pairs = [(name.decode(), value.decode()) for name, value in got.headers]
    assert pairs[: len(headers)] == [(name.lower(), value) for name, value in headers]
    if status not in (204, 304):
        client.receive_data(body)
        if body:
            assert client.next_event().data == body
    assert isinstance(client.next_event(), h11.EndOfMessage)


@given(st.binary(min_size=16, max_size=16))
def test_every_key_of_sixteen_bytes_is_accepted(raw):
    import base64
    import hashlib

    key = base64.b64encode(raw)
    reader = HeadReader(Limits)
    data = bytearray(b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n")
    reader.feed(data, 0, len(data))
    want = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    assert handshake.check(reader.head) == want


@given(st.text(max_size=60))
def test_what_urllib_quotes_is_unquoted(text):
    from urllib.parse import quote

    text = text.encode("utf-8", "replace").decode()
    assert url.unquote(quote(text, safe="")) == text


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=5))
def test_what_urllib_encodes_as_a_form_is_read_back(fields):
    from urllib.parse import urlencode

    fields = {name.encode("utf-8", "replace").decode(): value.encode("utf-8", "replace").decode()
              for name, value in fields.items()}
    # A field with neither name nor value leaves only its "=".
    assert url.parse_query(urlencode(fields)) == fields


@given(st.text(max_size=80))
def test_text_in_an_event_comes_out_as_its_lines(text):
    text = text.encode("utf-8", "replace").decode()
    data = sse.event(text).decode()
    assert data.endswith("\n\n")
    assert "\r" not in data
    want = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = data[:-2].split("\n")
    assert all(line.startswith("data: ") for line in lines)
    assert "\n".join(line[len("data: ") :] for line in lines) == want
