"""Form bodies and uploads on both runtimes."""

import json
import os

from raw import Raw
from serving import eventually

URLENCODED = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = "Content-Type: multipart/form-data; boundary=xYz"


def post(client, path, body, *headers, method="POST"):
    client.request(f"{method} {path}", [f"Content-Length: {len(body)}", *headers], body)
    status, _, answer = client.response()
    try:
        return status, json.loads(answer)
    except ValueError:
        return status, answer.decode()


def multipart(*parts):
    """A form of (name, filename or None, data)."""
    body = b""
    for name, filename, data in parts:
        file = f'; filename="{filename}"\r\nContent-Type: image/x' if filename is not None else ""
        body += f'--xYz\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n"
    return body + b"--xYz--\r\n"


def test_a_small_form_is_a_mapping(serve, tmp_path):
    with Raw(serve("form_main", folder=str(tmp_path)).port) as client:
        status, answer = post(client, "/form", b"a=1&b=%C3%A4+x&a=2&empty=", URLENCODED)
        assert (status, answer["same"]) == (200, True)
        assert answer["fields"] == [["a", "1"], ["b", "ä x"], ["a", "2"], ["empty", ""]]
        body = multipart(("a", None, "grün".encode()), ("f", "dir/x.bin", b"\x01\x02"))
        status, answer = post(client, "/form", body, MULTIPART)
        assert answer["fields"] == [["a", "grün"], ["f", str(b"\x01\x02")]]
        assert answer["files"] == {"f": ["x.bin", "image/x"]}


def test_a_form_of_too_many_or_too_large_fields_is_413(serve, tmp_path):
    with Raw(serve("form_main", folder=str(tmp_path)).port) as client:
        many = "&".join(f"f{i}=x" for i in range(32)).encode()
        assert len(post(client, "/form", many, URLENCODED)[1]["fields"]) == 32
        assert post(client, "/form", many + b"&g=x", URLENCODED) == (413, {"detail": "the form has too many parts"})
        assert post(client, "/form", b"a=" + b"x" * 8192, URLENCODED)[0] == 200
        status, answer = post(client, "/form", b"a=" + b"x" * 8193, URLENCODED)
        assert (status, answer["detail"]) == (413, "form field 'a' is larger than 8192 bytes")
        assert post(client, "/form", multipart(("f", "x", b"x" * 8193)), MULTIPART)[0] == 413


def test_what_is_no_form_is_415_and_a_malformed_one_400(serve, tmp_path):
    with Raw(serve("form_main", folder=str(tmp_path)).port) as client:
        assert post(client, "/form", b"{}", "Content-Type: application/json")[0] == 415
        assert post(client, "/form", b"a=1")[0] == 415
        assert post(client, "/form", b"a=%zz", URLENCODED)[0] == 400
        assert post(client, "/form", b"a=%ff", URLENCODED)[0] == 400
        assert post(client, "/form", b"--other--", MULTIPART)[0] == 400
        assert post(client, "/form", multipart(("a", None, b"1"))[:-6], MULTIPART)[0] == 400
        assert post(client, "/form", b"--x--", "Content-Type: multipart/form-data")[0] == 400
        assert post(client, "/form", b"a=1", URLENCODED)[0] == 200


def test_files_are_saved_as_they_arrive_whatever_max_body_says(serve, tmp_path):
    data = os.urandom(300000)
    body = multipart(("note", None, b"hello"), ("f", "../a.bin", data), ("g", "b.bin", b""), ("h", "c.bin", data[:70]))
    expected = [["note", "hello"], ["f", "a.bin", "image/x", 300000], ["g", "b.bin", "image/x", 0],
                ["h", "c.bin", "image/x", 70]]
    for guarded in (False, True):
        with Raw(serve("form_main", folder=str(tmp_path), guarded=guarded).port) as client:
            assert post(client, "/upload", body, MULTIPART) == (200, expected)
            assert (tmp_path / "a.bin").read_bytes() == data
            assert (tmp_path / "c.bin").read_bytes() == data[:70]
            client.request("POST /upload", [MULTIPART, "Transfer-Encoding: chunked"])
            for at in range(0, len(body), 7777):
                piece = body[at : at + 7777]
                client.send(b"%x\r\n" % len(piece) + piece + b"\r\n")
            client.send(b"0\r\n\r\n")
            assert json.loads(client.response()[2]) == expected
            assert (tmp_path / "a.bin").read_bytes() == data


def test_a_file_over_its_limit_leaves_nothing_behind(serve, tmp_path):
    body = multipart(("f", "big.bin", b"x" * 500001))
    with Raw(serve("form_main", folder=str(tmp_path)).port) as client:
        status, answer = post(client, "/upload", body, MULTIPART)
        assert (status, answer) == (413, {"detail": "the file is larger than 500000 bytes"})
    assert not (tmp_path / "big.bin").exists()


def test_a_client_that_leaves_in_the_middle_leaves_no_file(serve, tmp_path):
    served = serve("form_main", folder=str(tmp_path))
    with Raw(served.port) as client:
        body = multipart(("f", "half.bin", b"x" * 100000))
        client.request("POST /upload", [f"Content-Length: {len(body)}", MULTIPART], body[:50000])
        eventually((tmp_path / "half.bin").exists, "the file is begun")
    eventually(lambda: not (tmp_path / "half.bin").exists(), "the file is removed")


def test_parts_that_nobody_reads_are_passed_over_and_memory_stays(serve, tmp_path):
    body = multipart(("first", "a", b"x" * 30000), ("second", "b", b"y" * 500000), ("third", None, b"z"))
    with Raw(serve("form_main", folder=str(tmp_path), heap="256K").port) as client:
        post(client, "/sizes", body, MULTIPART)  # loads what reads forms, and the table of names may grow with it
        status, answer = post(client, "/sizes", body, MULTIPART)
        assert status == 200
        assert answer["parts"][0][1] <= 1024
        assert answer["parts"][1:] == [["second", 500000], ["third", 1]]
        assert answer["grown"] < 20000


def test_a_raw_body_goes_to_a_file_within_its_limits(serve, tmp_path):
    with Raw(serve("form_main", folder=str(tmp_path)).port) as client:
        data = os.urandom(90000)
        assert post(client, "/raw", data, method="PUT") == (200, {"size": 90000})
        assert (tmp_path / "raw.bin").read_bytes() == data
    with Raw(serve("form_main", folder=str(tmp_path)).port) as client:
        assert post(client, "/raw", data + b"x", method="PUT")[0] == 413
        assert not (tmp_path / "raw.bin").exists()
    with Raw(serve("form_main", folder=str(tmp_path)).port) as client:
        assert post(client, "/raw", data + b"x" * 20000, method="PUT") == (
            413, {"detail": "body larger than 100000 bytes"})


def test_max_body_holds_for_the_other_routes(serve, tmp_path):
    with Raw(serve("form_main", folder=str(tmp_path), max_body=1000).port) as client:
        assert post(client, "/small", b"x" * 1000) == (200, {"n": 1000})
        assert post(client, "/small", b"x" * 1001)[0] == 413
