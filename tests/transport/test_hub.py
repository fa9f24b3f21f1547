"""MicroPython's hub with sockets that count: how many writes the answers take, in which order, and what of the heap."""

import json
import os

import pytest
import runtimes

SCRIPT = os.path.join(os.path.dirname(__file__), "hub_script.py")
KERNELS = [r for r in runtimes.RUNTIMES if r.micropython]


@pytest.fixture(params=KERNELS, ids=lambda r: r.name)
def run(request):
    if request.param.missing():
        pytest.skip(request.param.missing())

    def run(case):
        output, status = request.param.run(SCRIPT, case)
        assert status == 0, output
        return json.loads(output)

    return run


def frames(*payloads, byte0=0x81):
    return b"".join(bytes((byte0, len(p))) + p for p in payloads)


def numbers(n):
    return [b"%d" % i for i in range(n)]


def test_answers_to_the_messages_of_one_read_go_out_by_one_write(run):
    assert run("one_write") == [frames(*[b"message %d" % n for n in range(16)]).hex()]


def test_messages_that_come_one_by_one_are_answered_one_by_one(run):
    assert run("single") == [frames(b"one").hex(), frames(b"two").hex()]


def test_answers_longer_than_their_messages_keep_their_order(run):
    sent, _ = run("too_much")
    assert sent == frames(*[n * 90 for n in numbers(6)]).hex()


def test_binary_answers_are_gathered_too(run):
    sent, writes = run("bytes_back")
    assert sent == frames(*numbers(8), byte0=0x82).hex()
    assert writes == 1


def test_a_pong_has_its_place_among_the_answers(run):
    sent = b"".join(bytes.fromhex(write) for write in run("ping_between"))
    assert sent == frames(b"a") + frames(b"p", byte0=0x8A) + frames(b"b", b"c")


def test_a_close_comes_behind_the_answers_and_ends_the_connection(run):
    sent, opened = run("close_behind")
    assert sent == (frames(b"a", b"b") + frames(b"\x03\xe8", byte0=0x88)).hex()
    assert not opened


def test_answers_to_what_came_before_a_violation_go_out_before_its_close(run):
    sent = bytes.fromhex(run("wrong_behind"))
    assert sent.startswith(frames(b"a", b"b") + b"\x88")
    assert sent[8:10] == b"\x03\xef"  # 1007


def test_what_a_full_socket_does_not_take_waits_and_goes_out_in_order(run):
    first, whole = run("full")
    assert first == frames(*numbers(8))[:5].hex()
    assert whole == frames(*numbers(8)).hex()


def test_what_goes_to_another_client_meanwhile_goes_only_there(run):
    one, two = run("two_members")
    assert "".join(one) == frames(b"a", b"b", b"c", b"d", b"e").hex()
    assert "".join(two) == frames(b"a", b"b", b"c", b"d", b"e").hex()


def test_the_answer_of_a_handler_that_then_waits_does_not_wait_with_it(run):
    assert run("handler_waits") == [frames(b"a").hex()]


def test_an_echo_takes_only_its_message_from_the_heap(run):
    # On 64 bit: a view of the bytes, the str and its bytes (a block of 32 each), and the coroutine that waits for the
    # next (96). The plain loops also make the bytes of the frame to send.
    assert run("allocations") <= (192 if "viper" in os.environ.get("PYTEST_CURRENT_TEST", "") else 320)


def test_a_task_that_has_ended_keeps_no_others_that_have_ended(run):
    cut, left_alone = run("ended_tasks")
    assert cut < 2000
    assert left_alone > 10000  # else the test looks at nothing, and asyncio does it itself by now


def test_a_rooms_message_reaches_all_beside_members_that_are_gone_or_full(run):
    first, second, is_open, members = run("fan_out")
    one, two = frames(b"first message"), frames(b"second")
    reached, heard = first
    assert reached == 5
    assert heard == [x.hex() for x in (b"", one, b"", one, b"", b"", one[:3], one)]
    reached, heard = second
    assert reached == 4
    both = (one + two).hex()
    assert [heard[i] for i in (1, 2, 3, 6)] == [both] * 4
    assert heard[7] == one.hex()
    assert is_open == [False, True, True, True, False, False, True, False]
    assert members == 4


def test_a_rooms_message_waits_behind_others_and_does_not_follow_a_close(run):
    a, b, c, d, e, members = run("fan_out_waits")
    close = b"\x88\x02\x03\xe8"
    assert a == [3, [frames(b"a").hex(), "", frames(b"a").hex()]]
    assert b == [3, [frames(b"a", b"b").hex(), "", frames(b"a", b"b").hex()]]
    ended = (frames(b"a", b"b") + close).hex()
    assert c == [2, [frames(b"a", b"b", b"c").hex(), "", ended]]
    assert d == [2, [frames(*b"a b c d".split()).hex()] * 2 + [ended]]
    assert e == [1, [frames(*b"a b c d".split()).hex(), frames(*b"a b c d e".split()).hex(), ended]]
    assert members == 2


def test_what_a_handler_sends_around_a_rooms_message_keeps_its_place(run):
    speaker, listener = run("fan_out_batch")
    assert speaker == frames(b"<", b"one", b">", b"<", b"two", b">").hex()
    assert listener == frames(b"one", b"two").hex()


def test_a_rooms_message_takes_no_memory_for_a_member(run):
    few, many = run("fan_out_heap")
    assert many == few
