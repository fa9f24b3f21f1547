"""The byte loops: each set does what its contract in kernels.py says, at every alignment and length."""

import gc
from array import array

from support import MASK, MICROPYTHON, Random, client_frame, masked

from viperhttp.protocol import _pure, kernels
from viperhttp.protocol.kernels import pack, scan, text, unmask, utf8, visible

GUARD = b"\xa5\x5a\xa5\x5a\xa5\x5a\xa5\x5a"
LENGTHS = tuple(range(40)) + (63, 64, 65, 124, 125, 126, 127, 128, 199, 200, 201, 399, 400, 401, 1000, 1027)


def numbers(limit=0x7FFFFFFF):
    return array("i", [-1, -2, -3, limit, -5, -6])


def guarded(data, off):
    """`data` at an offset, with bytes around it that must not change."""
    return bytearray(GUARD[:off] + data + GUARD)


def scan_at(data, off=0, limit=0x7FFFFFFF):
    buf = guarded(data, off)
    st = numbers(limit)
    return scan(buf, off, off + len(data), st), buf, st


def left_alone(data, limit=0x7FFFFFFF):
    """scan() must return 0 for `data`, and neither touch the buffer nor what it reports with."""
    for off in range(5):
        found, buf, st = scan_at(data, off, limit)
        assert found == 0, data[:16]
        assert buf == guarded(data, off), data[:16]
        assert list(st) == [-1, -2, -3, limit, -5, -6], data[:16]
    return True


def test_the_set_that_was_asked_for_is_in_use():
    asked = kernels.setting.KERNELS
    assert kernels.NAME == (asked if asked != "auto" else "viper" if MICROPYTHON else "cpython")


def test_unmask_gives_the_xor_at_every_alignment_and_length():
    random = Random(1)
    for off in range(8):
        for n in LENGTHS:
            plain = random.bytes(n)
            mask = random.bytes(4)
            buf = guarded(masked(plain, mask), off)
            unmask(buf, off, n, mask)
            assert buf == guarded(plain, off), (off, n)


def test_unmask_takes_the_mask_as_bytes_or_bytearray():
    for n in (3, 15, 16, 130, 500):
        plain = Random(n).bytes(n)
        buf = bytearray(masked(plain, MASK))
        unmask(buf, 0, n, bytearray(MASK))
        assert buf == plain


def test_scan_takes_every_ordinary_frame_at_every_alignment():
    random = Random(2)
    for off in range(8):
        for n in LENGTHS:
            for opcode in (1, 2, 8, 9, 10):
                if opcode >= 8 and n > 125:
                    continue
                plain = random.bytes(n)
                frame = client_frame(opcode, plain, mask=random.bytes(4))
                found, buf, st = scan_at(frame, off)
                assert found == off + len(frame) - n, (opcode, off, n)
                assert list(st)[:3] == [0x80 | opcode, n, off + len(frame)], (opcode, off, n)
                assert buf[found : found + n] == plain, (opcode, off, n)
                # The header is not needed any more and may change; what is around the frame may not.
                assert buf[:off] == GUARD[:off]
                assert buf[off + len(frame) :] == GUARD


def test_memoryviews_are_worked_on_like_bytearrays():
    for n in (0, 5, 12, 130, 450):
        plain = Random(n + 9).bytes(n)
        frame = client_frame(2, plain)
        for off in range(5):
            buf = guarded(frame, off)
            st = numbers()
            at = scan(memoryview(buf)[off:], 0, len(frame), st)
            assert at == len(frame) - n
            assert st[2] == len(frame)
            assert buf[off + at : off + at + n] == plain
            assert buf[off + len(frame) :] == GUARD
            buf = guarded(masked(plain), off)
            unmask(memoryview(buf), off, n, MASK)
            assert buf == guarded(plain, off)
    text = b"x\r" + "caf\xe9 \u20ac".encode() + b"\xff"
    view = memoryview(text)
    assert utf8(view, 2, len(text) - 3, 0) == 0
    assert utf8(view, 2, len(text) - 2, 0) == -1
    assert visible(view, 0, len(text)) == 1


def test_scan_takes_one_frame_and_leaves_the_next_as_it_is():
    first = client_frame(1, b"first")
    second = client_frame(2, b"second", mask=b"abcd")
    found, buf, st = scan_at(first + second)
    assert (found, st[2]) == (6, len(first))
    assert buf[len(first) :] == second + GUARD
    assert scan(buf, st[2], len(first + second), st) == len(first) + 6
    assert buf[len(first) + 6 : len(first) + 12] == b"second"


def test_scan_leaves_every_incomplete_frame_untouched():
    for n in (0, 1, 20, 125, 126, 300):
        whole = client_frame(2, Random(n + 1).bytes(n))
        for size in range(len(whole)):
            if size < 12 or size > len(whole) - 4 or size % 17 == 0:
                assert left_alone(whole[:size])


def test_scan_leaves_everything_unusual_untouched():
    payload = b"payload of a frame"
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        assert left_alone(client_frame(opcode, payload))
    for rsv in range(1, 8):
        for opcode in (1, 2, 8, 9, 10):
            assert left_alone(client_frame(opcode, payload, rsv=rsv))
    for opcode in (0, 1, 2, 8, 9, 10):
        assert left_alone(client_frame(opcode, payload, fin=False))
        assert left_alone(client_frame(opcode, payload, mask=None))
    assert left_alone(client_frame(0, payload))
    assert left_alone(client_frame(1, payload, form=2))
    assert left_alone(client_frame(1, payload, form=8))
    assert left_alone(client_frame(1, Random(3).bytes(125), form=2))
    assert left_alone(client_frame(2, Random(3).bytes(300), form=8))
    for opcode in (8, 9, 10):
        assert left_alone(client_frame(opcode, Random(3).bytes(126)))
    assert left_alone(client_frame(2, bytes(65536)))


def test_scan_decides_by_every_first_byte_and_every_second_byte():
    for byte0 in range(256):
        for byte1 in (0x00, 0x05, 0x7E, 0x80, 0x85):
            frame = bytes((byte0, byte1)) + bytes(20)
            if byte0 in (0x81, 0x82, 0x88, 0x89, 0x8A) and byte1 >= 0x80:
                assert scan_at(frame)[0] == 6, byte0
            else:
                assert scan_at(frame)[0] == 0, (byte0, byte1)


def test_scan_obeys_its_limit():
    for n in (0, 1, 125, 126, 500):
        frame = client_frame(2, bytes(n))
        assert scan_at(frame, 0, n)[0] == len(frame) - n
        if n:
            assert left_alone(frame, n - 1)


def test_short_frames_leave_nothing_on_the_heap():
    if not MICROPYTHON:  # CPython counts no bytes of heap
        return
    frame = client_frame(1, b"a text of middling size")
    buf = bytearray(len(frame))
    st = numbers()
    text = bytearray(b"caf\xc3\xa9 and more")

    def look():
        scan(buf, 0, size, st)
        utf8(text, 0, length, 0)
        visible(text, 0, length)

    size, length = len(buf), len(text)
    buf[:] = frame
    look()
    buf[:] = frame
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        look()
        used = gc.mem_alloc() - before
    finally:
        gc.enable()
    assert st[1] == size - 6
    assert used == 0, used


def test_scan_finds_no_frame_in_nothing():
    assert left_alone(b"")


def test_scan_of_random_bytes_agrees_with_the_plain_one():
    random = Random(4)
    for _ in range(3000):
        data = bytearray(random.bytes(random.below(40)))
        if len(data) > 2 and random.below(4):
            data[0] = random.choice(b"\x81\x82\x88\x89\x8a\x01\x80")
            data[1] = random.choice(b"\x80\x81\x85\x8c\x91\xfe\xff\x05")
            if data[1] == 0xFE and len(data) > 3:
                data[2] = 0
        off = random.below(5)
        mine, buf, st = scan_at(data, off, random.choice((0, 10, 1000)))
        other = guarded(data, off)
        other_st = numbers(st[3])
        assert mine == _pure.scan(other, off, off + len(data), other_st), data
        assert list(st)[:5] == list(other_st)[:5], data
        assert other_st[5] or not st[5], data  # 0 says ASCII, and the plain loops do not look
        assert buf == other, data


def test_utf8_of_random_bytes_agrees_with_the_plain_one():
    random = Random(5)
    pieces = (b"plain ascii text", b"\xc3\xa9", b"\xe2\x82\xac", b"\xf0\x9f\x98\x80", b"a", b"\xed\x9f\xbf",
              b"\xff", b"\xe0\x80")
    for _ in range(2000):
        known = pieces if random.below(4) == 0 else pieces[:6]  # the last two are malformed
        data = b"".join([random.choice(known) for _ in range(random.below(9))])
        off = random.below(len(data) + 1)
        n = random.below(len(data) - off + 1)
        assert utf8(data, off, n, 0) == _pure.utf8(data, off, n, 0), (data, off, n)


def test_utf8_goes_on_from_every_state_as_the_plain_one_does():
    starts = (b"\xc3", b"\xe0", b"\xe1", b"\xed", b"\xf0", b"\xf1", b"\xf4", b"\xe2\x82", b"\xf0\x9f",
              b"\xf0\x9f\x98")
    for start in starts:
        state = _pure.utf8(start, 0, len(start), 0)
        assert utf8(start, 0, len(start), 0) == state
        for byte in range(256):
            data = bytes((byte,)) + b"\x80 text behind it"
            for n in (1, 2, len(data)):
                assert utf8(data, 0, n, state) == _pure.utf8(data, 0, n, state), (start, byte, n)


def test_visible_finds_each_control_character_but_tab_at_every_place():
    for byte in range(256):
        hidden = (byte < 32 and byte != 9) or byte == 127
        for at in range(9):
            data = b"text".join((b"x" * at, bytes((byte,)), b"\t\x80\xff~ "))
            where = at + 4
            assert visible(data, 0, len(data)) == (where if hidden else -1), (byte, at)
            assert visible(bytearray(data), 0, len(data)) == (where if hidden else -1)


def test_visible_looks_only_at_its_range():
    data = b"\r\nvalue\r\n"
    assert visible(data, 2, 7) == -1
    assert visible(data, 2, 8) == 7
    assert visible(data, 0, 7) == 0
    assert visible(data, 3, 3) == -1
    assert visible(b"", 0, 0) == -1


def test_pack_writes_a_frame_at_any_place_and_only_there():
    for at in range(5):
        for n in (0, 1, 3, 16, 125, 126, 300):
            plain = Random(n + at).bytes(n)
            for source in (plain, bytearray(plain), memoryview(b"x" + plain)[1:]):
                dst = bytearray(GUARD * 50)
                size = pack(dst, at << 9 | 0x82, source, n)
                head = bytes((0x82, n)) if n < 126 else bytes((0x82, 126, n >> 8, n & 255))
                assert size == len(head) + n
                assert dst == (GUARD * 50)[:at] + head + plain + (GUARD * 50)[at + size :], (at, n)


def test_pack_refuses_a_str_that_is_not_ascii():
    dst = bytearray(40)
    assert pack(dst, 2 << 9 | 0x181, "plain", 5) == 7
    assert dst[2:9] == b"\x81\x05plain"
    assert pack(dst, 0x181, "caf\xe9 au lait", 12) == 0


def test_text_is_an_ordinary_str():
    names = {"length": 1, "append": 2}
    for n in (1, 2, 6, 16, 200):
        plain = (b"length of a message, " * 10)[:n]
        for view in (plain, bytearray(plain), memoryview(b"x" + plain)[1:]):
            found = text(view, 0)
            assert type(found) is str
            assert found == plain.decode()
            assert len(found) == n
            assert hash(found) == hash(plain.decode())
            assert found + "!" == plain.decode() + "!"
            assert found.encode() == plain
            assert [found, None].index(plain.decode()) == 0
    found = text(memoryview(b"lengthappend")[:6], 0)
    assert names[found] == 1 and names[text(b"append", 1)] == 2
    names[found] = 3
    assert names == {"length": 3, "append": 2}
    assert getattr([], text(b"append", 0)) is not None
    assert text(b"", 0) == text(memoryview(b""), 1) == ""
    gc.collect()
    assert found == "length"


def test_text_in_doubt_is_strict_utf8():
    for good in ("caf\xe9", "\u20ac uro", "\U0001f600", "plain", "\ud7ff\ue000"):
        data = good.encode()
        assert text(memoryview(data), 1) == good
        assert text(memoryview(data), 1).encode() == data
    for bad in (b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xe2\x82",
                b"\x80", b"ok until \xff"):
        assert text(memoryview(bad), 1) is None, bad
