"""Static files: types, siblings, conditions, ranges, what must never be served, and large files on a small heap."""

import gzip
import os
import socket

import pytest
from raw import Raw
from serving import eventually

PAGE = b"<!doctype html><p>page</p>" * 20
DATA = bytes(range(256)) * 4


@pytest.fixture
def folder(tmp_path):
    """A folder with files, and beside it one that must stay private."""
    root = tmp_path.resolve() / "www"
    (root / "sub").mkdir(parents=True)
    (root / "bare").mkdir()
    (root / "index.html").write_bytes(b"home")
    (root / "sub" / "index.html").write_bytes(b"sub home")
    (root / "page.html").write_bytes(PAGE)
    (root / "page.html.gz").write_bytes(gzip.compress(PAGE))
    (root / "only.js.gz").write_bytes(gzip.compress(b"only()"))
    (root / "data.bin").write_bytes(DATA)
    (root / "empty.txt").write_bytes(b"")
    (root / "grün ü.txt").write_bytes(b"umlauts")
    (root / "..almost").write_bytes(b"not a parent")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (tmp_path / "www-private").mkdir()
    (tmp_path / "www-private" / "secret.txt").write_bytes(b"secret")
    for name in ("a.css", "a.JS", "a.json", "a.svg", "a.png", "a.woff2", "a.wasm", "a.txt", "a.unknown", "noext"):
        (root / name).write_bytes(b"x")
    return root


@pytest.fixture
def site(serve, folder):
    """The application that serves the folder."""
    return serve("http_static", root=str(folder))


def test_files_have_their_content_type(site):
    types = {
        "/page.html": "text/html; charset=utf-8",
        "/a.css": "text/css; charset=utf-8",
        "/a.JS": "text/javascript; charset=utf-8",
        "/a.json": "application/json",
        "/a.svg": "image/svg+xml",
        "/a.png": "image/png",
        "/a.woff2": "font/woff2",
        "/a.wasm": "application/wasm",
        "/a.txt": "text/plain; charset=utf-8",
        "/a.unknown": "application/octet-stream",
        "/noext": "application/octet-stream",
        "/only.js": "text/javascript; charset=utf-8",
    }
    with Raw(site.port) as client:
        for path, kind in types.items():
            status, headers, _ = client.get(path)
            assert (status, headers["content-type"]) == (200, kind), path


def test_a_file_arrives_whole_with_its_length(site):
    with Raw(site.port) as client:
        for prefix in ("", "/plain", "/site"):
            status, headers, body = client.get(prefix + "/data.bin")
            assert (status, headers["content-length"], body) == (200, "1024", DATA)
            assert headers["accept-ranges"] == "bytes"
            assert "content-encoding" not in headers
        assert client.get("/empty.txt")[2] == b""
        assert client.get("/gr%C3%BCn%20%C3%BC.txt?v=1")[2] == b"umlauts"
        assert client.get("/..almost")[2] == b"not a parent"
        assert client.get("/hello")[2] == b"hello"  # routes come first
        status, headers, body = client.get("/download")
        assert (status, headers["x-mine"], body) == (200, "1", PAGE)
        assert client.get("/download-missing")[0] == 404


def test_folders_show_their_index_only_where_asked_for(site):
    with Raw(site.port) as client:
        for path, body in (("/", b"home"), ("/site/", b"home"), ("/sub/", b"sub home"), ("/site/sub/", b"sub home")):
            status, headers, got = client.get(path)
            assert (status, headers["content-type"], got) == (200, "text/html; charset=utf-8", body)
        for path, place in (("/sub", "/sub/"), ("/site/sub", "/site/sub/"), ("/site", "/site/")):
            status, headers, _ = client.get(path)
            assert (status, headers["location"]) == (308, place)
        for path in ("/plain/", "/plain", "/plain/sub", "/plain/sub/", "/bare/", "/site/bare/", "/page.html/"):
            assert client.get(path)[0] == 404, path


def test_the_gz_sibling_is_for_clients_that_take_gzip_and_only_for_them(site):
    with Raw(site.port) as client:
        for accepted in ("gzip", "deflate, gzip", "gzip;q=0.5", "GZIP", "*", "br;q=1, *;q=0.1",
                         "identity;q=0.1,gzip ; q=1", "*;q=0, gzip"):
            status, headers, body = client.get("/page.html", "Accept-Encoding: " + accepted)
            assert (status, headers.get("content-encoding")) == (200, "gzip"), accepted
            assert gzip.decompress(body) == PAGE
            assert headers["content-type"] == "text/html; charset=utf-8"
            assert headers["vary"].lower() == "accept-encoding"
        for refused in (None, "", "identity", "deflate, br", "gzip;q=0", "gzip; q=0.0, br", "*;q=0",
                        "gzip;q=0.000, *", "*, gzip;q=0", "gzipped"):
            lines = [] if refused is None else ["Accept-Encoding: " + refused]
            status, headers, body = client.get("/page.html", *lines)
            assert (status, headers.get("content-encoding"), body) == (200, None, PAGE), refused
            assert headers["vary"].lower() == "accept-encoding"
        assert "content-encoding" not in client.get("/data.bin", "Accept-Encoding: gzip")[1]
        status, headers, body = client.get("/only.js", "Accept-Encoding: gzip")
        assert (status, headers["content-encoding"], gzip.decompress(body)) == (200, "gzip", b"only()")


def test_a_file_that_the_client_has_is_304(site, folder):
    with Raw(site.port) as client:
        etag = client.get("/page.html")[1]["etag"]
        zipped = client.get("/page.html", "Accept-Encoding: gzip")[1]["etag"]
        assert etag != zipped
        for condition in (etag, "W/" + etag, f'"x", {etag}', "*"):
            status, headers, body = client.get("/page.html", "If-None-Match: " + condition)
            assert (status, headers["etag"], body) == (304, etag, b""), condition
            assert "content-length" not in headers
        for condition in ('"x"', zipped, etag[1:-1]):
            assert client.get("/page.html", "If-None-Match: " + condition)[2] == PAGE, condition
        assert client.get("/page.html", "Accept-Encoding: gzip", "If-None-Match: " + zipped)[0] == 304
        client.request("HEAD /page.html", ["If-None-Match: " + etag])
        assert client.response("HEAD")[0] == 304
        (folder / "page.html").write_bytes(PAGE + b"!")
        status, headers, body = client.get("/page.html", "If-None-Match: " + etag)
        assert (status, body) == (200, PAGE + b"!")
        assert headers["etag"] != etag


def test_ranges_are_cut_out(site):
    with Raw(site.port) as client:
        etag = client.get("/data.bin")[1]["etag"]
        for wanted, first, last in (
            ("0-0", 0, 0), ("0-9", 0, 9), ("1000-", 1000, 1023), ("1000-5000", 1000, 1023), ("-1", 1023, 1023),
            ("-5000", 0, 1023), ("1023-1023", 1023, 1023), ("0-", 0, 1023),
        ):
            status, headers, body = client.get("/data.bin", "Range: bytes=" + wanted)
            assert (status, body) == (206, DATA[first : last + 1]), wanted
            assert headers["content-range"] == f"bytes {first}-{last}/1024"
        assert client.get("/data.bin", "Range: Bytes=5-6")[0] == 206  # units know no case (RFC 9110 section 14.1)
        for wanted in ("1024-", "5000-6000", "-0"):
            status, headers, body = client.get("/data.bin", "Range: bytes=" + wanted)
            assert (status, headers["content-range"], body) == (416, "bytes */1024", b""), wanted
        for ignored in ("bytes=9-5", "bytes=a-b", "bytes=-", "lines=1-2", "bytes=0-1,5-6", "bytes=", "0-1",
                        "bytes=\xb2-3", "bytes=--1", "bytes=+1-2", "bytes=1_0-20"):
            value = ignored.encode("latin-1")
            client.send(b"GET /data.bin HTTP/1.1\r\nHost: a\r\nRange: " + value + b"\r\n\r\n")
            status, _, body = client.response()
            assert (status, body) == (200, DATA), ignored
        assert client.get("/data.bin", "Range: bytes=0-4", "If-Range: " + etag)[0] == 206
        for other in ('"x"', "W/" + etag, "Sat, 29 Oct 1994 19:43:31 GMT"):
            status, _, body = client.get("/data.bin", "Range: bytes=0-4", "If-Range: " + other)
            assert (status, body) == (200, DATA), other
        # A part of the plain file: a part of the sibling would be of no use.
        status, headers, body = client.get("/page.html", "Range: bytes=0-4", "Accept-Encoding: gzip")
        assert (status, headers.get("content-encoding"), body) == (206, None, PAGE[:5])
        assert client.get("/empty.txt", "Range: bytes=0-")[0] == 416


def test_head_of_a_file_has_the_headers_of_get(site):
    with Raw(site.port) as client:
        for path in ("/data.bin", "/page.html", "/", "/empty.txt", "/sub", "/none"):
            get = client.get(path, "Accept-Encoding: gzip")
            client.request("HEAD " + path, ["Accept-Encoding: gzip"])
            assert client.response("HEAD")[:2] == get[:2], path
        client.request("HEAD /data.bin", ["Range: bytes=0-4"])
        status, headers, _ = client.response("HEAD")
        # A range is for GET only (RFC 9110 section 14.2).
        assert (status, headers["content-length"]) == (200, "1024")
        assert client.get("/hello")[2] == b"hello"


def test_nothing_outside_of_the_folder_is_ever_served(site, folder):
    outside = str(folder.parent / "secret.txt")
    paths = ["/../secret.txt", "/sub/../../secret.txt", "/%2e%2e/secret.txt", "/.%2e/secret.txt", "/..%2fsecret.txt",
             "/%2e%2e%2fsecret.txt", "/..%5csecret.txt", "/..\\secret.txt", "/sub%2f..%2f..%2fsecret.txt",
             "/%252e%252e/secret.txt", "/page.html%00", "/%00", "/page.html%00.txt", "/../www-private/secret.txt",
             "-private/secret.txt", "/" + outside, "/" + outside.replace("/", "%2f"), "//etc/passwd",
             "/%2fetc%2fpasswd",
             "/file:///etc/passwd", "/C:%5cwindows", "/./page.html", "/%2e/page.html", "/sub//index.html", "/sub/..",
             "/sub/../", "/..", "/../", "/%2e%2e", "/%2e%2e/", "/....//secret.txt"]
    with Raw(site.port) as client:
        for prefix in ("", "/plain", "/site"):
            for path in paths:
                if not (prefix + path).startswith("/"):
                    continue
                status, _, body = client.get(prefix + path)
                assert (status, b"secret" in body, b"root:" in body) == (404, False, False), prefix + path
        # Not UTF-8, which a lenient decoder would take for "..".
        assert client.get("/%c0%ae%c0%ae/secret.txt")[0] == 400


def test_what_is_not_there_is_404_and_other_methods_405(site):
    with Raw(site.port) as client:
        for path in ("/none", "/plain/none.html", "/site/sub/none", "/data.bin/x", "/data.bin/", "/sub/none/"):
            assert client.get(path)[0] == 404, path
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            client.request(f"{method} /page.html", ["Content-Length: 2"], b"ab")
            status, headers, _ = client.response()
            assert (status, headers["allow"]) == (405, "GET, HEAD"), method
        client.request("POST /none")
        assert client.response()[0] == 404


def test_a_large_file_goes_to_a_slow_reader_through_a_small_heap_while_others_are_served(serve, folder):
    content = b"".join(b"%07d\n" % i for i in range(131072))  # 1 MiB
    (folder / "large.bin").write_bytes(content)
    served = serve("http_static", heap="300K", root=str(folder))
    with slow_reader(served.port) as slow, Raw(served.port) as other:
        for _ in range(2):
            slow.request("GET /large.bin")
            slow.read_until(b"\r\n\r\n")
            got = b""
            while len(got) < len(content):
                got += slow.read(min(65536, len(content) - len(got)))
                assert other.get("/hello")[2] == b"hello"
            assert got == content
        assert other.get("/large.bin", "Range: bytes=1000000-1000007")[2] == b"0125000\n"
        slow.request("GET /large.bin")
        slow.end_sending()
        assert slow.response()[2] == content


def slow_reader(port):
    """A client with a small window, so that the file has to wait for it."""
    client = Raw.__new__(Raw)
    client.sock = socket.socket()
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sock.settimeout(10)
    client.sock.connect(("127.0.0.1", port))
    client.buffer = b""
    return client


def test_readers_that_leave_in_the_middle_leave_no_open_files(serve, folder):
    (folder / "large.bin").write_bytes(b"x" * 8000000)
    served = serve("http_static", root=str(folder))
    files = f"/proc/{served.process.pid}/fd"
    for _ in range(30):
        client = slow_reader(served.port)
        client.request("GET /large.bin")
        client.read_until(b"\r\n\r\n")
        client.reset()
        with Raw(served.port) as other:
            assert other.get("/hello")[0] == 200
    eventually(lambda: not open_files(files, "large.bin"), "the file is closed")


def open_files(folder, name):
    """How many descriptors of a process are of that file."""
    count = 0
    for entry in os.listdir(folder):
        try:
            count += os.readlink(f"{folder}/{entry}").endswith(name)
        except OSError:
            pass
    return count
