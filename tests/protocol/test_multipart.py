"""Forms, multipart and urlencoded, cut at every byte."""

from support import refused, ways

from viperhttp.protocol import multipart, urlencoded
from viperhttp.protocol.multipart import DATA, END, MORE, PART, PART_END, base_name, parameters

FORM = (
    b"--xYz\r\n"
    b'Content-Disposition: form-data; name="title"\r\n\r\n'
    b"Gr\xc3\xbc\xc3\x9fe\r\n--xY and more\r\n"
    b"\r\n--xYz\r\n"
    b'content-disposition:form-data;name=file;filename="C:\\dir\\a \\"b\\".bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n"
    b"\x00\r\n\r--\xff\r\n\r\n"
    b"\r\n--xYz \t\r\n"
    b'Content-Disposition: form-data; filename=""; name="empty"\r\n\r\n'
    b"\r\n--xYz--\r\nepilogue --xYz"
)
FIELDS = [
    ("title", None, "text/plain", "Grüße\r\n--xY and more\r\n".encode()),
    ("file", 'a "b".bin', "application/octet-stream", b"\x00\r\n\r--\xff\r\n\r\n"),
    ("empty", "", "text/plain", b""),
]


def read(reader, pieces):
    """[(name, filename, content type, data)] of a whole form."""
    fields = []
    waiting = list(pieces)
    head = data = None
    while True:
        kind, value = reader.take()
        if kind == MORE:
            if not waiting:
                reader.close()
                kind, value = reader.take()
                if kind == MORE:
                    raise AssertionError("close() let an unfinished form pass")
            else:
                reader.feed(waiting.pop(0))
                continue
        if kind == PART:
            assert head is None
            head, data = value, b""
        elif kind == DATA:
            assert value, "empty data"
            data += value
        elif kind == PART_END:
            fields.append((head.name, head.filename, head.content_type, data))
            head = None
        else:
            assert kind == END and head is None
            return fields


def form(data, boundary="xYz"):
    return read(multipart.MultipartReader(boundary), [data])


def part(disposition, data=b"v"):
    return b"--xYz\r\n" + disposition + b"\r\n\r\n" + data + b"\r\n--xYz--"


def test_a_form_is_the_same_however_it_is_cut():
    for pieces in ways(FORM):
        assert read(multipart.MultipartReader("xYz"), pieces) == FIELDS


def test_a_preamble_is_passed_over():
    for pieces in ways(b"preamble\r\n--xY\r\n" + FORM):
        assert read(multipart.MultipartReader("xYz"), pieces) == FIELDS


def test_a_part_may_have_no_empty_line_before_its_boundary():
    # RFC 2046 section 5.1.1: without a body the line end of the headers belongs to the boundary.
    data = b'--xYz\r\nContent-Disposition: form-data; name="a"\r\n\r\n--xYz--'
    for pieces in ways(data):
        assert read(multipart.MultipartReader("xYz"), pieces) == [("a", None, "text/plain", b"")]


def test_a_form_without_parts_is_empty():
    for pieces in ways(b"--xYz--\r\n"):
        assert read(multipart.MultipartReader("xYz"), pieces) == []


def test_a_form_that_is_cut_off_is_refused():
    end = FORM.find(b"--xYz--") + 7
    for n in range(end):
        refused(400, form, FORM[:n])
    assert form(FORM[:end]) == FIELDS


def test_a_boundary_line_holds_nothing_else():
    for bad in (b"x\r\n", b"-x", b" x\r\n", b"\rx", b"\n", b" " * 70):
        refused(400, form, b"--xYz" + bad + b'Content-Disposition: form-data; name="a"\r\n\r\nv\r\n--xYz--')


def test_a_part_needs_a_disposition_and_a_name():
    for bad in (
        b"Content-Type: text/plain",
        b"X: y",
        b"Content-Disposition: form-data",
        b'Content-Disposition: attachment; name="a"',
        b"Content-Disposition: form-data; filename=a",
        b"",
    ):
        refused(400, form, part(bad))


def test_long_headers_of_a_part_are_refused_early():
    reader = multipart.MultipartReader("xYz")
    reader.feed(b"--xYz\r\nX: ")
    n = 0
    try:
        while n < 5000:
            assert reader.take() == (MORE, None)
            reader.feed(b"x" * 100)
            n += 100
    except multipart.ProtocolError as error:
        assert error.code == 400
    assert n < 1200, n


def test_no_more_than_a_piece_is_held():
    reader = multipart.MultipartReader("b" * 70)
    reader.feed(b"--" + b"b" * 70 + b'\r\nContent-Disposition: form-data; name="a"\r\n\r\n')
    assert reader.take()[0] == PART
    for i in range(50):
        reader.feed(b"\r\n--bbbb\r" * 10)
        while reader.take()[0] != MORE:
            pass
        assert len(reader.data) < 80, i


def test_a_boundary_must_be_short_and_there():
    for bad in ("", "x" * 71):
        refused(400, multipart.MultipartReader, bad)
    assert form(part(b"Content-Disposition: form-data; name=a").replace(b"xYz", b"x" * 70), "x" * 70)


def test_parameters_are_cut_out_of_a_header():
    assert parameters(b"multipart/form-data; boundary=abc") == {"": "multipart/form-data", "boundary": "abc"}
    assert parameters(b'a;b="c;d" ; E = f;b=x') == {"": "a", "b": "c;d", "e": "f"}
    assert parameters(b'a; boundary="x y"')["boundary"] == "x y"
    assert parameters(b'a; n="unclosed')["n"] == "unclosed"
    assert parameters(b"") == {"": ""}
    assert parameters("a; n=\"ä\"".encode())["n"] == "ä"
    assert parameters(b'a; n="\xff"')["n"] == "\xff"


def test_a_file_name_has_no_folders():
    for sent, clean in (
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.bin", "a.bin"),
        ("/", ""),
        ("..", ""),
        ("a/..", ""),
        ("\x00a\nb", "ab"),
        (" ä b ", "ä b"),
        ("c:d", "cd"),
    ):
        assert base_name(sent) == clean, (sent, base_name(sent))


# ---- urlencoded --------------------------------------------------------------------


def plain(data):
    return [(name, value) for name, _, _, value in read(urlencoded.UrlencodedReader(), [data])]


def test_fields_are_the_same_however_they_are_cut():
    data = b"a=1&b%20c=%C3%A4+%26&&empty=&noequals&d=x=y&=n&a=2&"
    expected = [
        ("a", b"1"),
        ("b c", "ä &".encode()),
        ("empty", b""),
        ("noequals", b""),
        ("d", b"x=y"),
        ("", b"n"),
        ("a", b"2"),
    ]
    for pieces in ways(data):
        got = [(name, value) for name, _, _, value in read(urlencoded.UrlencodedReader(), pieces)]
        assert got == expected, (pieces, got)
    assert plain(b"") == []
    assert plain(b"a=%41%4a%4A") == [("a", b"AJJ")]


def test_bad_escapes_and_long_names_are_refused():
    for bad in (b"a=%", b"a=%4", b"a=%4g", b"a=%\x10\x10", b"%zz=1", b"%", b"n" * 257, b"n" * 257 + b"=1", b"%ff=1"):
        refused(400, plain, bad)
    assert plain(b"n" * 256 + b"=1") == [("n" * 256, b"1")]
