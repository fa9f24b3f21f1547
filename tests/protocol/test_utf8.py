"""UTF-8 on the wire: RFC 3629 to the letter, refused at the first wrong byte, however it is cut."""

from support import MICROPYTHON, Random, client_frame, refused

from viperhttp.protocol.assembly import Assembly
from viperhttp.protocol.kernels import utf8

# (what is wrong, bytes, offset of the first byte that cannot be right)
MALFORMED = (
    ("continuation byte alone", b"\x80", 0),
    ("last continuation byte alone", b"\xbf", 0),
    ("continuation byte after text", b"abc\x80", 3),
    ("overlong slash in two", b"\xc0\xaf", 0),
    ("overlong NUL in two", b"\xc0\x80", 0),
    ("overlong DEL in two", b"\xc1\xbf", 0),
    ("overlong slash in three", b"\xe0\x80\xaf", 1),
    ("overlong U+07FF in three", b"\xe0\x9f\xbf", 1),
    ("overlong slash in four", b"\xf0\x80\x80\xaf", 1),
    ("overlong U+FFFF in four", b"\xf0\x8f\xbf\xbf", 1),
    ("surrogate U+D800", b"\xed\xa0\x80", 1),
    ("surrogate U+DBFF", b"\xed\xaf\xbf", 1),
    ("surrogate U+DFFF", b"\xed\xbf\xbf", 1),
    ("surrogate pair", b"\xed\xa0\xbd\xed\xb8\x80", 1),
    ("U+110000", b"\xf4\x90\x80\x80", 1),
    ("above U+13FFFF", b"\xf5\x80\x80\x80", 0),
    ("five bytes", b"\xf8\x88\x80\x80\x80", 0),
    ("six bytes", b"\xfc\x84\x80\x80\x80\x80", 0),
    ("FE", b"\xfe", 0),
    ("FF", b"\xff", 0),
    ("two bytes cut by ASCII", b"\xc3a", 1),
    ("two bytes cut by a lead", b"\xc3\xc3\xa9", 1),
    ("three bytes cut after one", b"\xe2a", 1),
    ("three bytes cut after two", b"\xe2\x82a", 2),
    ("three bytes cut by a lead", b"\xe2\x82\xe2\x82\xac", 2),
    ("four bytes cut after one", b"\xf0a", 1),
    ("four bytes cut after two", b"\xf0\x9fa", 2),
    ("four bytes cut after three", b"\xf0\x9f\x98a", 3),
    ("four bytes cut by FF", b"\xf0\x9f\x98\xff", 3),
    ("too many continuation bytes", b"\xc3\xa9\xa9", 2),
    ("a character, then an overlong one", b"\xe2\x82\xac\xc0\x80", 3),
    # the sample of Autobahn's 6.3
    ("kosme and a surrogate", b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", 12),
)

# The edges of every row of RFC 3629 section 4.
WELL_FORMED = (
    b"", b"\x00", b"\x7f", b"\xc2\x80", b"\xdf\xbf", b"\xe0\xa0\x80", b"\xe0\xbf\xbf", b"\xe1\x80\x80",
    b"\xec\xbf\xbf",
    b"\xed\x80\x80", b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xef\xbf\xbe", b"\xef\xbf\xbf",
    b"\xef\xbb\xbf", b"\xf0\x90\x80\x80", b"\xf0\xbf\xbf\xbf", b"\xf1\x80\x80\x80", b"\xf3\xbf\xbf\xbf",
    b"\xf4\x80\x80\x80", b"\xf4\x8f\xbf\xbf", b"plain text that is longer than a few words of memory",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", b"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80!",
)

# Bytes next to each edge of the rows of RFC 3629 section 4.
EDGES = b"\x00A\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5\xff"
FEW_EDGES = b"A\x80\x8f\x90\x9f\xa0\xbf\xc2\xe0\xed\xf0\xf4"

# RFC 3629 section 4 as a table, apart from the code under test: (lead bytes, bounds of each byte behind).
TAIL = (0x80, 0xBF)
ROWS = (
    ((0x00, 0x7F), ()),
    ((0xC2, 0xDF), (TAIL,)),
    ((0xE0, 0xE0), ((0xA0, 0xBF), TAIL)),
    ((0xE1, 0xEC), (TAIL, TAIL)),
    ((0xED, 0xED), ((0x80, 0x9F), TAIL)),
    ((0xEE, 0xEF), (TAIL, TAIL)),
    ((0xF0, 0xF0), ((0x90, 0xBF), TAIL, TAIL)),
    ((0xF1, 0xF3), (TAIL, TAIL, TAIL)),
    ((0xF4, 0xF4), ((0x80, 0x8F), TAIL, TAIL)),
)
FOLLOWERS = [None] * 256
for (_first, _last), _rest in ROWS:
    for _lead in range(_first, _last + 1):
        FOLLOWERS[_lead] = _rest


def expected(data):
    """-1 for malformed bytes, else how many bytes are wanting at the end."""
    i = 0
    while i < len(data):
        bounds = FOLLOWERS[data[i]]
        if bounds is None:
            return -1
        i += 1
        for k in range(len(bounds)):
            if i == len(data):
                return len(bounds) - k
            if not bounds[k][0] <= data[i] <= bounds[k][1]:
                return -1
            i += 1
    return 0


def verdict(state):
    return state if state < 0 else state & 0xFF


def in_pieces(data, sizes):
    """State after `data`, validated in pieces of these sizes and then the rest; stops at the first error."""
    state = at = 0
    for n in sizes + (len(data),):
        n = min(n, len(data) - at)
        state = utf8(data, at, n, state)
        if state < 0:
            return -1
        at += n
    return state


def test_the_edges_of_every_row_are_accepted_at_every_split():
    for data in WELL_FORMED:
        assert utf8(data, 0, len(data), 0) == 0, data
        for at in range(len(data) + 1):
            assert in_pieces(data, (at,)) == 0, (data, at)


def test_every_malformed_class_is_refused_at_every_split():
    for why, data, _ in MALFORMED:
        for head in (b"", b"a", b"ab", b"abc", b"abcd", b"0123456789abcdef", b"\xe2\x82\xac"):
            for tail in (b"", b"z", b"zzzzzzzzzzzz"):
                whole = head + data + tail
                assert utf8(whole, 0, len(whole), 0) == -1, why
                for at in range(len(whole) + 1):
                    assert in_pieces(whole, (at,)) == -1, (why, at)


def test_a_malformed_text_is_refused_at_its_first_wrong_byte():
    for why, data, bad in MALFORMED:
        state = 0
        for i in range(bad):
            state = utf8(data, i, 1, state)
            assert state >= 0, "%s: refused too early, at byte %d" % (why, i)
        assert utf8(data, bad, 1, state) == -1, "%s: byte %d was let through" % (why, bad)
        assert utf8(data, 0, bad, 0) == state, why
        assert utf8(data, 0, bad + 1, 0) == -1, why


def test_a_text_message_fails_while_its_wrong_byte_is_the_last_that_came():
    for why, data, bad in MALFORMED:
        stream = client_frame(1, data + b"tail")
        assembly = Assembly(1000)
        for i in range(6 + bad):
            buf = bytearray(stream[i : i + 1])
            assert assembly.feed(buf, 0, 1) == 1, why
        refused(1007, assembly.feed, bytearray(stream[6 + bad : 7 + bad]), 0, 1)


def test_a_character_may_be_spread_over_frames_but_not_left_open():
    text = b"a\xf0\x9f\x98\x80"
    for at in range(2, 5):
        assembly = Assembly(1000)
        first = bytearray(client_frame(1, text[:at], fin=False))
        last = bytearray(client_frame(0, text[at:]))
        assert assembly.feed(first, 0, len(first)) == len(first)
        assert assembly.feed(last, 0, len(last)) == len(last)
        assert (assembly.opcode, bytes(assembly.payload)) == (1, text)
        cut = bytearray(client_frame(1, text[:at]))
        refused(1007, Assembly(1000).feed, cut, 0, len(cut))


def test_bytes_around_the_range_are_not_looked_at():
    for data in WELL_FORMED:
        for off in range(8):
            buf = b"\xff" * off + data + b"\xff\x80"
            assert utf8(buf, off, len(data), 0) == 0, (data, off)
    assert utf8(b"\xff", 0, 0, 0) == 0
    assert utf8(b"\xff", 1, 0, 0) == 0


def test_bytearrays_and_bytes_are_read_alike():
    for data in WELL_FORMED:
        assert utf8(bytearray(data), 0, len(data), 0) == 0


def test_the_state_says_how_many_bytes_are_wanting():
    for data in WELL_FORMED:
        for at in range(len(data)):
            assert verdict(utf8(data, 0, at, 0)) == expected(data[:at]), (data, at)


def test_every_sequence_of_two_bytes_gets_the_right_verdict():
    buf = bytearray(2)
    for first in range(256):
        buf[0] = first
        for second in range(256):
            buf[1] = second
            want = expected(buf)
            assert verdict(utf8(buf, 0, 2, 0)) == want, bytes(buf)


def test_sequences_of_three_bytes_at_the_edges_get_the_right_verdict():
    buf = bytearray(3)
    for first in EDGES:
        for second in EDGES:
            for third in EDGES:
                buf[0], buf[1], buf[2] = first, second, third
                assert verdict(utf8(buf, 0, 3, 0)) == expected(buf), bytes(buf)


def test_sequences_of_four_bytes_at_the_edges_get_the_right_verdict():
    edges = FEW_EDGES if MICROPYTHON else EDGES
    buf = bytearray(4)
    for first in b"A\x80\xc2\xe0\xe1\xed\xf0\xf1\xf3\xf4\xf5":
        for second in edges:
            for third in FEW_EDGES:
                for fourth in FEW_EDGES:
                    buf[0], buf[1], buf[2], buf[3] = first, second, third, fourth
                    assert verdict(utf8(buf, 0, 4, 0)) == expected(buf), bytes(buf)


def encoded(point):
    # By hand: MicroPython's chr() keeps every character for ever, and its encoder writes surrogates.
    if point < 0x80:
        return bytes((point,))
    if point < 0x800:
        return bytes((0xC0 | point >> 6, 0x80 | point & 0x3F))
    if point < 0x10000:
        return bytes((0xE0 | point >> 12, 0x80 | point >> 6 & 0x3F, 0x80 | point & 0x3F))
    return bytes((0xF0 | point >> 18, 0x80 | point >> 12 & 0x3F, 0x80 | point >> 6 & 0x3F,
                  0x80 | point & 0x3F))


def test_every_code_point_is_accepted_and_no_surrogate():
    step = 7 if MICROPYTHON else 1
    for start in range(0, 0x110000, 0x400):
        if 0xD800 <= start < 0xE000:
            continue
        text = b"".join([encoded(point) for point in range(start, start + 0x400, step)])
        assert utf8(text, 0, len(text), 0) == 0, hex(start)
    for point in range(0xD800, 0xE000, step):
        assert utf8(encoded(point), 0, 3, 0) == -1, hex(point)


def test_random_mixtures_get_the_right_verdict_in_random_pieces():
    random = Random(20)
    samples = [data for data in WELL_FORMED if data] * 2 + [data for _, data, _ in MALFORMED]
    for _ in range(1500):
        data = b"".join([random.choice(samples if random.below(3) == 0 else WELL_FORMED) for _ in range(6)])
        data = data[: random.below(len(data) + 1)]
        want = expected(data)
        sizes = (random.below(9), random.below(9), random.below(9))
        assert verdict(utf8(data, 0, len(data), 0)) == want, data
        assert verdict(in_pieces(data, sizes)) == want, (data, sizes)
