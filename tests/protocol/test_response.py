"""HTTP responses as bytes: which length is said when, and that no header can smuggle another."""

from support import raises

from viperhttp.protocol import phrases, response


def lines(data):
    """The status line and the header lines of a head."""
    assert data.endswith(b"\r\n\r\n")
    rows = data[:-4].split(b"\r\n")
    for row in rows:
        assert b"\r" not in row
        assert b"\n" not in row
    return rows[0], rows[1:]


def test_a_head_has_status_headers_in_order_and_its_length():
    data = response.head(200, [("Content-Type", "text/plain"), ("X-A", "1"), ("x-b", 2)], 5, True)
    assert data == (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A: 1\r\nx-b: 2\r\n"
                    b"Content-Length: 5\r\n\r\n")


def test_an_empty_body_says_so():
    assert b"Content-Length: 0" in lines(response.head(200, (), 0, True))[1]
    assert b"Content-Length: 0" in lines(response.head(404, (), 0, True))[1]
    assert b"Content-Length: 0" in lines(response.head(205, (), 0, True))[1]


def test_a_body_of_unknown_length_is_chunked():
    assert lines(response.head(200, (), None, True))[1] == [b"Transfer-Encoding: chunked"]


def test_a_body_that_ends_with_the_connection_says_no_length():
    assert lines(response.head(200, (), -1, False))[1] == [b"Connection: close"]


def test_status_codes_without_a_body_have_no_length_and_no_coding():
    # RFC 9110 section 8.6, RFC 9112 section 6.1
    for status in (100, 101, 103, 204, 304):
        for length in (0, 5, None, -1):
            assert lines(response.head(status, (), length, True))[1] == [], (status, length)


def test_the_answer_to_head_has_the_length_of_what_get_would_send():
    # The body is simply not sent (RFC 9110 section 9.3.2).
    assert lines(response.head(200, (), 1234, True))[1] == [b"Content-Length: 1234"]


def test_the_connection_header_follows_the_version_of_the_client():
    assert lines(response.head(200, (), -1, True, 1))[1] == []
    assert lines(response.head(200, (), -1, False, 1))[1] == [b"Connection: close"]
    assert lines(response.head(200, (), -1, True, 0))[1] == [b"Connection: keep-alive"]
    assert lines(response.head(200, (), -1, False, 0))[1] == [b"Connection: close"]


def test_status_lines_have_the_phrase_of_the_rfc():
    for status, phrase in ((200, b"OK"), (101, b"Switching Protocols"), (404, b"Not Found"),
                           (418, b"I'm a Teapot"), (426, b"Upgrade Required"),
                           (431, b"Request Header Fields Too Large"), (503, b"Service Unavailable"),
                           (505, b"HTTP Version Not Supported")):
        assert phrases.status_line(status) == b"%d " % status + phrase
        assert lines(response.head(status, (), -1, True))[0] == b"HTTP/1.1 %d " % status + phrase


def test_a_status_without_a_phrase_keeps_its_space():
    for status in (299, 599, 799):
        assert phrases.status_line(status) == b"%d " % status


def test_every_status_gets_three_digits_and_no_other_phrase():
    for status in range(100, 600):
        line = phrases.status_line(status)
        assert line[:4] == b"%d " % status
        assert b"|" not in line
        assert len(line) < 40


def test_names_that_are_no_tokens_are_refused():
    for name in ("", " ", "a b", "a:", "a\r\nb", "a\n", "\ta", "a\0", "caf\xe9", "(a)", "a,b", "a\x7f"):
        raises(ValueError, response.header_line, name, "v")
        raises(ValueError, response.head, 200, [(name, "v")], 0, True)


def test_values_with_line_breaks_or_control_characters_are_refused():
    for value in ("a\r\nSet-Cookie: x=y", "a\nb", "a\rb", "\r", "\n", "a\0b", "\x01", "\x1b[31m", "\x7f"):
        raises(ValueError, response.header_line, "Name", value)
        raises(ValueError, response.head, 200, [("Name", value)], 0, True)


def test_the_error_names_the_header():
    assert "Location" in str(raises(ValueError, response.header_line, "Location", "/a\r\nb"))


def test_values_may_be_numbers_and_text_beyond_ascii():
    assert response.header_line("N", 5) == b"N: 5\r\n"
    assert response.header_line("N", "") == b"N: \r\n"
    assert response.header_line("N", "a\tb") == b"N: a\tb\r\n"
    assert response.header_line("N", "caf\xe9") == b"N: caf\xc3\xa9\r\n"


def test_chunks_carry_their_size_in_hexadecimal():
    assert response.chunk(b"hello") == b"5\r\nhello\r\n"
    assert response.chunk(b"x" * 255) == b"ff\r\n" + b"x" * 255 + b"\r\n"
    assert response.chunk(bytearray(b"ab")) == b"2\r\nab\r\n"
    assert response.chunk(memoryview(b"abc")) == b"3\r\nabc\r\n"
    assert response.LAST_CHUNK == b"0\r\n\r\n"


def test_what_is_sent_in_chunks_is_read_back():
    from viperhttp.protocol.body import BodyReader

    stream = b"".join([response.chunk(data) for data in (b"one", b"\r\n", bytes(100))])
    stream = bytearray(stream + response.LAST_CHUNK)
    sink = bytearray()
    reader = BodyReader(-1, 1000)
    assert reader.feed(stream, 0, len(stream), sink) == len(stream)
    assert reader.done
    assert sink == b"one\r\n" + bytes(100)
