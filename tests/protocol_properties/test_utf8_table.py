"""The table that tests/protocol/test_utf8.py measures by, checked against CPython's strict decoder."""

from test_utf8 import EDGES, FEW_EDGES, expected


def strict(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def agrees(data):
    return (expected(data) == 0) == strict(data)


def test_the_table_agrees_with_cpython_about_one_two_and_three_bytes():
    for first in range(256):
        assert agrees(bytes((first,)))
        for second in range(256):
            assert agrees(bytes((first, second))), (first, second)
            for third in FEW_EDGES:
                assert agrees(bytes((first, second, third))), (first, second, third)


def test_the_table_agrees_with_cpython_about_four_bytes():
    for first in range(0xE0, 0x100):
        for second in EDGES:
            for third in FEW_EDGES:
                for fourth in FEW_EDGES:
                    assert agrees(bytes((first, second, third, fourth))), (first, second, third, fourth)


def test_what_the_table_calls_hopeless_has_no_ending_that_saves_it_and_what_it_awaits_has_one():
    endings = (b"\x80", b"\x90", b"\xa0", b"\xbf")  # the bytes that some row allows behind each lead
    endings += (b"", *(first + last for first in endings for last in (b"\x80", b"\x80\x80")))
    for first in range(0x80, 256):
        for rest in (b"", *(bytes((second,)) for second in range(256))):
            data = bytes((first,)) + rest
            saved = any(strict(data + ending) for ending in endings)
            assert saved == (expected(data) >= 0), data
