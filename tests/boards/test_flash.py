"""`make flash` on a virtual board: what a newcomer sees, and what an interruption leaves."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

import link
import pytest
import runtimes
import target
from browser.example import free_port
from running import PATIENCE, eventually
from websockets.sync.client import connect

ROOT = pathlib.Path(runtimes.ROOT)
TOOL = ROOT / "tools" / "flash" / "flash.py"
FLASH_SECONDS = 240
ANSWER = """
from viperhttp import ViperHTTP

app = ViperHTTP()


@app.get("/")
async def home():
    return {"version": %d}


@app.websocket("/echo")
async def echo(ws):
    await ws.accept()
    async for message in ws.iter_text():
        await ws.send_text("echo: " + message)
"""


class Tool:
    """flash.py against one virtual board."""

    def __init__(self, board, folder):
        self.board = board
        self.app = folder / "app"
        self.app.mkdir()
        self.port = free_port()

    def write(self, version, **others):
        """The application, in this version."""
        (self.app / "main.py").write_text(ANSWER % version)
        for name, text in others.items():
            (self.app / name).write_text(text)

    def command(self, *arguments):
        return [sys.executable, str(TOOL), *map(str, arguments), "--port", str(self.board.link)]

    def flash_command(self, *arguments):
        return self.command("flash", "--app", self.app, "--ssid", "home", "--http-port", self.port, *arguments)

    def run(self, command, status=0, password="secret"):
        """Run it to its end: what it printed."""
        environment = dict(os.environ, WIFI_PASSWORD=password)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=FLASH_SECONDS, env=environment)
        assert done.returncode == status, done.stdout + self.board.printed()[-2000:]
        assert "flash.py\", line" not in done.stdout, done.stdout
        assert "secret" not in done.stdout
        return done.stdout

    def flash(self, *arguments, **options):
        return self.run(self.flash_command(*arguments), **options)

    def until_copying(self, part):
        """Start flashing and return its process once it has copied that part, such as 0.5."""
        process = subprocess.Popen(self.flash_command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True, env=dict(os.environ, WIFI_PASSWORD="secret"))
        said = []
        for line in process.stderr:
            said.append(line)
            if "%" in line and int(line.split("]")[1].split("%")[0]) >= 100 * part:
                return process
        raise AssertionError(f"it ended with {process.wait()} before it had copied {part:.0%}: {''.join(said)}")

    def version(self):
        """The version that answers on the board."""
        port = self.board.port(self.port)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
            return json.load(answer)["version"]


@pytest.fixture
def make_tool(make_board, tmp_path):
    def make(name="pico_w", **options):
        return Tool(make_board(name, **options), tmp_path)

    return make


def end(process):
    process.kill()
    process.wait()
    process.stderr.close()


# ---- it works ---------------------------------------------------------------------------------------


def test_a_new_board_serves_and_its_url_is_printed_with_a_qr_code(make_tool):
    tool = make_tool()
    tool.write(1)
    said = tool.flash("--board", "pico_w")
    assert f"http://127.0.0.1:{tool.port}/" in said
    assert said.count("█") > 100
    assert tool.version() == 1
    with connect(f"ws://127.0.0.1:{tool.port}/echo") as ws:
        ws.send("hello")
        assert ws.recv(PATIENCE) == "echo: hello"


def test_only_what_has_changed_is_copied_and_what_has_gone_is_removed(make_tool):
    tool = make_tool()
    tool.write(1, **{"extra.py": "x = 1\n"})
    tool.flash()
    assert "  0 copied" in tool.flash()
    tool.write(2)
    (tool.app / "extra.py").unlink()
    said = tool.flash()
    assert "1 removed" in said
    # main.mpy, the list of files, and slots.json with the application's version
    assert "  3 copied" in said, said
    assert tool.version() == 2
    assert "extra" not in tool.board.mpremote("fs", "ls", ":app_a")


def test_a_page_is_compressed_and_served(make_tool):
    tool = make_tool()
    tool.write(1)
    (tool.app / "main.py").write_text(
        "from viperhttp import ViperHTTP\napp = ViperHTTP()\n"
        "app.mount('/', __file__.rsplit('/', 1)[0] + '/www', html=True)\n")
    (tool.app / "www").mkdir()
    (tool.app / "www" / "index.html").write_text("<p>hello</p>" * 200)
    tool.flash()
    assert "index.html.gz" in tool.board.mpremote("fs", "ls", ":app_a/www")
    tool.board.restart()
    request = urllib.request.Request(f"http://127.0.0.1:{tool.board.port(tool.port)}/")
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"


def test_start_files_of_somebody_else_are_kept_and_given_back(make_tool):
    tool = make_tool()
    tool.board.put("main.py", "print('mine')\n")
    tool.write(1)
    tool.flash()
    assert "mine" in tool.board.mpremote("fs", "cat", ":main_before.py")
    said = tool.run(tool.command("erase-app"))
    assert "files removed" in said
    left = tool.board.mpremote("fs", "ls", ":")
    assert "main.py" in left and "settings.json" in left
    assert "lib" not in left and "app_a" not in left
    assert "mine" in tool.board.mpremote("fs", "cat", ":main.py")
    assert "nothing there" in tool.run(tool.command("erase-app"))


def test_a_backup_has_every_file(make_tool, tmp_path):
    tool = make_tool()
    tool.board.mpremote("fs", "mkdir", ":data")
    tool.board.put("data/log.txt", "line\n" * 1000)
    tool.board.put("empty.txt", "")
    tool.run(tool.command("backup", "--out", tmp_path / "saved"))
    assert (tmp_path / "saved" / "data" / "log.txt").read_text() == "line\n" * 1000
    assert (tmp_path / "saved" / "empty.txt").read_text() == ""


# ---- it is interrupted ------------------------------------------------------------------------------


def test_a_board_that_is_unplugged_while_it_is_copied_to_keeps_its_program(make_tool):
    tool = make_tool()
    tool.write(1)
    tool.flash()
    tool.write(2, **{f"more{number}.txt": os.urandom(3000).hex() for number in range(6)})
    process = tool.until_copying(0.4)
    tool.board.stop()
    said = process.stderr.read()
    assert process.wait(FLASH_SECONDS) == 1
    process.stderr.close()
    assert "program on the board is as it was before" in said and "Traceback" not in said
    tool.board.start()
    assert tool.version() == 1
    tool.flash()
    assert tool.version() == 2


def test_a_flash_that_is_killed_leaves_the_old_program_and_the_next_one_goes_on(make_tool):
    tool = make_tool()
    tool.write(1)
    tool.flash()
    tool.write(2, **{f"more{number}.txt": os.urandom(3000).hex() for number in range(6)})
    end(tool.until_copying(0.4))
    tool.board.restart()
    assert tool.version() == 1
    tool.board.mpremote("exec", "import os; print(os.stat('/flash_new/pack'))")
    process = tool.until_copying(0.3)  # at once: what was sent before is not sent again
    said = process.stderr.read()
    assert process.wait(FLASH_SECONDS) == 0
    process.stderr.close()
    assert tool.version() == 2
    assert "flash_new" not in tool.board.mpremote("fs", "ls", ":"), said


def test_power_that_is_cut_while_files_are_put_in_their_place_does_not_matter(make_tool):
    tool = make_tool()
    tool.write(1)
    tool.flash()
    # What a cut leaves: the list of what goes where, and some of it done.
    tool.board.mpremote("exec", """
import os
os.mkdir("/flash_new")
os.mkdir("/deep")
for name, text in (("pack", "onetwo"), ("commit", "- 0 /old.txt\\n= 0 /gone.py\\n0 3 /deep/er/one.txt\\n3 3 /two.txt")):
    with open("/flash_new/" + name, "w") as file:
        file.write(text)
for name in ("/gone_before.py", "/two.txt", "/old.txt", "/two.txt.new"):
    with open(name, "w") as file:
        file.write("before")
""")
    tool.board.restart()
    assert tool.version() == 1
    said = tool.board.mpremote("exec", "import os\nprint(open('/deep/er/one.txt').read(), open('/two.txt').read(),"
                               " sorted(os.listdir('/')))")
    assert said.startswith("one two")
    assert "old.txt" not in said and "flash_new" not in said and "gone_before.py" in said and ".new" not in said


def test_a_full_file_system_is_told_of_before_anything_is_copied(make_tool):
    tool = make_tool(storage="256K")
    tool.write(1)
    (tool.app / "big.bin").write_bytes(os.urandom(300_000))
    said = tool.flash(status=1)
    assert "not enough space" in said and "mpremote fs ls" in said
    assert "lib" not in tool.board.mpremote("fs", "ls", ":")


def test_an_update_that_does_not_fit_beside_the_old_program_says_what_makes_room(make_tool):
    tool = make_tool()
    tool.write(1)
    tool.flash()
    (tool.app / "big.bin").write_bytes(os.urandom(500_000))
    said = tool.flash(status=1)
    assert "not enough space" in said and "erase-app" in said
    tool.board.restart()
    assert tool.version() == 1


# ---- something is wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("networks, words", [
    ({"home": "other"}, "the Wi-Fi password is wrong"),
    ({"neighbours": "secret"}, "does not see that Wi-Fi network"),
])
def test_trouble_with_the_network_is_explained(make_tool, networks, words):
    tool = make_tool("esp32", heap="200K")
    tool.board.set(networks=networks)
    tool.write(1)
    assert words in tool.flash(status=1)


def test_a_program_that_does_not_compile_or_start_is_shown(make_tool):
    tool = make_tool()
    (tool.app / "main.py").write_text("def broken(:\n")
    said = tool.flash(status=1)
    assert "does not compile" in said and "line 1" in said
    (tool.app / "main.py").write_text("import no_such_module\n")
    assert "no_such_module" in tool.flash(status=1)


def test_a_port_that_is_not_there_and_one_that_is_silent(make_tool, tmp_path):
    tool = make_tool()
    tool.write(1)
    missing = [sys.executable, str(TOOL), "flash", "--app", str(tool.app), "--port", str(tmp_path / "ttyNONE")]
    assert "there is no port" in tool.run(missing, status=1)
    assert "there is no" in tool.run([*missing[:4], "/nowhere", "--port", str(tool.board.link)], status=1)
    assert "BOARD=toaster" in tool.run(tool.flash_command("--board", "toaster"), status=1)
    said = tool.run(tool.flash_command("--board", "esp32c3"), status=1)
    assert "this is no ESP32-C3" in said and "BOARD=pico_w" in said


def test_a_board_with_too_little_memory_is_refused_before_anything_is_copied(make_tool):
    tool = make_tool("esp8266")
    tool.write(1)
    before = tool.board.mpremote("fs", "ls", ":")
    for options in ((), ("--board", "esp8266")):
        said = tool.flash(*options, status=1)
        assert "does not fit in the memory of this ESP8266" in said
        assert "37 kB" in said and "another board: esp32, " in said and "pico_w" in said
    assert tool.board.mpremote("fs", "ls", ":") == before


def firmware(name="micropython", version=(1, 29, 0), mpy=6 | 3 << 8 | 4 << 10, platform="rp2",
             machine="Raspberry Pi Pico W with RP2040"):
    return target.Firmware((name, version, mpy, platform, machine, 190000, 600000))


@pytest.mark.parametrize("found, words", [
    (firmware(name="circuitpython"), "needs MicroPython"),
    (firmware(version=(1, 19, 1)), "too old"),
    (firmware(machine="Raspberry Pi Pico with RP2040"), "no Wi-Fi"),
    (firmware(mpy=6 | 3 << 8 | 10 << 10), "machine code for xtensawin"),
    (firmware(platform="esp32", machine="Generic ESP32 module with ESP32"), "BOARD=esp32"),
])
def test_firmware_that_will_not_do_is_refused_with_what_to_do(found, words):
    with pytest.raises(link.FlashError, match=words):
        target.check(found, target.Target("pico_w"), "/dev/ttyACM0")


def test_the_right_firmware_is_taken_and_its_board_recognised():
    target.check(firmware(), target.Target("pico_w"), "/dev/ttyACM0")
    assert target.guess(firmware()).name == "pico_w"
    assert target.guess(firmware(platform="esp32", machine="Generic ESP32S3 module with ESP32S3")).name == "esp32s3"
    for name in target.names():
        assert target.Target(name).firmware_steps("/dev/ttyUSB0").count("\n") >= 2


def test_without_a_port_the_only_board_is_taken(monkeypatch):
    monkeypatch.setattr(link, "ports", lambda: [("/dev/ttyACM0", "Board in FS mode")])
    assert link.find_port(None) == "/dev/ttyACM0"
    monkeypatch.setattr(link, "ports", lambda: [("/dev/ttyACM0", ""), ("/dev/ttyUSB0", "CP2102")])
    with pytest.raises(link.FlashError, match="several boards.*CP2102"):
        link.find_port(None)
    monkeypatch.setattr(link, "ports", list)
    with pytest.raises(link.FlashError, match="no board found"):
        link.find_port(None)


def test_the_monitor_shows_what_the_board_prints_until_ctrl_c(make_tool):
    tool = make_tool()
    tool.board.put("main.py", "import time\nwhile True:\n    print('tick')\n    time.sleep(0.2)\n")
    tool.board.restart()
    process = subprocess.Popen(tool.command("monitor"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        assert any("tick" in process.stdout.readline() for _ in range(50))
        process.send_signal(2)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    eventually(lambda: tool.board.printed().count("tick") > 60, "the board goes on")


def test_verify_measures_the_board_and_writes_a_report(make_tool, tmp_path):
    tool = make_tool()
    report = tmp_path / "report.md"
    tool.run(tool.command("verify", "--ssid", "home", "--http-port", tool.port, "--seconds", 0.5, "--minutes", 0.02,
                          "--no-conformance", "--out", report))
    text = report.read_text()
    assert "**PASSED**" in text and "Raspberry Pi Pico W" in text
    for words in ("round trips/s", "bytes each", "connections,", "GET with a connection each"):
        assert words in text
