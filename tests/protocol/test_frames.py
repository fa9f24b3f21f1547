"""RFC 6455 frames: what is taken, what is refused with which code, and that the cutting changes neither."""

import gc

from support import MASK, MICROPYTHON, Decoder, Random, client_frame, cut, decode, masked, refused, ways

from viperhttp.exceptions import ProtocolError
from viperhttp.protocol import frames
from viperhttp.protocol.assembly import Assembly, Skipper

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def single_bytes(stream):
    return [stream[i : i + 1] for i in range(len(stream))]


def taken(stream, events, limit=1000):
    """`stream` gives `events` whole, a byte at a time and at every split, with scan() and without."""
    for fast, view in ((True, False), (False, False), (True, True), (False, True)):
        for pieces in ways(stream):
            assert decode(pieces, limit, fast, view) == events, [len(piece) for piece in pieces]
    return True


def broken(code, stream, limit=1000):
    """`stream` is refused with `code`, whole, a byte at a time and at every split."""
    for fast in (True, False):
        for pieces in ways(stream):
            refused(code, decode, pieces, limit, fast)
    return True


def refused_after(stream, limit=1000):
    """How many bytes of `stream` had come, one at a time, when it was refused."""
    decoder = Decoder(limit)
    for i in range(len(stream)):
        try:
            decoder.feed(stream[i : i + 1])
        except ProtocolError:
            return i + 1
    raise AssertionError("not refused")


# -- section 5.7: the examples of the RFC ------------------------------------


def test_the_masked_hello_of_the_rfc_is_read():
    assert taken(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", [(TEXT, b"Hello")])


def test_the_server_frames_of_the_rfc_are_written():
    assert frames.frame(0x81, b"Hello") == b"\x81\x05Hello"
    assert frames.frame(0x01, b"Hel") == b"\x01\x03Hel"
    assert frames.frame(0x80, b"lo") == b"\x80\x02lo"
    assert frames.frame(0x89, b"Hello") == b"\x89\x05Hello"
    assert frames.frame(0x82, bytes(256)) == b"\x82\x7e\x01\x00" + bytes(256)
    assert frames.frame(0x82, bytes(65536)) == b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + bytes(65536)


# -- section 5.2: lengths ----------------------------------------------------


def test_messages_of_every_length_form_are_read():
    for n in (0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 254, 255, 256, 257, 1000):
        payload = Random(n + 1).bytes(n)
        stream = client_frame(BINARY, payload)
        for fast in (True, False):
            assert decode([stream], 1000, fast) == [(BINARY, payload)], n
            assert decode(single_bytes(stream), 1000, fast) == [(BINARY, payload)], n


def test_messages_at_the_edge_of_the_64_bit_length_are_read():
    for n in (65535, 65536, 65537):
        payload = (b"0123456" * (n // 7 + 1))[:n]
        # A mask of zeros: the payload goes as it is.
        head = client_frame(BINARY, b"", length=n, mask=bytes(4))
        assert len(head) == (8 if n < 65536 else 14)
        for sizes in ((), (1, 1, 5, 1), (14, 1000, 1, 40000), (13, 3)):
            for fast in (True, False):
                decoder = Decoder(70000, fast)
                for piece in cut(head + payload, sizes):
                    decoder.feed(piece)
                assert decoder.events == [(BINARY, payload)], (n, sizes)


def test_lengths_that_are_not_in_their_shortest_form_are_refused():
    for n in (0, 1, 124, 125):
        assert broken(1002, client_frame(TEXT, b"x" * n, form=2))
        assert broken(1002, client_frame(BINARY, b"x" * n, form=8))
        assert broken(1002, client_frame(TEXT, b"x" * n, form=2, fin=False))
    for n in (126, 500):
        refused(1002, decode, [client_frame(TEXT, b"x" * n, form=8)])
    refused(1002, decode, [client_frame(TEXT, b"x" * 65535, form=8)], 70000)


def test_a_length_with_the_top_bit_set_is_refused():
    assert broken(1002, b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00" + MASK)
    assert broken(1002, b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff" + MASK)


# -- section 5.1: masking ----------------------------------------------------


def test_a_frame_without_mask_is_refused_when_its_second_byte_comes():
    for opcode in (TEXT, BINARY, CLOSE, PING, PONG):
        for n in (0, 5, 125):
            stream = client_frame(opcode, b"x" * n, mask=None)
            refused(1002, decode, [stream])
            assert refused_after(stream) == 2
    assert broken(1002, client_frame(TEXT, b"later", fin=False) + client_frame(0, b"on", mask=None))


def test_every_mask_is_undone_at_every_split():
    for mask in (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x01\x02\x03\x04", b"\x80\x00\x00\x01"):
        assert taken(client_frame(BINARY, b"0123456789abcdef", mask=mask), [(BINARY, b"0123456789abcdef")])


def test_a_mask_of_zeros_is_still_a_mask():
    assert taken(client_frame(TEXT, b"plain", mask=bytes(4)), [(TEXT, b"plain")])


# -- section 5.2: reserved bits and opcodes ----------------------------------


def test_reserved_bits_are_refused_when_the_first_byte_comes():
    for rsv in range(1, 8):
        for opcode in (TEXT, BINARY, CLOSE, PING, PONG):
            stream = client_frame(opcode, b"hello", rsv=rsv)
            refused(1002, decode, [stream])
            assert refused_after(stream) == 1
        start = client_frame(TEXT, b"a", fin=False)
        assert refused_after(start + client_frame(0, b"b", rsv=rsv)) == len(start) + 1


def test_reserved_opcodes_are_refused_when_the_first_byte_comes():
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        for fin in (True, False):
            stream = client_frame(opcode, b"hello", fin=fin)
            refused(1002, decode, [stream])
            assert refused_after(stream) == 1, opcode


def test_each_first_byte_is_taken_or_refused_as_the_rfc_says():
    good = (0x01, 0x02, 0x81, 0x82, 0x88, 0x89, 0x8A)
    good_inside = (0x00, 0x80, 0x88, 0x89, 0x8A)
    for byte0 in range(256):
        for start, allowed in ((b"", good), (client_frame(BINARY, b"a", fin=False), good_inside)):
            stream = start + bytes((byte0, 0x80)) + MASK
            if byte0 in allowed:
                decode([stream])
            else:
                refused(1002, decode, [stream])


# -- section 5.4: fragments --------------------------------------------------


def test_a_message_in_fragments_is_put_together():
    stream = client_frame(TEXT, b"one ", fin=False) + client_frame(0, b"two ", fin=False)
    stream += client_frame(0, b"three")
    assert taken(stream, [(TEXT, b"one two three")])


def test_empty_fragments_count_as_fragments():
    stream = client_frame(BINARY, b"", fin=False) + client_frame(0, b"", fin=False) + client_frame(0, b"")
    assert taken(stream, [(BINARY, b"")])
    stream = client_frame(TEXT, b"", fin=False) + client_frame(0, b"middle", fin=False) + client_frame(0, b"")
    assert taken(stream, [(TEXT, b"middle")])


def test_each_fragment_has_its_own_mask():
    stream = client_frame(BINARY, b"abcde", fin=False, mask=b"1234")
    stream += client_frame(0, b"fgh", fin=False, mask=b"\x00\xff\x00\xff")
    stream += client_frame(0, b"ijklm", mask=b"zyxw")
    assert taken(stream, [(BINARY, b"abcdefghijklm")])


def test_control_frames_between_fragments_come_out_at_once():
    stream = client_frame(TEXT, b"a", fin=False) + client_frame(PING, b"1")
    stream += client_frame(0, b"b", fin=False) + client_frame(PONG, b"22") + client_frame(PING, b"")
    stream += client_frame(0, b"c")
    assert taken(stream, [(PING, b"1"), (PONG, b"22"), (PING, b""), (TEXT, b"abc")])


def test_a_close_between_fragments_comes_out():
    stream = client_frame(TEXT, b"a", fin=False) + client_frame(CLOSE, b"\x03\xe8bye")
    assert taken(stream, [(CLOSE, b"\x03\xe8bye")])


def test_a_message_of_many_small_fragments_is_put_together():
    text = b"".join([b"%d," % i for i in range(150)])
    stream = client_frame(TEXT, b"", fin=False)
    for i in range(len(text)):
        stream += client_frame(0, text[i : i + 1], fin=False)
        if i % 10 == 0:
            stream += client_frame(PING, b"")
    stream += client_frame(0, b"")
    for size in (1, 7, 100, len(stream)):
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        events = decode(pieces)
        assert events[-1] == (TEXT, text)
        assert events[:-1] == [(PING, b"")] * ((len(text) + 9) // 10)


def test_a_continuation_of_nothing_is_refused_at_its_first_byte():
    for fin in (True, False):
        stream = client_frame(0, b"lost", fin=fin)
        assert broken(1002, stream)
        assert refused_after(stream) == 1
    whole = client_frame(TEXT, b"whole")
    assert refused_after(whole + client_frame(0, b"more")) == len(whole) + 1
    ended = client_frame(TEXT, b"a", fin=False) + client_frame(0, b"b")
    assert refused_after(ended + client_frame(0, b"c")) == len(ended) + 1


def test_a_new_message_inside_a_fragmented_one_is_refused_at_its_first_byte():
    start = client_frame(TEXT, b"a", fin=False)
    for opcode in (TEXT, BINARY):
        for fin in (True, False):
            stream = start + client_frame(opcode, b"b", fin=fin)
            assert broken(1002, stream)
            assert refused_after(stream) == len(start) + 1


def test_messages_follow_one_another():
    stream = b"".join([client_frame(TEXT, b"%d" % i) for i in range(5)])
    stream += client_frame(BINARY, b"x", fin=False) + client_frame(0, b"y") + client_frame(TEXT, b"last")
    assert taken(stream, [(TEXT, b"%d" % i) for i in range(5)] + [(BINARY, b"xy"), (TEXT, b"last")])


def test_a_message_starts_with_a_clean_utf8_state():
    stream = client_frame(BINARY, b"\xe2\x82") + client_frame(TEXT, b"\xe2\x82\xac")
    stream += client_frame(TEXT, b"ok")
    assert taken(stream, [(BINARY, b"\xe2\x82"), (TEXT, b"\xe2\x82\xac"), (TEXT, b"ok")])


def test_binary_messages_may_hold_any_bytes():
    payload = bytes(range(256))
    assert decode([client_frame(BINARY, payload)]) == [(BINARY, payload)]
    stream = client_frame(BINARY, b"\xff\xfe", fin=False) + client_frame(0, b"\x80\xc0")
    assert taken(stream, [(BINARY, b"\xff\xfe\x80\xc0")])


# -- section 5.5: control frames ---------------------------------------------


def test_control_frames_of_up_to_125_bytes_are_taken():
    for opcode in (PING, PONG):
        for n in (0, 1, 4, 124, 125):
            payload = Random(n + 1).bytes(n)
            stream = client_frame(opcode, payload)
            for fast in (True, False):
                for size in (1, 3, len(stream)):
                    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
                    assert decode(pieces, 1000, fast) == [(opcode, payload)], (opcode, n, size)


def test_control_frames_do_not_count_against_the_message_limit():
    stream = client_frame(TEXT, b"12345", fin=False) + client_frame(PING, b"p" * 125)
    stream += client_frame(0, b"678")
    assert decode([stream], 8) == [(PING, b"p" * 125), (TEXT, b"12345678")]
    assert decode([client_frame(PING, b"p" * 125)], 8) == [(PING, b"p" * 125)]


def test_longer_control_frames_are_refused_when_their_second_byte_comes():
    for opcode in (CLOSE, PING, PONG):
        for form, n in ((2, 126), (2, 5), (8, 126), (8, 5), (8, 70000)):
            stream = client_frame(opcode, b"", form=form, length=n)
            assert broken(1002, stream)
            assert refused_after(stream) == 2


def test_fragmented_control_frames_are_refused_when_their_first_byte_comes():
    for opcode in (CLOSE, PING, PONG):
        stream = client_frame(opcode, b"x", fin=False)
        assert broken(1002, stream)
        assert refused_after(stream) == 1


# -- limits ------------------------------------------------------------------


def test_a_message_of_exactly_the_limit_is_taken_and_one_more_byte_refused():
    for limit in (0, 1, 5, 125, 126, 200):
        assert decode([client_frame(BINARY, bytes(limit))], limit) == [(BINARY, bytes(limit))]
        assert decode([client_frame(BINARY, bytes(limit))], limit, False) == [(BINARY, bytes(limit))]
        refused(1009, decode, [client_frame(BINARY, bytes(limit + 1))], limit)


def test_a_long_message_is_refused_at_the_end_of_its_header():
    for n in (101, 126, 70000, 1 << 31, 1 << 32, (1 << 63) - 1):
        stream = client_frame(BINARY, b"", length=n)
        assert refused_after(stream, 100) == len(stream)
        assembly = Assembly(100)
        refused(1009, assembly.feed, bytearray(stream), 0, len(stream))
        assert assembly.data is None


def test_fragments_are_added_up_before_the_last_one_is_stored():
    start = client_frame(TEXT, b"x" * 60, fin=False)
    assert decode([start + client_frame(0, b"x" * 40)], 100) == [(TEXT, b"x" * 100)]
    stream = start + client_frame(0, b"", length=41)
    assert refused_after(stream, 100) == len(stream)
    stream = start + client_frame(0, b"x" * 40, fin=False) + client_frame(0, b"", length=1)
    assert refused_after(stream, 100) == len(stream)


def test_refusing_a_long_message_takes_no_memory():
    if not MICROPYTHON:  # CPython has no such measure; the test above sees that nothing is stored
        return
    stream = bytearray(client_frame(BINARY, b"", length=500000))
    assembly = Assembly(100000)
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        try:
            assembly.feed(stream, 0, len(stream))
        except ProtocolError as error:
            assert error.code == 1009
        used = gc.mem_alloc() - before
    finally:
        gc.enable()
    assert used < 2000, used


def test_a_message_that_does_not_fit_in_memory_is_refused_as_too_big():
    if not MICROPYTHON:  # a host has more memory than a test should ask for
        return
    n = 64 << 20
    stream = client_frame(BINARY, b"", length=n)
    assembly = Assembly(n)
    refused(1009, assembly.feed, bytearray(stream), 0, len(stream))
    start = client_frame(BINARY, b"a", fin=False)
    assembly = Assembly(n)
    assembly.feed(bytearray(start), 0, len(start))
    stream = client_frame(0, b"", length=n - 1)
    refused(1009, assembly.feed, bytearray(stream), 0, len(stream))


def test_nothing_is_held_between_messages():
    assembly = Assembly(1000)
    assert assembly.idle()
    stream = bytearray(client_frame(TEXT, b"ab", fin=False) + client_frame(0, b"cd"))
    off = 0
    while off < len(stream):
        off = assembly.feed(stream, off, min(off + 1, len(stream)))
        assert assembly.idle() == (off == len(stream)), off
    assert assembly.data is None
    assert assembly.header == b""


def test_feed_stops_behind_each_frame():
    first = client_frame(BINARY, b"one", fin=False)
    ping = client_frame(PING, b"p")
    last = client_frame(0, b"two")
    buf = bytearray(first + ping + last)
    assembly = Assembly(100)
    off = assembly.feed(buf, 0, len(buf))
    assert (off, assembly.opcode) == (len(first), 0)
    off = assembly.feed(buf, off, len(buf))
    assert (off, assembly.opcode, assembly.payload) == (len(first + ping), PING, b"p")
    off = assembly.feed(buf, off, len(buf))
    assert (off, assembly.opcode, bytes(assembly.payload)) == (len(buf), BINARY, b"onetwo")


def test_the_bytes_behind_a_frame_are_left_as_they_are():
    frame = client_frame(BINARY, b"0123456")
    behind = b"\x81\x85next frame"
    buf = bytearray(frame + behind)
    assert Assembly(100).feed(buf, 0, len(buf)) == len(frame)
    assert buf[len(frame) :] == behind
    buf = bytearray(frame + behind)
    assert Assembly(100).feed(buf, 0, len(frame) - 2) == len(frame) - 2
    assert buf[len(frame) - 2 :] == frame[-2:] + behind


# -- section 7.4: closing ----------------------------------------------------

SENDABLE = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)


def test_the_close_codes_that_may_be_sent_are_taken_and_no_others():
    for code in SENDABLE:
        assert frames.sendable(code)
        assert frames.parse_close(bytes((code >> 8, code & 255))) == (code, "")
    for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 65535):
        assert not frames.sendable(code)
        refused(1002, frames.parse_close, bytes((code >> 8, code & 255)))


def test_an_empty_close_is_1005_and_half_a_code_an_error():
    assert frames.parse_close(b"") == (1005, "")
    refused(1002, frames.parse_close, b"\x03")


def test_a_close_reason_is_read_as_strict_utf8():
    assert frames.parse_close(b"\x03\xe8bye") == (1000, "bye")
    assert frames.parse_close(bytearray(b"\x03\xe8caf\xc3\xa9")) == (1000, "caf\xe9")
    assert frames.parse_close(b"\x03\xe8" + b"x" * 123) == (1000, "x" * 123)
    for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"ok\xc3", b"\xe2\x82", b"\xf4\x90\x80\x80"):
        refused(1007, frames.parse_close, b"\x03\xe8" + bad)


def test_a_bad_code_is_reported_before_a_bad_reason():
    refused(1002, frames.parse_close, b"\x03\xec\xff")


def test_a_close_payload_is_written_as_it_is_read():
    for code in SENDABLE:
        assert frames.parse_close(frames.close_payload(code, "caf\xe9 \u20ac")) == (code, "caf\xe9 \u20ac")
    assert frames.close_payload(1000) == b"\x03\xe8"
    assert frames.close_payload(1005) == b""


def test_a_long_close_reason_is_cut_between_characters():
    for char in ("a", "\xe9", "\u20ac", "\U0001f600"):
        width = len(char.encode())
        for lead in range(5):
            text = "x" * lead + char * 200
            payload = frames.close_payload(1000, text)
            assert 125 - width < len(payload) <= 125
            code, reason = frames.parse_close(payload)
            assert code == 1000
            assert text.startswith(reason)
            assert len(reason.encode()) == len(payload) - 2
    for n in (122, 123, 124, 125, 126):
        assert frames.parse_close(frames.close_payload(1000, "y" * n)) == (1000, "y" * min(n, 123))


# -- what the server sends ---------------------------------------------------


def test_server_frames_use_the_shortest_length_and_no_mask():
    for n in (0, 1, 125, 126, 127, 65535, 65536):
        data = frames.frame(0x82, bytes(n))
        size = 2 if n < 126 else 4 if n < 65536 else 10
        assert len(data) == size + n
        assert data[0] == 0x82
        assert data[1] & 0x80 == 0
        length = data[1] if size == 2 else int.from_bytes(data[2:size], "big")
        assert length == n
        assert data[1] == (n if size == 2 else 126 if size == 4 else 127)


def test_header_writes_where_it_is_told_and_nowhere_else():
    for n, size in ((0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10), (1 << 33, 10)):
        room = bytearray(b"\xee" * 14)
        assert frames.header(memoryview(room)[2:12], 0x81, n) == size
        assert room[:2] == b"\xee\xee"
        assert room[2 + size :] == b"\xee" * (12 - size)


def test_frames_are_made_of_any_kind_of_bytes():
    for payload in (b"abc", bytearray(b"abc"), memoryview(b"abc")):
        assert frames.frame(0x82, payload) == b"\x82\x03abc"


# -- looking for a CLOSE behind a broken frame -------------------------------


def found_close(stream, left=0):
    """How many bytes a Skipper takes to see the CLOSE, one at a time; None when it sees none."""
    skipper = Skipper(left)
    for i in range(len(stream)):
        if skipper.feed(bytearray(stream[i : i + 1]), 0, 1):
            return i + 1
    return None


def test_the_close_behind_a_broken_frame_is_found_at_every_split():
    close = client_frame(CLOSE, b"\x03\xe8")
    for before in (b"", client_frame(TEXT, b"\x88\x80\x88"), client_frame(7, b"x", rsv=5),
                   client_frame(PING, b"", fin=False),
                   client_frame(BINARY, bytes(300)), client_frame(BINARY, b"abc", form=8),
                   client_frame(TEXT, b"bare", mask=None)):
        stream = before + close
        assert found_close(stream) == len(stream)
        assert found_close(before) is None
        for at in range(1, len(stream)):
            skipper = Skipper()
            found = [skipper.feed(bytearray(piece), 0, len(piece)) for piece in (stream[:at], stream[at:])]
            assert found == [False, True], (before[:8], at)


def test_the_rest_of_a_broken_frame_is_stepped_over():
    close = client_frame(CLOSE, b"")
    assert found_close(b"\x88\x80\x88\x80" + close, 4) == 4 + len(close)
    assert found_close(b"\x88\x80\x88\x80\x88\x80", 6) is None


def close_seen_after_error(pieces, code):
    """Feed the pieces; after the error the assembly's skipper goes on. Whether it ends with the last byte."""
    assembly = Assembly(100)
    skipper = None
    seen = False
    for piece in pieces:
        assert not seen, "seen before the last piece"
        buf = bytearray(piece)
        off = 0
        while skipper is None and off < len(buf):
            try:
                off = assembly.feed(buf, off, len(buf))
            except ProtocolError as error:
                assert error.code == code
                skipper = assembly.skipper()
                off = assembly.at
        if skipper is not None:
            seen = skipper.feed(buf, off, len(buf))
    return seen


def test_after_every_error_the_close_that_follows_is_found_at_every_split():
    inner = b"\x88\x80\x88\x80\x88\x80"  # looks like a CLOSE, but is payload
    start = client_frame(TEXT, b"start", fin=False)
    for code, stream in (
        (1002, client_frame(TEXT, inner, rsv=1)),
        (1002, client_frame(5, inner)),
        (1002, client_frame(BINARY, inner, mask=None)),
        (1002, client_frame(BINARY, inner, form=2)),
        (1002, client_frame(BINARY, inner, form=8)),
        (1002, client_frame(PING, inner, fin=False)),
        (1002, client_frame(PING, inner * 30)),
        (1002, client_frame(0, inner)),
        (1002, start + client_frame(TEXT, inner)),
        (1007, client_frame(TEXT, b"text \xff more text")),
        (1007, start + client_frame(0, b"\xe2\x82")),
        (1009, client_frame(BINARY, inner * 20)),
        (1009, start + client_frame(0, inner * 16)),
    ):
        for pieces in ways(stream + client_frame(CLOSE, b"\x03\xe8")):
            sizes = [len(piece) for piece in pieces]
            assert close_seen_after_error(pieces, code), (code, stream[:12], sizes)


def test_a_skipper_holds_no_more_than_a_header():
    skipper = Skipper()
    for _ in range(50):
        data = bytearray(client_frame(BINARY, bytes(100)))
        assert not skipper.feed(data, 0, len(data))
        assert len(skipper.header) <= 14


# -- everything together -----------------------------------------------------


def random_stream(random, count):
    """(bytes, events) of random messages, some in fragments, with control frames between."""
    stream = b""
    events = []

    def control():
        nonlocal stream
        opcode = random.choice((PING, PONG))
        payload = random.bytes(random.below(20))
        stream += client_frame(opcode, payload, mask=random.bytes(4))
        events.append((opcode, payload))

    for _ in range(count):
        if random.below(3) == 0:
            control()
        opcode = random.choice((TEXT, BINARY))
        payload = random.bytes(random.below(200))
        if opcode == TEXT:
            payload = "h\xe9llo \u20ac \U0001f600".encode() * random.below(4)
        pieces = cut(payload, [random.below(len(payload) + 1) for _ in range(random.below(4))])
        for i, piece in enumerate(pieces):
            last = i == len(pieces) - 1
            stream += client_frame(0 if i else opcode, piece, fin=last, mask=random.bytes(4))
            if not last and random.below(3) == 0:
                control()
        events.append((opcode, payload))
    return stream, events


def test_random_streams_give_the_same_events_however_they_are_cut():
    random = Random(7)
    for _ in range(60):
        stream, events = random_stream(random, 4)
        assert decode([stream]) == events
        assert decode([stream], fast=False) == events
        assert decode([stream[i : i + 1] for i in range(len(stream))]) == events
        for _ in range(5):
            assert decode(cut(stream, [random.below(60) for _ in range(20)])) == events


def test_random_bytes_are_refused_or_taken_but_never_crash():
    random = Random(8)
    for _ in range(800):
        data = random.bytes(random.below(60))
        outcomes = []
        for fast in (True, False):
            for pieces in ([data], [data[i : i + 1] for i in range(len(data))]):
                decoder = Decoder(200, fast)
                try:
                    for piece in pieces:
                        decoder.feed(piece)
                    outcomes.append((0, decoder.events))
                except ProtocolError as error:
                    outcomes.append((error.code, decoder.events))
        for outcome in outcomes:
            assert outcome == outcomes[0], data


def test_masking_a_payload_twice_gives_it_back():
    assert masked(masked(b"there and back", MASK), MASK) == b"there and back"


def test_a_frame_of_an_array_has_the_length_of_its_bytes():
    from array import array

    assert frames.frame(0x82, array("H", [1, 2, 3])) == b"\x82\x06" + bytes(array("H", [1, 2, 3]))
    assert frames.frame(0x82, memoryview(array("H", [1, 2, 3]))) == b"\x82\x06" + bytes(array("H", [1, 2, 3]))
    assert frames.frame(0x82, bytearray(b"ab")) == b"\x82\x02ab"
