"""mip: the package and its parts from a folder, over HTTP, and by the board itself; .mpy, ROMFS, manifests."""

import contextlib
import functools
import http.server
import json
import pathlib
import subprocess
import sys
import threading

import pytest
import runtimes
from running import PATIENCE

ROOT = pathlib.Path(runtimes.ROOT)
sys.path.insert(0, str(ROOT / "tools" / "static"))

import parts  # noqa: E402

ARCHITECTURE = "x64"  # of the interpreter behind the virtual board
USE = {
    "core": "viperhttp.ViperHTTP().get('/')(lambda: None)",
    "rooms": "viperhttp.ConnectionManager().room('a')",
    "sse": "viperhttp.StreamingResponse",
    "static": "import viperhttp.endpoints.static",
    "forms": "import viperhttp.endpoints.forms",
    "auth": "import viperhttp.auth, viperhttp.sessions",
    "middleware": "from viperhttp.middleware import CORSMiddleware",
    "docs": "import viperhttp.app.autodocs",
    "sensors": "import viperhttp.sensors",
    "socketio": "import viperhttp.socketio",
    "device": "import viperhttp.device.settings, viperhttp.device.slots",
    "testing": "import viperhttp.testing",
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    """No line per request."""

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def http_server(folder):
    """The URL of a server of the folder's files."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(PATIENCE)
        server.server_close()


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """What release.py makes: {".mpy" packages, ROMFS image}."""
    folder = tmp_path_factory.mktemp("released")
    tool = [sys.executable, str(ROOT / "tools" / "mip" / "release.py")]
    for arguments in (["mip", folder / "mip", "--arch", ARCHITECTURE],
                      ["romfs", "unix", folder / "unix.romfs", "--app", ROOT / "examples" / "hello"]):
        done = subprocess.run([*tool, *map(str, arguments)], capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def use(board, part):
    """The part works on the board, which has nothing else of the package."""
    assert "fine" in board.mpremote("exec", f"import viperhttp\n{USE[part]}\nprint('fine')")


def test_each_part_names_files_that_are_there_and_a_core_that_needs_no_part():
    assert set(USE) == {parts.CORE, *parts.PARTS}
    for part in USE:
        urls = json.loads((ROOT / "viperhttp" / f"{part}.json").read_text())["urls"]
        assert all((ROOT / "viperhttp" / source).is_file() and target == "viperhttp/" + source
                   for target, source in urls)
    assert parts.needed(parts.CORE) == set()


@pytest.mark.parametrize("part", sorted(USE))
def test_a_part_can_be_imported_with_nothing_but_its_files(part, tmp_path):
    runtime = next(one for one in runtimes.RUNTIMES if one.name == "micropython-viper")
    if runtime.missing():
        pytest.skip(runtime.missing())
    for path in parts.files(part):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes((ROOT / path).read_bytes())
    script = tmp_path / "script.py"
    script.write_text(f"import sys\nsys.path[:] = [{str(tmp_path)!r}, '.frozen']\nimport viperhttp\n{USE[part]}\n"
                      "print('fine')\n")
    output, status = runtime.run(str(script))
    assert status == 0 and "fine" in output, output


def test_mpremote_installs_a_part_from_this_folder(make_board):
    board = make_board("esp32", heap="300K")
    said = board.mpremote("mip", "install", ROOT / "viperhttp" / "core.json")
    assert "Done" in said
    use(board, "core")


def test_mpremote_installs_the_compiled_package_from_an_http_server(make_board, released):
    board = make_board("pico_w")
    with http_server(released / "mip") as url:
        said = board.mpremote("mip", "install", f"{url}/{ARCHITECTURE}/rooms.json")
    assert "Done" in said and "rooms/manager.mpy" in said
    use(board, "rooms")


def test_the_board_installs_by_itself(make_board, released):
    board = make_board("esp32", heap="300K")
    with http_server(released / "mip") as url:
        said = board.mpremote("exec", f"import mip; mip.install('{url}/{ARCHITECTURE}/core.json', target='/lib')")
    assert "Done" in said, said
    use(board, "core")


def test_a_romfs_image_is_imported_in_place(released, tmp_path):
    runtime = next(one for one in runtimes.RUNTIMES if one.name == "micropython-viper")
    if runtime.missing():
        pytest.skip(runtime.missing())
    script = tmp_path / "script.py"
    script.write_text(f"""
import sys, vfs
with open({str(released / 'unix.romfs')!r}, "rb") as file:
    vfs.mount(vfs.VfsRom(file.read()), "/rom")
sys.path[:] = [".frozen", "/rom/lib", "/rom/app"]
import main, profile, viperhttp
print(viperhttp.__file__, main.app, profile.CONFIG)
""")
    output, status = runtime.run(str(script))
    assert status == 0 and output.startswith("/rom/lib/viperhttp/"), output


class Manifest:
    """What MicroPython's tools/manifestfile.py does with the functions that the project's manifests use."""

    def __init__(self, path):
        self.folder = path.parent
        self.frozen = set()
        self.included = []
        functions = {"package": self.package, "module": self.module, "include": self.included.append,
                     "metadata": self.metadata}
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), functions)

    def metadata(self, *, description=None, version=None, license=None, author=None):  # noqa: A002
        assert version

    def package(self, name, files=None, base_path=".", opt=None):
        base = (self.folder / base_path).resolve()
        found = {str(path.relative_to(base)) for path in (base / name).rglob("*.py")}
        assert found
        self.frozen |= found

    def module(self, name, base_path=".", opt=None):
        assert (self.folder / base_path / name).is_file()
        self.frozen.add(name)


@pytest.mark.parametrize("path", [ROOT / "manifest.py", *sorted(ROOT.glob("boards/*/manifest.py"))],
                         ids=lambda path: path.parent.name)
def test_a_manifest_freezes_the_package_and_the_boards_profile(path):
    manifest = Manifest(path)
    assert set(parts.board_modules()) <= manifest.frozen
    if path.parent != ROOT:
        assert "profile.py" in manifest.frozen
        assert len(manifest.included) == 1  # the port's own: asyncio and the drivers
