"""RFC 9112 requests: what is taken, what is refused with which status, however it is cut."""

from support import MICROPYTHON, Random, cut, raises, refused, ways

from viperhttp.exceptions import ProtocolError
from viperhttp.protocol.body import BodyReader
from viperhttp.protocol.http1 import latin1, similar_head, whole_head
from viperhttp.protocol.pieces import HeadReader


class Limits:
    max_line = 200
    max_head = 600
    max_headers = 10


def read(pieces, limits=Limits):
    """(head, bytes behind it) of a stream that comes in pieces; None when the head is not complete."""
    reader = HeadReader(limits)
    for i, piece in enumerate(pieces):
        buf = bytearray(b"??" + piece)
        off = reader.feed(buf, 2, len(buf))
        assert buf[2:] == piece
        if off >= 0:
            return reader.head, bytes(buf[off:]) + b"".join(pieces[i + 1 :])
    return None


def parse(data, limits=Limits):
    found = read([data], limits)
    assert found, "the head is not complete"
    assert found[1] == b""
    return found[0]


def request(*headers, line=b"GET / HTTP/1.1", host=b"Host: h"):
    """A request with these header lines."""
    lines = [line] + ([host] if host is not None else []) + list(headers)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def described(head):
    return (head.method, head.target, head.path, head.query, head.version, head.block, head.length)


def beside(data, limits, line=b"GET /known HTTP/1.1"):
    """What is remembered of an earlier request with the header lines of `data`; None when it was none to remember."""
    try:
        known = whole_head(line + data[data.find(b"\r\n"):], limits)
    except ProtocolError:
        return None
    return known if known is not None and not known.length and not known.upgrade else None


def same_everywhere(data, limits=Limits):
    """The head of `data`, which is the same at every split, and where it is taken as a whole."""
    want = described(read([data], limits)[0])
    whole = whole_head(data, limits)
    assert whole is None or described(whole) == want
    known = beside(data, limits)
    similar = similar_head(data, known, limits) if known is not None else None
    assert similar is None or (described(similar), similar.expects) == (want, whole.expects)
    for pieces in ways(data):
        found = read(pieces, limits)
        assert found, [len(piece) for piece in pieces]
        assert described(found[0]) == want, [len(piece) for piece in pieces]
        assert found[1] == b""
    return read([data], limits)[0]


def bad(status, data, limits=Limits):
    """`data` is refused with `status` whole, a byte at a time, and at every split."""
    for pieces in ways(data):
        refused(status, read, pieces, limits)
    if data.find(b"\r\n\r\n") == len(data) - 4 and len(data) <= limits.max_head:
        refused(status, whole_head, data, limits)
        known = beside(data, limits)
        if known is not None:
            try:
                assert similar_head(data, known, limits) is None
            except ProtocolError as error:
                assert error.code == status
    return True


# -- a request like the one before it -----------------------------------------


def test_a_request_with_the_same_header_lines_is_read_without_reading_them_again():
    known = whole_head(request(b"X: 1"), Limits)
    for target in (b"/", b"/?", b"/a?b=c", b"/a/b%20c?x=1&y?z", b"/" + b"x" * 180):
        data = request(b"X: 1", line=b"GET " + target + b" HTTP/1.1")
        head = similar_head(data, known, Limits)
        assert described(head) == described(whole_head(data, Limits))
        assert head.get("x") == "1" and head.keep_alive()


def test_a_request_that_differs_in_more_is_read_anew():
    known = whole_head(request(b"X: 1"), Limits)
    for data in (
        request(b"X: 2"),
        request(b"X: 1", b"Y: 2"),
        request(b"Y: 2", b"X: 1"),
        request(),
        request(b"X: 1", line=b"POST / HTTP/1.1"),
        request(b"X: 1", line=b"GET / HTTP/1.0"),
        request(b"X: 1", line=b"GET * HTTP/1.1"),
        request(b"X: 1", line=b"GET http://h/ HTTP/1.1"),
        request(b"X: 1", line=b"GET /" + b"x" * 200 + b" HTTP/1.1"),
        request(b"X: 1") + b"GET / HTTP/1.1\r\n",
        request(b"X: 1")[:-2],
        b"\r\n\r\n",
        b"",
    ):
        try:
            assert similar_head(data, known, Limits) is None, data
        except ProtocolError as error:
            assert error.code == 400, data
    # A line more, hidden in what would be the request line.
    assert similar_head(b"GET / HTTP/1.1\r\nA: b" + request(b"X: 1")[14:], known, Limits) is None
    bare = whole_head(b"GET / HTTP/1.0\r\n\r\n", Limits)
    assert similar_head(b"GET / HTTP/1.0\r\nX: 1\r\n\r\n", bare, Limits) is None
    assert similar_head(b"GET /a HTTP/1.0\r\n\r\n", bare, Limits).path == "/a"


# -- the request line (section 3) --------------------------------------------


def test_a_plain_request_is_read_at_every_split():
    head = same_everywhere(b"GET /a/b%20c?x=1&y HTTP/1.1\r\nHost: example.org:8080\r\n"
                           b"X-Two:  two words \t\r\n\r\n")
    assert (head.method, head.version, head.length) == ("GET", 1, 0)
    assert (head.target, head.path, head.query) == ("/a/b%20c?x=1&y", "/a/b%20c", "x=1&y")
    assert head.get("host") == "example.org:8080"
    assert head.get("x-two") == "two words"
    assert head.get("absent") is None
    assert head.get("absent", "-") == "-"
    assert head.all("absent") == []


def test_methods_are_tokens_and_case_sensitive():
    for method in (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"get", b"X",
                   b"M-SEARCH", b"!#$%&'*+.^_`|~0"):
        assert parse(request(line=method + b" / HTTP/1.1")).method == method.decode()
    for byte in range(256):
        method = b"G" + bytes((byte,)) + b"T"
        token = chr(byte).isalpha() and byte < 128 or chr(byte) in "0123456789!#$%&'*+-.^_`|~"
        if token:
            assert parse(request(line=method + b" / HTTP/1.1")).method == method.decode()
        else:
            refused(400, parse, request(line=method + b" / HTTP/1.1"))


def test_request_lines_that_are_not_three_words_are_refused():
    for line in (b"GET", b"GET /", b"GET  / HTTP/1.1", b"GET /  HTTP/1.1", b" GET / HTTP/1.1",
                 b"GET / HTTP/1.1 ", b"GET\t/ HTTP/1.1",
                 b"GET /\tHTTP/1.1", b"GET / a HTTP/1.1", b"/ HTTP/1.1", b" / HTTP/1.1", b"GET HTTP/1.1",
                 b"  ", b"\x00"):
        assert bad(400, request(line=line))


def test_versions_are_told_apart():
    assert parse(request(line=b"GET / HTTP/1.1")).version == 1
    assert parse(request(line=b"GET / HTTP/1.0")).version == 0
    assert parse(request(line=b"GET / HTTP/1.2")).version == 1
    assert parse(request(line=b"GET / HTTP/1.9")).version == 1
    for version in (b"HTTP/2.0", b"HTTP/0.9", b"HTTP/3.1", b"HTTP/9.9"):
        refused(505, parse, request(line=b"GET / " + version))
    for version in (b"http/1.1", b"HTTP/1", b"HTTP/1.", b"HTTP/1.10", b"HTTP/11.1", b"HTTP/1,1", b"HTTP 1.1",
                    b"HTTP/a.b", b"HTTP/-1.1",
                    b"HTTPS/1.1", b"HTTP/1.1x", b"ICY/1.1", b"HTTP/+.1", b"HTTP/1.\xb2", b"HTTP/\xb9.1"):
        refused(400, parse, request(line=b"GET / " + version))
    assert bad(505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")


def test_targets_hold_no_control_characters_blanks_fragments_or_raw_bytes():
    for byte in range(256):
        line = b"GET /a" + bytes((byte,)) + b"b HTTP/1.1"
        if 33 <= byte < 127 and byte != 35:
            assert parse(request(line=line)).target == "/a" + chr(byte) + "b"
        else:
            refused(400, parse, request(line=line))


def test_the_path_stays_percent_encoded_until_it_is_split():
    head = parse(request(line=b"GET /a%2Fb/%3Fc?q=%26&r=a?b HTTP/1.1"))
    assert (head.path, head.query) == ("/a%2Fb/%3Fc", "q=%26&r=a?b")
    head = parse(request(line=b"GET /? HTTP/1.1"))
    assert (head.path, head.query) == ("/", "")
    assert parse(request(line=b"GET //x/../y HTTP/1.1")).path == "//x/../y"


def test_an_absolute_target_replaces_the_host():
    head = same_everywhere(b"GET http://Real.example:81/p?q HTTP/1.1\r\nA: 1\r\nHost: other\r\nB: 2\r\n\r\n")
    assert (head.path, head.query) == ("/p", "q")
    assert head.all("host") == ["Real.example:81"]
    assert (head.get("a"), head.get("b")) == ("1", "2")
    for target, path, query, host in (
        (b"http://h", "/", "", "h"), (b"HTTP://h/", "/", "", "h"), (b"https://h:1/x", "/x", "", "h:1"),
        (b"ws://[::1]:80/x", "/x", "", "[::1]:80"),
        (b"http://h?a=/b", "/", "a=/b", "h"), (b"wss://h/?", "/", "", "h"), (b"http://h//x", "//x", "", "h"),
    ):
        for host_line in (b"Host: h2", b"Host:"):
            head = parse(request(line=b"GET " + target + b" HTTP/1.1", host=host_line))
            assert (head.path, head.query, head.get("host")) == (path, query, host), target
            assert len(head.all("host")) == 1
    head = parse(request(line=b"GET http://h/x HTTP/1.0", host=None))
    assert (head.path, head.get("host")) == ("/x", "h")


def test_other_forms_of_target_are_refused():
    for target in (b"x", b"*", b"http:/x", b"http://", b"http:///x", b"ftp://h/", b"://h/", b"example.org:80",
                   b"?a", b"http//h", b"http://u@h/",
                   b"javascript:1", b"%2f"):
        refused(400, parse, request(line=b"GET " + target + b" HTTP/1.1"))


def test_the_asterisk_is_for_options_alone():
    head = parse(request(line=b"OPTIONS * HTTP/1.1"))
    assert (head.path, head.query) == ("*", "")
    assert parse(request(line=b"OPTIONS /x HTTP/1.1")).path == "/x"
    for method in (b"GET", b"POST", b"options"):
        refused(400, parse, request(line=method + b" * HTTP/1.1"))


def test_connect_is_not_implemented():
    for target in (b"example.org:443", b"/", b"http://h/", b"*"):
        refused(501, parse, request(line=b"CONNECT " + target + b" HTTP/1.1"))


# -- header lines (section 5) ------------------------------------------------


def test_header_names_are_tokens():
    for byte in range(256):
        name = b"x" + bytes((byte,)) + b"y"
        data = request(name + b": v")
        if byte < 128 and chr(byte).isalpha() or chr(byte) in "0123456789!#$%&'*+-.^_`|~":
            assert parse(data).get(name.decode().lower()) == "v"
        elif byte == 58:
            assert parse(data).get("x") == "y: v"
        else:
            refused(400, parse, data)


def test_a_header_line_without_a_name_or_colon_is_refused():
    for line in (b"no colon", b"nocolon", b": v", b":", b" : v", b"\t: v"):
        assert bad(400, request(line))


def test_a_space_before_the_colon_is_refused():
    for line in (b"Name : v", b"Name\t: v", b"Content-Length : 5", b"Transfer-Encoding : chunked"):
        assert bad(400, request(line))


def test_folded_lines_are_refused():
    for fold in (b" folded", b"\tfolded", b" Host: h", b" ", b"\t"):
        assert bad(400, request(b"Name: v", fold))
        assert bad(400, request(line=b"GET / HTTP/1.1\r\n" + fold))


def test_values_lose_their_outer_blanks_and_nothing_else():
    for line, value in ((b"N:v", "v"), (b"N: v", "v"), (b"N:\t v \t ", "v"), (b"N:", ""), (b"N:  ", ""),
                        (b"N: a  b\tc", "a  b\tc"),
                        (b"N: a:b: c", "a:b: c"), (b"N: \"q\\\"", "\"q\\\""), (b"N: (c), d", "(c), d")):
        assert same_everywhere(request(line)).get("n") == value


def test_control_characters_in_values_are_refused():
    for byte in range(256):
        data = request(b"N: a" + bytes((byte,)) + b"b")
        if byte >= 32 and byte != 127 or byte == 9:
            assert parse(data).get("n") == "a" + chr(byte) + "b"
        else:
            refused(400, parse, data)
            refused(400, parse, request(b"N: " + bytes((byte,))))
            refused(400, parse, request(b"N:" + bytes((byte,)) + b"v"))


def test_values_beyond_ascii_read_as_latin1():
    assert parse(request(b"N: caf\xe9 \xc3\xa9 \xff")).get("n") == "caf\xe9 \xc3\xa9 \xff"
    assert latin1(b"") == ""
    assert latin1(bytes(range(256))) == "".join([chr(byte) for byte in range(256)])


def test_names_are_found_in_any_case_and_only_whole():
    head = parse(request(b"X-Name: 1", b"NAME: 2", b"name-x: 3", b"Other: name: 4"))
    assert head.get("name") == "2"
    assert head.all("name") == ["2"]
    assert head.get("x-name") == "1"
    assert head.get("ame") is None
    assert head.get("other") == "name: 4"


def test_repeated_headers_are_kept_in_order():
    head = parse(request(b"A: 1", b"B: x", b"a: 2", b"A:"))
    assert head.get("a") == "1"
    assert head.all("a") == ["1", "2", ""]


def test_lists_are_searched_by_word():
    head = parse(request(b"Connection: keep-alive, Upgrade", b"connection:  ,x,,Y "))
    for word in ("keep-alive", "upgrade", "x", "y"):
        assert head.has("connection", word)
    for word in ("keep", "alive", "upgrad", "keep-alive, upgrade", "z"):
        assert not head.has("connection", word)
    assert not head.has("absent", "x")


def test_lines_that_end_in_a_bare_lf_are_refused():
    for data in (b"GET / HTTP/1.1\nHost: h\n\n", b"GET / HTTP/1.1\nHost: h\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: h\n\r\n", b"GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: h\n\n", b"GET / HTTP/1.1\r\nHost: h\r\n\n",
                 b"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"):
        assert bad(400, data)


def test_bare_carriage_returns_are_refused():
    for data in (b"GET / HTTP/1.1\rHost: h\r\n\r\n", b"GET / HTTP/1.1\r\r\nHost: h\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: h\rA: b\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", b"GET / HTTP/1.1\r\nHost: \rh\r\n\r\n",
                 b"\rGET / HTTP/1.1\r\nHost: h\r\n\r\n"):
        assert bad(400, data)


def test_nul_is_refused_everywhere():
    good = b"GET /path HTTP/1.1\r\nHost: h\r\nName: value\r\n\r\n"
    for at in range(len(good) - 3):
        refused(400, parse, good[:at] + b"\0" + good[at:])


# -- Host (section 3.2) ------------------------------------------------------


def test_http_1_1_needs_one_host():
    refused(400, parse, request(host=None))
    refused(400, parse, request(b"Host: h"))
    refused(400, parse, request(b"HOST: other"))
    refused(400, parse, request(host=None, line=b"GET http://h/ HTTP/1.1"))
    assert parse(request(host=b"Host:")).get("host") == ""


def test_http_1_0_may_do_without_host_but_has_no_two():
    assert parse(request(host=None, line=b"GET / HTTP/1.0")).get("host") is None
    refused(400, parse, request(b"Host: h", line=b"GET / HTTP/1.0"))


def test_hosts_are_made_of_what_a_host_may_hold():
    for host in (b"example.org", b"EXAMPLE.org:80", b"127.0.0.1:8080", b"[::1]", b"[fe80::1%25en0]:80",
                 b"my_board.local", b"xn--caf-dma.fr", b"a%20b"):
        assert parse(request(host=b"Host: " + host)).get("host") == host.decode()
    for host in (b"a b", b"a/b", b"a@b", b"a?b", b"a#b", b"a\\b", b"<a>", b"a\"b", b"a\tb", b"caf\xe9",
                 b"\xb2", b"caf\xc3\xa9.fr", b"a{b", b"a|b", b"a^b",
                 b"http://h"):
        refused(400, parse, request(host=b"Host: " + host))


# -- body length (section 6) -------------------------------------------------


def test_content_length_is_read():
    for text, n in ((b"0", 0), (b"5", 5), (b"00005", 5), (b"16384", 16384), (b"999999999", 999999999),
                    (b"0" * 30, 0), (b" 5 ", 5)):
        assert parse(request(b"Content-Length: " + text)).length == n
    assert parse(request()).length == 0


def test_content_lengths_that_are_not_plain_digits_are_refused():
    for text in (b"", b"+5", b"-5", b"-0", b"5 5", b"5,5", b"5, 5", b"5,6", b"0x5", b"5.0", b"5e1", b"five",
                 b"5;", b"1_0", b"\xb2", b"\xd9\xa5", b"\"5\""):
        assert bad(400, request(b"Content-Length: " + text))


def test_two_content_lengths_are_refused_even_when_equal():
    refused(400, parse, request(b"Content-Length: 5", b"Content-Length: 6"))
    refused(400, parse, request(b"Content-Length: 5", b"content-length: 5"))


def test_an_absurd_content_length_is_too_large():
    for text in (b"1" * 10, b"9" * 30, b"18446744073709551616", b"00018446744073709551621"):
        refused(413, parse, request(b"Content-Length: " + text))


def test_chunked_bodies_are_announced_by_transfer_encoding():
    for text in (b"chunked", b"Chunked", b"CHUNKED", b" chunked\t"):
        assert parse(request(b"Transfer-Encoding: " + text)).length == -1


def test_a_request_whose_last_coding_is_not_chunked_is_refused():
    # Where such a body ends cannot be known (section 6.3).
    for text in (b"gzip", b"identity", b"", b"chunked, gzip", b"xchunked", b"chunked;q=1", b"chunked chunked",
                 b"\"chunked\"", b"\x0bchunked",
                 b"chunked,", b"chunked\x00"):
        refused(400, parse, request(b"Transfer-Encoding: " + text))
    refused(400, parse, request(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"))


def test_chunked_twice_is_refused():
    refused(400, parse, request(b"Transfer-Encoding: chunked, chunked"))
    refused(400, parse, request(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"))


def test_other_codings_under_chunked_are_not_implemented():
    for text in (b"gzip, chunked", b"gzip,chunked", b"identity, chunked", b"a;b=c, Chunked"):
        refused(501, parse, request(b"Transfer-Encoding: " + text))
    refused(501, parse, request(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked"))


def test_both_lengths_at_once_are_refused():
    refused(400, parse, request(b"Content-Length: 5", b"Transfer-Encoding: chunked"))
    refused(400, parse, request(b"Transfer-Encoding: chunked", b"Content-Length: 0"))
    refused(400, parse, request(b"Transfer-Encoding: gzip, chunked", b"Content-Length: 5"))


def test_chunked_in_http_1_0_is_refused():
    refused(400, parse, request(b"Transfer-Encoding: chunked", line=b"POST / HTTP/1.0"))


# -- the connection (section 9) ----------------------------------------------


def test_connections_stay_open_as_version_and_header_say():
    for line, header, stays in (
        (b"GET / HTTP/1.1", b"A: b", True), (b"GET / HTTP/1.1", b"Connection: close", False),
        (b"GET / HTTP/1.1", b"Connection: x, CLOSE", False),
        (b"GET / HTTP/1.1", b"Connection: closed", True), (b"GET / HTTP/1.0", b"A: b", False),
        (b"GET / HTTP/1.0", b"Connection: Keep-Alive", True),
        (b"GET / HTTP/1.0", b"Connection: close", False),
    ):
        assert parse(request(header, line=line)).keep_alive() == stays, (line, header)


def test_close_wins_over_keep_alive():
    for line in (b"GET / HTTP/1.1", b"GET / HTTP/1.0"):
        assert not parse(request(b"Connection: keep-alive, close", line=line)).keep_alive()


def test_empty_lines_before_a_request_are_ignored():
    for n in (1, 2, 5):
        head = same_everywhere(b"\r\n" * n + request())
        assert head.path == "/"


def test_empty_lines_without_end_are_refused():
    assert bad(431, b"\r\n" * 310 + request())


def test_bytes_behind_the_head_are_left_for_the_next_reader():
    data = request() + b"body or the next request\r\n\r\n"
    size = len(request())
    for pieces in ways(data):
        head, rest = read(pieces)
        assert rest == data[size:]
        assert head.path == "/"


def test_pipelined_requests_come_out_one_by_one():
    data = request(line=b"GET /1 HTTP/1.1") + b"\r\n" + request(line=b"GET /2 HTTP/1.1")
    data += request(line=b"GET /3 HTTP/1.1")
    paths = []
    while data:
        head, data = read([data])
        paths.append(head.path)
    assert paths == ["/1", "/2", "/3"]


def test_one_reader_reads_request_after_request():
    reader = HeadReader(Limits)
    for i in range(3):
        data = bytearray(request(line=b"GET /%d HTTP/1.1" % i))
        for k in range(len(data)):
            off = reader.feed(data, k, k + 1)
            assert off == (k + 1 if k == len(data) - 1 else -1)
        assert reader.head.path == "/%d" % i
        assert reader.part == b""


def test_nothing_but_the_range_that_is_fed_is_read():
    data = request()
    buf = bytearray(b"GET /wrong " + data + b"\r\n\r\n")
    reader = HeadReader(Limits)
    assert reader.feed(buf, 11, 11 + len(data) - 1) == -1
    assert reader.feed(buf, 11 + len(data) - 1, 11 + len(data)) == 11 + len(data)
    assert reader.head.path == "/"
    reader = HeadReader(Limits)
    view = memoryview(buf)
    assert reader.feed(view, 11, 11 + len(data)) == 11 + len(data)
    assert reader.head.path == "/"


# -- limits ------------------------------------------------------------------


def line_of(n):
    return b"GET /" + b"x" * (n - 14) + b" HTTP/1.1"


def test_a_request_line_of_exactly_the_limit_is_taken_and_one_more_byte_refused():
    assert same_everywhere(request(line=line_of(200))).method == "GET"
    assert bad(414, request(line=line_of(201)))
    assert bad(414, request(line=line_of(300)))


def test_a_request_line_without_end_is_refused_at_its_limit():
    assert bad(414, b"GET /" + b"x" * 300)
    assert bad(414, b"\r\n\r\nGET /" + b"x" * 300)
    reader = HeadReader(Limits)
    data = bytearray(b"G" * 201)
    for i in range(200):
        assert reader.feed(data, i, i + 1) == -1
    refused(414, reader.feed, data, 200, 201)


def test_a_line_too_long_is_414_even_when_the_head_is_too_long_as_well():
    assert bad(414, request(line=line_of(700)))
    assert bad(414, request(b"A: " + b"x" * 600, line=line_of(300)))


def test_a_head_of_exactly_the_limit_is_taken_and_one_more_byte_refused():
    size = len(request(b"A: "))
    assert same_everywhere(request(b"A: " + b"x" * (600 - size))).get("a") == "x" * (600 - size)
    assert bad(431, request(b"A: " + b"x" * (601 - size)))
    assert bad(431, request(b"A: " + b"x" * 1000))


def test_a_head_without_end_is_refused_at_its_limit():
    assert bad(431, request()[:-2] + b"A: " + b"x" * 700)
    assert bad(431, request()[:-2] + b"a: b\r\n" * 200)


def test_more_headers_than_the_limit_are_refused():
    assert len(parse(request(*[b"A: b"] * 9)).all("a")) == 9
    assert bad(431, request(*[b"A: b"] * 10))


def test_a_tls_hello_gets_a_hint_at_every_split():
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(32))
    for data in (hello, b"\x16\x03\x01", hello + b"\r\n\r\n", hello + b"\r\n", hello + bytes(300)):
        for pieces in ways(data):
            error = refused(400, read, pieces)
            assert "TLS" in error.reason, (data, error.reason)


def test_random_bytes_are_refused_or_wait_for_more_but_never_crash():
    random = Random(9)
    good = request(b"Content-Length: 5", b"A: b", line=b"POST /x?y HTTP/1.1")
    for _ in range(1500):
        data = bytearray(good)
        for _ in range(1 + random.below(3)):
            likely = random.choice(b"\r\n \t:/\0\xff\x80AZ09,;%?#*")
            data[random.below(len(data))] = likely if random.below(2) else random.below(256)
        outcomes = []
        for pieces in ([bytes(data)], cut(bytes(data), [random.below(9) for _ in range(8)])):
            try:
                found = read(pieces)
                outcomes.append(found and described(found[0]))
            except ProtocolError as error:
                assert 400 <= error.code <= 505
                outcomes.append(error.code)
        assert outcomes[0] == outcomes[1], data


# -- bodies ------------------------------------------------------------------


def body(pieces, length=-1, limit=1000):
    """(body, bytes behind it, whether it is complete)."""
    reader = BodyReader(length, limit)
    sink = bytearray()
    for i, piece in enumerate(pieces):
        buf = bytearray(b"?" + piece + b"?")
        off = reader.feed(buf, 1, 1 + len(piece), sink)
        assert off <= 1 + len(piece)
        if reader.done:
            return bytes(sink), piece[off - 1 :] + b"".join(pieces[i + 1 :]), True
        assert off == 1 + len(piece), "bytes were left although the body is not complete"
    return bytes(sink), b"", False


def chunked(stream, data, limit=1000):
    """The chunked body `stream` gives `data` at every split, and leaves what is behind it."""
    for behind in (b"", b"GET"):
        for pieces in ways(stream + behind):
            assert body(pieces, -1, limit) == (data, behind, True), [len(piece) for piece in pieces]
    return True


def bad_chunks(status, stream, limit=1000):
    for pieces in ways(stream):
        refused(status, body, pieces, -1, limit)
    return True


def test_a_body_of_known_length_is_read_and_what_follows_left():
    for pieces in ways(b"12345rest"):
        assert body(pieces, 5) == (b"12345", b"rest", True)
    assert body([b"123"], 5) == (b"123", b"", False)
    assert body([b"rest"], 0) == (b"", b"rest", True)
    assert BodyReader(0, 10).done


def test_a_body_longer_than_the_limit_is_refused_before_any_of_it_is_stored():
    assert body([b"12345"], 5, 5) == (b"12345", b"", True)
    for data in (b"1", b"123456"):
        reader = BodyReader(6, 5)
        sink = bytearray()
        refused(413, reader.feed, bytearray(data), 0, len(data), sink)
        assert sink == b""


def test_chunks_are_put_together():
    assert chunked(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world")
    assert chunked(b"0\r\n\r\n", b"")
    assert chunked(b"1\r\n\r\r\n1\r\n\n\r\n2\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n")


def test_chunk_sizes_are_hexadecimal_in_any_case_with_leading_zeros():
    assert chunked(b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", b"0123456789" * 2)
    assert chunked(b"0005\r\nhello\r\n000\r\n\r\n", b"hello")
    assert chunked(b"000000000000000005\r\nhello\r\n000000000000000000000\r\n\r\n", b"hello")
    assert chunked(b"1f\r\n" + b"x" * 31 + b"\r\n0\r\n\r\n", b"x" * 31)


def test_chunk_extensions_are_ignored():
    for extension in (b";a", b";a=b", b"; a = \"b;c\" ;d", b" ;a", b"\t;a=1", b";"):
        assert chunked(b"5" + extension + b"\r\nhello\r\n0" + extension + b"\r\n\r\n", b"hello")


def test_control_characters_in_chunk_extensions_are_refused():
    for byte in (0, 1, 10, 11, 12, 27, 127):
        assert bad_chunks(400, b"5;a" + bytes((byte,)) + b"\r\nhello\r\n0\r\n\r\n")


def test_chunk_sizes_that_are_not_plain_hexadecimal_are_refused():
    for size in (b"", b" ", b"-5", b"+5", b"0x5", b"5h", b"g", b"5 5", b"5.", b"5,", b"\xb2", b"_5", b"5_0",
                 b" 5", b"\t5", b"5 ", b"5\t", b";a", b" ;a", b"\"5\""):
        assert bad_chunks(400, size + b"\r\nhello\r\n0\r\n\r\n")


def test_huge_chunk_sizes_are_too_large():
    for size in (b"fffffff", b"ffffffff", b"100000000", b"ffffffffffffffff", b"10000000000000005",
                 b"f" * 100):
        assert bad_chunks(413, size + b"\r\n")
    for size in (b"80000000", b"7fffffff", b"80000005"):
        assert bad_chunks(413, size + b"\r\n")


def test_chunks_beyond_the_limit_are_refused_at_their_size_line():
    assert chunked(b"5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", b"helloworld", 10)
    assert bad_chunks(413, b"5\r\nhello\r\n6\r\n", 10)
    assert bad_chunks(413, b"b\r\n", 10)


def test_chunk_lines_end_in_crlf_and_nothing_else():
    for stream in (b"5\nhello\r\n0\r\n\r\n", b"5\rhello\r\n0\r\n\r\n", b"5\r\r\nhello\r\n0\r\n\r\n",
                   b"5\r\nhello\n0\r\n\r\n", b"5\r\nhello\r0\r\n\r\n",
                   b"5\r\nhello\r\r\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"5\r\nhello \r\n0\r\n\r\n",
                   b"5\r\nhello!\r\n0\r\n\r\n", b"5\r\nhello\r\n0\n\r\n",
                   b"5\r\nhello\r\n0\r\n\n", b"5\r\nhello\r\n\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\n\rx",
                   b"\r\n5\r\nhello\r\n"):
        assert bad_chunks(400, stream)


def test_a_chunk_line_without_end_is_refused():
    assert bad_chunks(400, b"5;" + b"x" * 300)
    assert bad_chunks(400, b"0" * 300)
    assert bad_chunks(400, b"0\r\nTrailer: " + b"x" * 300)


def test_trailers_are_checked_and_dropped():
    assert chunked(b"5\r\nhello\r\n0\r\nX: y\r\nExpires: 0\r\nEmpty:\r\n\r\n", b"hello")
    for trailer in (b"no colon", b": v", b" folded: v", b"\tx: v", b"sp ace: v", b"name : v", b"n\0: v",
                    b"n: \0", b"n: a\rb", b"n: \x7f", b"caf\xe9: v"):
        assert bad_chunks(400, b"0\r\n" + trailer + b"\r\n\r\n")


def test_trailers_have_a_limit():
    assert chunked(b"0\r\n" + b"a: b\r\n" * 16 + b"\r\n", b"")
    assert bad_chunks(400, b"0\r\n" + b"a: b\r\n" * 17 + b"\r\n")


def test_an_unfinished_chunked_body_is_not_done():
    stream = b"5\r\nhello\r\n0\r\nA: b\r\n\r\n"
    for n in range(len(stream)):
        assert body([stream[:n]])[2] is False, n
    assert body([stream])[2] is True


def test_random_chunkings_give_the_same_body():
    random = Random(10)
    for _ in range(150 if MICROPYTHON else 400):
        data = random.bytes(random.below(300))
        stream = b""
        for piece in cut(data, [random.below(60) for _ in range(6)]):
            if piece:
                stream += b"%x\r\n" % len(piece) + piece + b"\r\n"
        stream += b"0\r\n\r\n"
        assert body([stream])[:2] == (data, b"")
        assert body(cut(stream, [random.below(40) for _ in range(9)]))[:2] == (data, b"")


def test_errors_carry_a_reason():
    assert raises(ProtocolError, parse, request(line=b"x")).reason
