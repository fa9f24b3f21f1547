"""Messages in and out: any cut into segments, any fragmentation, any allowed length; and an ordinary client."""

import json

import pytest
from raw import Raw, close, frame, text
from websockets.sync.client import connect

FIRST, MIDDLE, LAST = 0x01, 0x00, 0x80


def echoed(port, data, path="/echo"):
    """What the server answers to a text message, as its payload."""
    with Raw(port) as client:
        client.open(path)
        client.send(text(data))
        return client.message()


def test_frames_may_come_one_byte_at_a_time(cases):
    with Raw(cases.port) as client:
        client.open("/echo")
        client.drip(text("a") + frame(0x82, bytes(range(200))) + text("") + frame(0x89, b"ping") + text("\u20ac" * 50))
        assert client.frame() == (0x81, b"a")
        assert client.frame() == (0x82, bytes(range(200)))
        assert client.frame() == (0x81, b"")
        assert client.frame() == (0x8A, b"ping")
        assert client.message() == "\u20ac" * 50
        client.drip(close(1000, b"bye"))
        assert client.closing() == (1000, "")
        assert client.at_end()


def test_many_frames_in_one_segment_are_answered_in_order(cases):
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(b"".join(text("message %d" % n) for n in range(300)))
        assert [client.message() for _ in range(300)] == ["message %d" % n for n in range(300)]


def test_frames_glued_to_the_handshake_are_delivered(cases):
    with Raw(cases.port) as client:
        client.open("/echo", glued=text("one") + frame(0x89, b"p") + text("two"))
        assert sorted(client.frame() for _ in range(3)) == [(0x81, b"one"), (0x81, b"two"), (0x8A, b"p")]
        client.send(close(1000))
        assert client.closing() == (1000, "")
        assert client.at_end()


def test_half_a_frame_glued_to_the_handshake_is_completed_later(cases):
    whole = text("in two halves")
    with Raw(cases.port) as client:
        client.open("/echo", glued=whole[:5])
        client.send(whole[5:])
        assert client.message() == "in two halves"


def test_control_frames_between_fragments_are_answered_at_once(cases):
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(frame(FIRST, b"frag"))
        client.send(frame(0x89, b"now"))
        assert client.frame() == (0x8A, b"now")
        client.send(frame(MIDDLE, b"men") + frame(0x8A, b"unasked") + frame(LAST, b"ted"))
        assert client.message() == "fragmented"


def test_characters_may_be_cut_by_fragments_and_segments(cases):
    data = "\U0001f40d\u00e4\u20ac".encode()
    with Raw(cases.port) as client:
        client.open("/echo")
        client.drip(frame(FIRST, data[:1]) + frame(MIDDLE, b"") + frame(MIDDLE, data[1:5]) + frame(LAST, data[5:]))
        assert client.frame() == (0x81, data)


def test_empty_fragments_make_an_empty_message(cases):
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(frame(FIRST) + frame(MIDDLE) + frame(LAST))
        assert client.frame() == (0x81, b"")


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 2047, 2048, 2049, 5000, 16383, 16384])
def test_messages_of_every_length_form_are_echoed(cases, size):
    assert echoed(cases.port, "x" * size) == "x" * size


def test_a_message_larger_than_64_kb_has_a_long_header(serve):
    served = serve("ws_cases", heap="4M", max_message=200000)
    assert echoed(served.port, "x" * 70000) == "x" * 70000


def test_a_message_in_many_segments_is_put_together(cases):
    with Raw(cases.port) as client:
        client.open("/echo")
        data = bytes(n * 7 & 255 for n in range(16000))
        whole = frame(0x82, data)
        for at in range(0, len(whole), 700):
            client.send(whole[at : at + 700])
        assert client.frame() == (0x82, data)


def test_one_byte_more_than_the_limit_is_1009_before_its_payload_has_come(cases):
    header = frame(0x81, b"x" * 16385)[:8]
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(header)
        assert client.closing()[0] == 1009
        client.send(close(1009))
        assert client.at_end()


def test_a_message_over_the_limit_is_1009_when_it_is_sent_whole(cases):
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(text("x" * 100000) + close(1009))
        assert client.closing()[0] == 1009
        assert client.at_end()


def test_the_limit_counts_all_fragments(cases):
    with Raw(cases.port) as client:
        client.open("/echo")
        client.send(frame(FIRST, b"x" * 10000) + frame(MIDDLE, b"x" * 6384) + frame(LAST, b"x"))
        assert client.closing()[0] == 1009


def test_a_route_has_a_limit_of_its_own(cases):
    assert echoed(cases.port, "x" * 100, "/small") == "x" * 100
    with Raw(cases.port) as client:
        client.open("/small")
        client.send(text("x" * 101))
        assert client.closing()[0] == 1009


def test_an_ordinary_client_sends_and_receives_everything(cases):
    with connect(f"ws://127.0.0.1:{cases.port}/echo") as client:
        for message in ("text", "", "\u00e4\u20ac\U0001f40d", b"bytes", b"", "x" * 5000, b"y" * 16384):
            client.send(message)
            assert client.recv(10) == message
        client.send(iter(["in ", "three ", "parts"]))
        assert client.recv(10) == "in three parts"
        assert client.ping().wait(10)
        client.close(4321, "enough")
    assert client.protocol.close_code == 4321


def test_a_wrong_kind_of_message_is_consumed_and_may_be_survived(serve):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open("/case/text_wanted")
        client.send(frame(0x82, b"bytes") + text("text"))
        assert client.message() == "text"
    served.wait_for_log("text_wanted: WebSocketException(1003, 'expected text')")


def test_a_wrong_kind_of_message_ends_a_handler_that_does_not_care_with_1003(cases):
    for name, wrong in (("text_wanted_uncaught", frame(0x82, b"x")), ("bytes_wanted_uncaught", text("x"))):
        with Raw(cases.port) as client:
            client.open("/case/" + name)
            client.send(wrong)
            assert client.closing()[0] == 1003


def test_json_comes_in_text_and_binary_and_when_broken_is_1011(serve):
    with Raw(serve("ws_cases").port) as client:
        client.open("/case/json_wanted")
        client.send(text('{"a": 1}') + frame(0x82, b"[1, 2]") + text("{broken"))
        assert client.frame() == (0x81, b'{"a": 1}')
        assert client.frame() == (0x81, b"[1, 2]")
        assert client.closing()[0] == 1011


def test_a_character_that_json_escapes_as_two_surrogates_comes_back_as_text(cases):
    # As Python's json.dumps() writes it. Taken for two characters it would go back as what is no UTF-8.
    with Raw(cases.port) as client:
        client.open("/case/json_wanted")
        for byte0 in (0x81, 0x82):
            client.send(frame(byte0, b'["\\ud83d\\udc0d", "\\\\ud83d", "\\ud83d"]'))
            assert json.loads(client.message())[:2] == ["\U0001f40d", "\\ud83d"]


def test_a_receive_with_a_timeout_loses_nothing(cases):
    # What arrives at the very moment of a timeout is there for the next receive.
    with connect(f"ws://127.0.0.1:{cases.port}/impatient") as client:
        for n in range(150):
            client.send(str(n))
            assert client.recv(10) == str(n)


def test_a_message_taken_at_the_very_timeout_of_wait_for_is_not_lost(cases):
    with Raw(cases.port) as client:
        client.open("/at-the-timeout", glued=text("hello"))
        assert client.message() == "got hello"


def test_current_request_in_a_task_of_the_handler_works_or_says_what_to_do(cases):
    with Raw(cases.port) as client:
        client.open("/child-task")
        answer = client.message()
    if cases.runtime.micropython:
        assert "pass what it returns to a task" in answer and "wait_for" in answer
    else:
        assert answer == "the ws"


def test_a_receive_with_a_timeout_loses_nothing_of_a_stream(cases):
    with Raw(cases.port) as client:
        client.open("/impatient")
        for n in range(300):
            client.send(text(str(n)))
        assert [client.message() for _ in range(300)] == [str(n) for n in range(300)]


def test_two_receivers_at_once_get_a_clear_error(serve):
    served = serve("ws_cases")
    with Raw(served.port) as client:
        client.open("/two-receivers")
        assert client.message() == "second"
        client.send(text("one"))
        assert client.message() == "first one"
    served.wait_for_log("two-receivers: another task is already waiting to receive from this connection")


def test_a_connection_that_is_slow_with_the_rest_of_a_message_is_1008(serve):
    with Raw(serve("ws_cases", message_timeout=0.3).port) as client:
        client.open("/echo")
        client.send(text("whole") + text("half a message")[:-3])
        assert client.message() == "whole"
        assert client.closing()[0] == 1008


def test_a_fragmented_message_has_the_same_deadline_whatever_comes_between(serve):
    with Raw(serve("ws_cases", message_timeout=0.3).port) as client:
        client.open("/echo")
        client.send(frame(FIRST, b"begun") + frame(0x89, b"alive"))
        assert client.frame() == (0x8A, b"alive")
        assert client.closing()[0] == 1008
