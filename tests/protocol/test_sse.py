"""Server-sent events: what a browser's EventSource makes of the bytes (WHATWG HTML, section 9.2)."""

import json

from support import raises

from viperhttp.protocol import sse


def listen(stream):
    """Events that an EventSource dispatches: (event, data, last id), by the standard's own steps."""
    events = []
    name, data, last, retry = "", "", "", None
    text = stream.decode().replace("\r\n", "\n").replace("\r", "\n")
    assert text.endswith("\n\n") or text == "\n", "an event must end in an empty line"
    for line in text.split("\n")[:-1]:
        if not line:
            if data:
                events.append((name or "message", data[:-1], last))
            name, data = "", ""
            continue
        field, _, value = line.partition(":")
        if value[:1] == " ":
            value = value[1:]
        if field == "event":
            name = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last = value
        elif field == "retry":
            retry = int(value)
        else:
            assert field == "", "field %r is not of the standard" % field
    return events, last, retry


def heard(item):
    return listen(sse.event(item))[0]


def test_plain_text_is_a_message():
    assert sse.event("hello") == b"data: hello\n\n"
    assert heard("hello") == [("message", "hello", "")]


def test_all_fields_are_written():
    data = sse.event({"event": "tick", "id": "7", "retry": 3000, "data": "x"})
    assert listen(data) == ([("tick", "x", "7")], "7", 3000)


def test_an_id_of_zero_is_sent():
    for zero in (0, "0"):
        assert b"id: 0\n" in sse.event({"id": zero, "data": "x"})
        assert heard({"id": zero, "data": "x"}) == [("message", "x", "0")]


def test_an_empty_id_resets_the_last_one():
    assert listen(sse.event({"id": 5, "data": "a"}) + sse.event({"id": "", "data": "b"}))[0] == [("message",
                                                                                                  "a", "5"),
                                                                                                  ("message",
                                                                                                   "b", "")]


def test_retry_is_a_whole_number():
    assert b"retry: 0\n" in sse.event({"retry": 0, "data": "x"})
    assert b"retry: 1500\n" in sse.event({"retry": 1500.7, "data": "x"})
    assert b"retry: 20\n" in sse.event({"retry": "20", "data": "x"})
    for value in ("soon", "1\ndata: forged"):
        raises(ValueError, sse.event, {"retry": value, "data": "x"})


def test_lines_of_data_stay_lines():
    for text, want in (("a\nb", "a\nb"), ("a\r\nb", "a\nb"), ("a\rb", "a\nb"), ("a\n\nb", "a\n\nb"),
                       ("a\n", "a\n"), ("\na", "\na"), ("\n", "\n"),
                       ("a\n\rb", "a\n\nb"), ("a\r\n\r\nb", "a\n\nb"), (" a\n  b", " a\n  b"), (":a", ":a"),
                       ("data: a\nid: 9", "data: a\nid: 9")):
        assert heard(text) == [("message", want, "")], text
        assert heard({"data": text, "event": "e"}) == [("e", want, "")], text


def test_other_line_separators_of_unicode_are_just_characters():
    for char in ("\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"):
        assert heard("a" + char + "b") == [("message", "a" + char + "b", "")]


def test_empty_data_is_still_data():
    assert sse.event("") == b"data: \n\n"
    assert sse.event({"data": ""}) == b"data: \n\n"


def test_data_that_is_not_text_becomes_json():
    for value in ({"a": 1}, [1, 2], 5, 1.5, True, None):
        (event,) = heard({"data": value})
        assert json.loads(event[1]) == value
    (event,) = heard([1, {"b": None}])
    assert json.loads(event[1]) == [1, {"b": None}]
    assert heard({"data": {"a": 1}}) == heard({"data": json.dumps({"a": 1})})


def test_another_json_writer_may_be_given():
    assert sse.event({"data": [1]}, lambda value: "one\ntwo") == b"data: one\ndata: two\n\n"


def test_bytes_are_text_in_utf8():
    assert heard("caf\xe9 \u20ac".encode()) == [("message", "caf\xe9 \u20ac", "")]
    assert heard({"data": bytearray(b"ab")}) == [("message", "ab", "")]


def test_a_comment_alone_fires_no_event():
    data = sse.event({"comment": "still here"})
    assert data == b": still here\n\n"
    assert listen(data) == ([], "", None)
    assert b"data" not in data


def test_comments_cannot_forge_fields():
    for break_ in ("\n", "\r", "\r\n"):
        comment = "a" + break_ + "data: forged" + break_ + break_ + "id: 1"
        assert listen(sse.event({"comment": comment})) == ([], "", None)
        assert heard({"comment": "c" + break_ + "event: x", "data": "d"}) == [("message", "d", "")]


def test_only_an_id_moves_the_place_without_firing():
    assert listen(sse.event({"id": "9"})) == ([], "9", None)


def test_an_empty_item_fires_nothing():
    assert listen(sse.event({})) == ([], "", None)


def test_event_and_id_of_more_than_one_line_are_refused():
    for field in ("event", "id"):
        for break_ in ("\n", "\r", "\r\n"):
            for text in ("a" + break_ + "data: forged", break_, "a" + break_):
                error = raises(ValueError, sse.event, {field: text, "data": "x"})
                assert field in str(error)


def test_an_id_with_nul_is_refused():
    # A browser would ignore it without a word.
    raises(ValueError, sse.event, {"id": "a\0b", "data": "x"})


def test_absent_fields_may_be_none():
    assert sse.event({"event": None, "id": None, "retry": None, "comment": None,
                      "data": "x"}) == b"data: x\n\n"


def test_the_heartbeat_is_a_comment():
    assert listen(sse.HEARTBEAT) == ([], "", None)


def test_events_follow_one_another():
    stream = sse.event("a") + sse.HEARTBEAT + sse.event({"event": "b", "data": "c\nd"})
    stream += sse.event({"comment": "x"}) + sse.event("e")
    assert listen(stream)[0] == [("message", "a", ""), ("b", "c\nd", ""), ("message", "e", "")]
