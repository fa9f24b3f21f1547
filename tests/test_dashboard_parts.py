"""What the dashboard is made of: its readings on real and made-up machines, its history, its page."""

import gzip
import json
import pathlib
import shutil
import subprocess
import sys

import pytest
import runtimes
from browser.example import RUNTIMES

ROOT = pathlib.Path(runtimes.ROOT)
DASHBOARD = ROOT / "examples" / "dashboard"

both = pytest.mark.parametrize("runtime", RUNTIMES)

# ---- readings -----------------------------------------------------------------------------------------

FAKE_SYSTEM = {
    "proc/loadavg": "0.42 0.31 0.20 1/99 1234\n",
    "proc/stat": "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 1 1 1\n",
    "proc/meminfo": "MemTotal:        4194304 kB\nMemFree: 5 kB\nMemAvailable:    1048576 kB\n",
    "sys/class/thermal/thermal_zone0/type": "x86_pkg_temp\n",
    "sys/class/thermal/thermal_zone0/temp": "48500\n",
    "sys/class/thermal/thermal_zone1/type": "broken\n",
    "sys/class/thermal/thermal_zone1/temp": "no number\n",
    "sys/class/hwmon/hwmon0/name": "nvme\n",
    "sys/class/hwmon/hwmon0/temp1_input": "39850\n",
    "sys/class/hwmon/hwmon0/temp1_label": "Composite\n",
}

TAKE_ALL = """
import json
from readings import Readings, {module}
import sys
found = Readings({module}.candidates({arguments}))
print(json.dumps([[one.key, one.label, one.unit, round(one.value, 2)] for one in found.all]))
{more}
"""


def take(runtime, tmp_path, module, arguments, setup="", more=""):
    """What a module of readings finds in a prepared world, by key; the program's last line where `more`."""
    runtime = RUNTIMES[runtime]
    if runtime.missing():
        pytest.skip(runtime.missing())
    script = tmp_path / "take.py"
    script.write_text(setup + TAKE_ALL.format(module=module, arguments=arguments, more=more))
    output, status = runtime.run(str(script), folders=[str(DASHBOARD)])
    assert status == 0, output
    lines = output.strip().splitlines()
    found = {key: (label, unit, value) for key, label, unit, value in json.loads(lines[0])}
    return (found, lines[1:]) if more else found


def fake_system(tmp_path, without=()):
    for path, text in FAKE_SYSTEM.items():
        if not path.startswith(tuple(without)):
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return repr((None, str(tmp_path)))[1:-1]


@both
def test_a_host_shows_what_its_files_say(runtime, tmp_path):
    found = take(runtime, tmp_path, "host", fake_system(tmp_path))
    assert found == {
        "cpu": ("CPU busy", "%", 20.0),  # 200 of 1000 ticks neither idle nor waiting
        "load1": ("Load, 1 min", "", 0.42),
        "load5": ("Load, 5 min", "", 0.31),
        "memory": ("Memory used", "GiB", 3.0),
        "temp0": ("x86_pkg_temp", "°C", 48.5),
    }


@both
def test_a_host_without_thermal_zones_shows_the_sensors_of_hwmon(runtime, tmp_path):
    found = take(runtime, tmp_path, "host", fake_system(tmp_path, without=["sys/class/thermal"]))
    assert found["temp0"] == ("Composite", "°C", 39.85)


@both
def test_a_host_shows_nothing_that_it_does_not_have(runtime, tmp_path):
    arguments = fake_system(tmp_path, without=["sys", "proc/meminfo", "proc/stat"])
    found = take(runtime, tmp_path, "host", arguments)
    assert set(found) == {"load1", "load5"}


@both
def test_a_reading_that_fails_later_is_a_gap_until_it_works_again(runtime, tmp_path):
    arguments = fake_system(tmp_path)
    path = str(tmp_path / "proc" / "loadavg")
    more = f"""
import os
os.rename({path!r}, {path + ".away"!r})
print(json.dumps(found.take()))
os.rename({path + ".away"!r}, {path!r})
print(json.dumps(found.take()))
"""
    without = 'import os\nif hasattr(os, "getloadavg"): del os.getloadavg\n'  # CPython has another source
    _, lines = take(runtime, tmp_path, "host", arguments, setup=without, more=more)
    gone, back = map(json.loads, lines)
    assert gone[1] is None and gone[3] is not None
    assert back[1] == 0.42


FAKE_BOARD = """
import sys

class Module:
    pass

class ADC:
    def __init__(self, pin):
        if getattr(pin, "number", pin) not in {adc!r}:
            raise ValueError("invalid pin")
        self.pin = pin
    def read_u16(self):
        return {u16}

class Pin:
    def __init__(self, number):
        self.number = number

class WLAN:
    def __init__(self, interface):
        pass
    def status(self, what=None):
        if not {connected}:
            raise OSError("STA must be connected")
        return -57

machine = Module(); machine.ADC = ADC; machine.Pin = Pin
network = Module(); network.WLAN = WLAN; network.STA_IF = 0
esp32 = Module(); {esp32}
sys.modules["machine"] = machine
sys.modules["network"] = network
if {esp32!r}:
    sys.modules["esp32"] = esp32
class Sys:
    platform = {platform!r}
    implementation = sys.implementation
import readings.board
readings.board.sys = Sys
"""


def fake_board(platform, esp32="", adc=(), u16=0, connected=True):
    return FAKE_BOARD.format(platform=platform, esp32=esp32, adc=adc, u16=u16, connected=connected)


@both
def test_a_pico_shows_its_chip_temperature_signal_and_first_analogue_pin(runtime, tmp_path):
    # 14017 of 65535 at 3.3 V is 0.7058 V, which the data sheet's formula puts at 27.1 °C.
    found = take(runtime, tmp_path, "board", "", setup=fake_board("rp2", adc=(4, 26), u16=14017))
    assert found["chip"][1:] == ("°C", pytest.approx(27.1, abs=0.05))
    assert found["rssi"] == ("Wi-Fi signal", "dBm", -57)
    assert found["adc"] == ("ADC pin 26", "V", 0.71)


@both
def test_an_esp32_of_the_first_kind_gives_its_temperature_in_fahrenheit(runtime, tmp_path):
    board = fake_board("esp32", esp32="esp32.raw_temperature = lambda: 122", adc=(34,), u16=65535)
    found = take(runtime, tmp_path, "board", "", setup=board)
    assert found["chip"] == ("Chip temperature", "°C", 50)
    assert found["adc"] == ("ADC pin 34", "V", 3.3)


@both
def test_a_newer_esp32_without_wifi_shows_no_signal_and_takes_the_pin_that_it_has(runtime, tmp_path):
    board = fake_board("esp32", esp32="esp32.mcu_temperature = lambda: 41", adc=(1, 5), connected=False)
    found = take(runtime, tmp_path, "board", "", setup=board)
    assert set(found) == {"chip", "adc"}
    assert found["chip"][2] == 41 and found["adc"][0] == "ADC pin 1"
    assert take(runtime, tmp_path, "board", "5", setup=board)["adc"][0] == "ADC pin 5"


@both
def test_the_history_keeps_the_newest_samples_and_their_gaps(runtime, tmp_path):
    script = tmp_path / "ring.py"
    script.write_text(
        "import json\nfrom history import History\nring = History(2, 3)\n"
        "for i in range(5):\n    ring.add(i * 250, [i, None if i == 3 else i / 2])\n"
        "print(json.dumps([ring.sample(n) for n in range(ring.first(), ring.added)]))\n"
        "ring.add(2 ** 32 + 7, [0, 0])\nprint(ring.sample(ring.added - 1)[0])\n"
    )
    runtime = RUNTIMES[runtime]
    if runtime.missing():
        pytest.skip(runtime.missing())
    output, status = runtime.run(str(script), folders=[str(DASHBOARD)])
    assert status == 0, output
    rows, wrapped = output.strip().splitlines()
    assert json.loads(rows) == [[500, [2, 1]], [750, [3, None]], [1000, [4, 2]]]
    assert wrapped == "7"


# ---- the page's builder -------------------------------------------------------------------------------


@pytest.fixture
def bundle(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools" / "assets"))
    import bundle

    return bundle


def test_the_bundled_page_is_the_same_for_the_same_sources(bundle, tmp_path):
    for name in ("one", "two"):
        bundle.write(DASHBOARD / "page", None, tmp_path / name)
    one, two = [(tmp_path / name / "index.html.gz").read_bytes() for name in ("one", "two")]
    assert one == two


def test_without_uplot_the_bundled_page_asks_for_nothing_that_is_not_there(bundle):
    page = bundle.page(DASHBOARD / "page", None)
    assert "uplot.js" not in page and "uplot.css" not in page
    assert page.count("<script>") == 3 and page.count("<style>") == 1


def test_the_bundled_page_holds_uplot_and_its_licence(bundle, tmp_path):
    (tmp_path / "uplot.js").write_text("var uPlot = 1;")
    (tmp_path / "uplot.css").write_text(".uplot {}")
    (tmp_path / "uplot.txt").write_text("MIT, X -- Y")
    page = bundle.page(DASHBOARD / "page", tmp_path)
    assert "var uPlot = 1;" in page and ".uplot {}" in page and "MIT, X - - Y" in page


def fetch_without(tmp_path, **environment):
    """Runs the builder in a copy of the project's part that it needs: (status, what it said, folder)."""
    for part in ("tools/assets", "examples/dashboard"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns(".build", "www"))
    done = subprocess.run(
        [sys.executable, "tools/assets/fetch.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        env={"PATH": "/nonexistent", "HOME": str(tmp_path), **environment},
    )
    return done.returncode, done.stdout + done.stderr, tmp_path / "examples" / "dashboard" / "www"


def fake_npm(tmp_path, script):
    folder = tmp_path / "bin"
    folder.mkdir()
    npm = folder / "npm"
    npm.write_text("#!/bin/sh\n" + script)
    npm.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def test_where_uplot_cannot_be_fetched_the_page_is_built_all_the_same(tmp_path):
    path = fake_npm(tmp_path, 'echo "npm error code ENOTFOUND" >&2; exit 1\n')
    status, said, www = fetch_without(tmp_path, PATH=path)
    assert status == 0
    assert "ENOTFOUND" in said and "python3 tools/assets/fetch.py" in said
    assert b"<!doctype html>" in gzip.decompress((www / "index.html.gz").read_bytes())


def test_a_uplot_with_another_hash_is_not_used(tmp_path):
    path = fake_npm(tmp_path, "echo something else > uplot-1.6.32.tgz\n")
    status, said, www = fetch_without(tmp_path, PATH=path)
    assert status == 0
    assert "not the file this project was written with" in said
    assert b"uPlot.js" not in gzip.decompress((www / "index.html.gz").read_bytes())


def test_a_built_page_is_not_built_again():
    command = [sys.executable, "tools/assets/fetch.py"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=100)
    without_npm = {"PATH": "/nonexistent"}
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=without_npm, timeout=20)
    assert again.returncode == 0 and "up to date" in again.stdout
