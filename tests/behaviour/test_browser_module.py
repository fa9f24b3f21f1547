"""/viper.js: served compressed to whoever asks, small, current, and no burden to who does not."""

import gzip
import http.client
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
TOOL = ROOT / "tools" / "assets" / "viper_js.py"
MOST = 2048  # bytes, compressed


def fetch(served, path, method="GET", **headers):
    """(status, headers, body) of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    try:
        connection.request(method, path, headers={key.replace("_", "-"): value for key, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_it_comes_compressed_and_is_small(serve):
    status, headers, body = fetch(serve("browser_js"), "/viper.js", Accept_Encoding="gzip")
    assert status == 200
    assert headers["Content-Encoding"] == "gzip" and headers["Content-Type"].startswith("text/javascript")
    assert len(body) == int(headers["Content-Length"]) <= MOST
    assert b"export function connect(" in gzip.decompress(body)


def test_a_browser_that_has_it_gets_304_and_head_no_body(serve):
    served = serve("browser_js")
    etag = fetch(served, "/viper.js")[1]["ETag"]
    status, headers, body = fetch(served, "/viper.js", If_None_Match=etag)
    assert (status, headers["ETag"], body) == (304, etag, b"")
    status, headers, body = fetch(served, "/viper.js", "HEAD")
    assert (status, body) == (200, b"") and int(headers["Content-Length"]) > 0
    assert fetch(served, "/viper.js", "POST")[0] == 405


def test_nothing_is_loaded_before_it_is_asked_for_and_the_script_is_forgotten_again(serve):
    served = serve("browser_js")
    assert fetch(served, "/no-such-path")[0] == 404
    assert json.loads(fetch(served, "/modules")[2]) == []
    for _ in range(2):
        assert gzip.decompress(fetch(served, "/viper.js")[2])
    assert not [name for name in json.loads(fetch(served, "/modules")[2]) if name.endswith("viper_js")]


def test_a_file_of_the_application_goes_first(serve, tmp_path):
    (tmp_path / "viper.js").write_text("export const mine = 1;\n")
    assert fetch(serve("browser_js", folder=str(tmp_path)), "/viper.js")[2] == b"export const mine = 1;\n"


def test_it_is_what_its_source_gives():
    done = subprocess.run([sys.executable, str(TOOL), "--check"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_tool_tells_its_size():
    done = subprocess.run([sys.executable, str(TOOL), "--size"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and 0 < int(done.stdout.split()[1]) <= MOST
