"""The small .mpy files that tools/mpy builds for boards: what is renamed in them, and that they serve."""

import ast
import pathlib
import subprocess
import sys

import pytest
import runtimes

TOOLS = pathlib.Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS / "mpy"), str(TOOLS / "bench")]

import build  # noqa: E402
import bundles  # noqa: E402
import bundling  # noqa: E402
import modules  # noqa: E402
import naming  # noqa: E402
import shrink  # noqa: E402
import toolbox  # noqa: E402

from viperhttp import configuring  # noqa: E402

# Not needed here: compiling takes time.
LEFT_OUT = ("device", "socketio", "rooms", "app/autodocs")

ECHO = """
import viperhttp
from viperhttp import ViperHTTP
app = ViperHTTP(config={key: 5 for key in KEYS})
app.add_middleware(viperhttp.middleware.CORSMiddleware, allow_origins=["*"])

@app.get("/hello")
async def hello():
    viperhttp.current_request().client  # which asks for `peer`, which is _get_peer()
    return {"hello": "world"}

@app.websocket("/echo", protocols=["a", "b"])
async def echo(ws):
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(text * 2)

client = app.test_client()
print(client.get("/hello").json())
with client.websocket_connect("/echo", subprotocols=["b"]) as ws:
    ws.send_text("x")
    print(ws.receive_text(), ws.accepted_subprotocol)
"""


# A package with what the bundle has to get right: a global that is bound again, read as module.NAME; two private names
# that are the same; constants of others; a function that imports at the call; a class that is loaded by its name;
# locals that are called as a global is; a module that comes by another name.
PACKAGE = {
    "__init__": "",
    "buffers": """
RX = 1
LIMIT = const(7)
_who = 'buffers'
def grow(by):
    global RX
    RX += by
    return _who
""",
    "low/__init__": "from .codes import FIRST, SECOND\n",
    "low/codes": "FIRST, SECOND = range(2)\nTHIRD = SECOND + 1\n_who = 'codes'\ndef who():\n    return _who\n",
    "main": """
import sys
from . import buffers
from .buffers import LIMIT
from .low import SECOND, codes
from .low.codes import who
if SECOND:
    def who():
        return 'bound again'
def grow(RX):
    from .late import Late
    from .buffers import grow as other
    return other(RX), Late().names, [LIMIT + codes for codes in (SECOND, RX)]
class Main:
    cold = ("pk.more.More",)
    names = (codes.who(), codes.THIRD, buffers._who)
    def run(self, size=2):
        where, _, what = self.cold[0].rpartition(".")
        more = getattr(__import__(where, None, None, (what,)), what)
        return grow(size), buffers.RX, more().said, who(), sys.byteorder
""",
    "more": "from .low.codes import who\nclass More:\n    said = who() * 2\n",
    "late": """
from . import buffers
from .low import codes as numbers, SECOND
from .main import grow
class Late:
    def __init__(self):
        self.names = buffers.RX, numbers.who(), numbers.FIRST, SECOND, grow is not None
""",
}


def written(folder, package):
    for path, text in package.items():
        place = folder / "pk" / (path + ".py")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def said_by(folder, code):
    command = [runtimes.micropython() or pytest.skip(runtimes.no_micropython()), "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def together(package, members):
    trees = {f"pk/{path}.py": shrink.fold(ast.parse(text)) for path, text in package.items()}
    one = bundling.Bundle(trees, (), lambda name: name in ("Main", "LIMIT", "RX", "grow"), members, "pk")
    trees = one.put_together()
    naming.free_locals(trees, one.keeps)
    trees.update(one.stubs())
    naming.finish(trees, "pk/_core.py", one, one.keeps)
    naming.in_order(trees["pk/_core.py"])
    return {path.removeprefix("pk/").removesuffix(".py"): ast.unparse(tree) for path, tree in trees.items()}


def folded(text):
    return ast.unparse(shrink.fold(ast.parse(text)))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mpy")
    try:
        return folder, build.build(folder, "x64", leave_out=LEFT_OUT)
    except toolbox.Missing as missing:
        pytest.skip(str(missing))


def test_what_is_for_cpython_is_left_out():
    text = "if MICROPYTHON:\n    a = 1\nelse:\n    a = 2\nb = 3 if not MICROPYTHON else 4\nc = MICROPYTHON and d\n"
    assert folded(text) == "a = 1\nb = 4\nc = d"


def test_docstrings_and_annotations_are_left_out():
    text = 'def f(a: int, *b: str) -> "str | None":\n    """Text."""\nclass C:\n    x: int\n    y: int = 1\n'
    assert folded(text) == "def f(a, *b):\n    pass\n\nclass C:\n    y = 1"


def test_a_name_of_the_packages_own_is_shortened_everywhere_and_a_users_is_not():
    one = "class Zorble:\n    def frobnicate_it(self, quux_of_it):\n        self.send_text(quux_of_it)\n"
    other = "from .a import Zorble\nZorble().frobnicate_it(1)\ngetattr(x, 'grumble_it')\ny.grumble_it = 1\n"
    modules = {"p/a.py": ast.parse(one), "p/b.py": ast.parse(other)}
    names = shrink.Names(modules).map
    assert {"Zorble", "frobnicate_it", "quux_of_it"} <= set(names)
    assert not {"send_text", "grumble_it", "self"} & set(names)
    for module in modules.values():
        shrink.Renamer(names).visit(module)
    text = ast.unparse(modules["p/b.py"])
    assert text.startswith(f"from .a import {names['Zorble']}\n{names['Zorble']}().{names['frobnicate_it']}(1)")


def test_a_bundled_package_does_what_its_modules_do(tmp_path):
    code = (
        "import sys\nfrom pk.main import Main\nprint(Main.names, Main().run(), Main().run(3))\nprint(len(sys.modules))"
    )
    written(tmp_path / "apart", PACKAGE)
    apart = said_by(tmp_path / "apart", code)
    assert apart.startswith(
        "('codes', 2, 'buffers') (('buffers', (3, 'codes', 0, 1, True), [8, 9]), 3, 'codescodes', 'bound again'"
    ), apart
    for members in (("buffers", "low", "low.codes", "main"), ("buffers", "low", "low.codes", "main", "more")):
        whole = together(PACKAGE, members)
        folder = tmp_path / str(len(members))
        written(folder, whole)
        bundled = said_by(folder, code)
        assert bundled.split("\n")[0] == apart.split("\n")[0]
        assert int(bundled.split("\n")[1]) < int(apart.split("\n")[1])  # and with fewer modules


def test_a_bundled_module_is_still_found_where_it_was(tmp_path):
    written(tmp_path, together(PACKAGE, ("buffers", "low", "low.codes", "main")))
    code = "import pk.main\nfrom pk.buffers import LIMIT, RX, grow\nprint(LIMIT, RX, grow(1), pk.main.Main.names[0])"
    assert said_by(tmp_path, code) == "7 1 buffers codes\n"


@pytest.mark.parametrize(
    ("main", "why"),
    [
        ("from . import a\nprint(a)\n", "used as a value"),
        ("from . import a\na.X = 2\n", "sets p.a.X"),
        ("def f():\n    from .a import Y\n    Y = 2\n", "bound again"),
    ],
)
def test_what_cannot_be_bundled_is_refused(main, why):
    trees = {"p/a.py": ast.parse("X = f()\nY = f()\ndef g():\n    return X\n"), "p/b.py": ast.parse(main)}
    with pytest.raises(bundling.BundleError, match=why):
        bundling.Bundle(trees, (), bool, ("a", "b"), "p").put_together()


SERVERS = {"a WebSocket": modules.FIRST_ROUTE, "a GET": modules.FIRST_GET}


@pytest.mark.parametrize("what", SERVERS)
def test_what_every_server_loads_is_in_the_bundle(what, tmp_path):
    # When this fails, tools/mpy/bundles.py has to list what is loaded now.
    try:
        modules.compile_package(build.ROOT / "viperhttp", tmp_path)
        loaded = modules.loaded_modules("viperhttp", str(tmp_path), SERVERS[what])
    except toolbox.Missing as missing:
        pytest.skip(str(missing))
    files = {str(path.relative_to(build.ROOT)) for path in (build.ROOT / "viperhttp").rglob("*.py")}
    paths = [path for name in loaded if (path := modules.file_of(name, files, ".py"))]
    full = [path for path in paths if shrink.fold(ast.parse((build.ROOT / path).read_text())).body]
    names = {bundling.module_name(path).removeprefix("viperhttp.") for path in full} - {"viperhttp", *bundles.APART}
    expected = bundles.MEMBERS + (bundles.JOINED["_websocket"] if what == "a WebSocket" else ())
    assert sorted(names) == sorted(expected)


@pytest.mark.parametrize("what", SERVERS)
def test_a_server_loads_the_bundle_and_machine_code_and_nothing_else(built, what):
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    code = SERVERS[what]["viperhttp"] + modules.READY["viperhttp"]
    code += "import sys\nprint(sorted(name for name in sys.modules if 'viperhttp' in name))"
    expected = ["viperhttp", "viperhttp._core", "viperhttp._viper"]
    if what == "a WebSocket":
        expected.append("viperhttp._websocket")
    assert said_by(built[0], code) == f"{expected}\n"


LATE = modules.FIRST_GET["viperhttp"] + """
import sys
def loaded():
    return sorted(name for name in sys.modules if "websocket" in name or "upgrading" in name)

client = app.test_client()
upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
print(client.get("/").status_code, client.get("/", headers=upgrade).status_code, loaded())

@app.websocket("/late")
async def late(ws):
    await ws.accept()

print(loaded())
"""


def test_websockets_are_loaded_when_one_is_registered_and_not_when_somebody_asks_for_one():
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    expected = "200 404 []\n['viperhttp.app.upgrading', 'viperhttp.endpoints.websocket']\n"
    assert said_by(build.ROOT, LATE) == expected


# What of an application loads all of a group, on a board that has the modules as they are.
SERVES = "from viperhttp import ViperHTTP, ConnectionManager\napp = ViperHTTP()\nclient = app.test_client()\n"
ROOM = SERVES + "room = ConnectionManager().room('r', policy='latest', history=4)\n"
OTHER_ASYNCIO = f"""
import sys
sys.path.append({str(build.ROOT / "tests" / "behaviour" / "apps")!r})
import coming_asyncio
coming_asyncio.come("all")
"""
WEBSOCKET = """
@app.websocket("/")
async def handler(ws):
    await ws.accept()

with client.websocket_connect("/"):
    pass
"""
LOADS = {
    "_plain": OTHER_ASYNCIO + SERVES + WEBSOCKET,
    "_websocket": modules.FIRST_ROUTE["viperhttp"] + modules.READY["viperhttp"],
    "_answers": SERVES + "client.get('/none')",
    "_finding": SERVES + "client.get('/none')",
    "_headers": "import viperhttp.endpoints.info",
    "_response": "import viperhttp.protocol.response",
    "_health": "import viperhttp.device.health",
    "_rooms": SERVES + "ConnectionManager()",
    "_room": ROOM,
    "_history": ROOM + "room.publish(1, key='k')",
    "_eventstream": "import viperhttp.rooms.eventstream",
}


def test_what_is_joined_is_loaded_together():
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    # Not among them: what program.start() loads, one after the other, on every board.
    several = {name for name, members in bundles.JOINED.items() if len(members) > 1} - {"_device"}
    assert several == set(LOADS)
    for name, code in LOADS.items():
        loaded = said_by(build.ROOT, code + "\nimport sys\nprint(sorted(sys.modules))")
        assert not [one for one in bundles.JOINED[name] if f"'viperhttp.{one}'" not in loaded], (name, loaded)


def test_for_an_application_that_loads_them_all_several_groups_are_one():
    any_application = bundles.chosen()
    assert bundles.chosen({"ViperHTTP"}) == any_application
    live = bundles.chosen({"ConnectionManager", "stream"})
    assert len(live) < len(any_application)
    assert sorted(sum(live.values(), ())) == sorted(sum(any_application.values(), ()))
    assert {"rooms.manager", "rooms.stream", "rooms.history"} <= set(live["_stream"])
    assert "endpoints.websocket" in live[bundles.CORE]


def test_a_second_bundle_shares_globals_with_the_first(tmp_path):
    more = {
        "up/__init__": "",
        "up/one": "from ..buffers import LIMIT, grow\nfrom ..low.codes import who\nSUM = LIMIT + 1\n"
        "def one():\n    from .two import two\n    return two() + [grow(SUM), who()]\n",
        "up/two": "from .. import buffers\nfrom ..low.codes import who\nfrom .one import SUM\n"
        "def two():\n    return [SUM, who(), buffers.RX]\n",
        "use": "from .up.one import one\nSAID = one()\n",
    }
    package = {**PACKAGE, **more}
    trees = {f"pk/{path}.py": shrink.fold(ast.parse(text)) for path, text in package.items()}
    low = bundling.Bundle(trees, (), lambda name: name == "one", ("buffers", "low", "low.codes", "main"), "pk")
    trees = low.put_together()
    up = bundling.Bundle(trees, (), lambda name: name == "one", ("up.one", "up.two"), "pk", "_up", ("_core",))
    trees = up.put_together()
    trees.update(low.stubs())
    trees.update(up.stubs())
    naming.finish(trees, low.path, low, bool)
    naming.finish(trees, up.path, up, bool, [low.path])
    texts = {path.removeprefix("pk/").removesuffix(".py"): ast.unparse(tree) for path, tree in trees.items()}
    assert not [path for path, text in texts.items() if bundling.MARK in text]
    assert "SUM" not in texts["_up"]  # a constant is in the code
    code = "import sys\nfrom pk.use import SAID\nprint(SAID, 'pk.up' in sys.modules)"
    written(tmp_path / "apart", package)
    assert said_by(tmp_path / "apart", code) == "[8, 'codes', 1, 'buffers', 'codes'] True\n"
    written(tmp_path / "bundled", texts)
    assert said_by(tmp_path / "bundled", code) == "[8, 'codes', 1, 'buffers', 'codes'] False\n"


def test_machine_code_loads_where_no_bundled_module_has_a_file_of_its_own(tmp_path):
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    try:
        build.build(tmp_path, "x64", leave_out=("device", "socketio"), importable=lambda name: False)
    except toolbox.Missing as missing:
        pytest.skip(str(missing))
    code = "from viperhttp import ConnectionManager\nimport sys\n"
    code += "print(sorted(name for name in sys.modules if 'viperhttp._' in name))"
    expected = ["viperhttp._" + name for name in ("core", "rooms", "viper", "viper_fan", "websocket")]
    assert said_by(tmp_path, code) == f"{expected}\n"


def test_what_is_handed_on_as_options_may_be_named():
    text = "class Z:\n    def frob(self, **o):\n        self.hi(**o)\n    def hi(self, quux_of_it):\n        pass\n"
    trees = {"p/a.py": ast.parse(text)}
    names = shrink.Names(trees)
    naming.free_locals(trees, names.hands_on)
    shrink.Renamer(names.map).visit(trees["p/a.py"])
    assert "quux_of_it" in ast.unparse(trees["p/a.py"])


def test_no_two_names_become_one(built):
    trees = {str(path): ast.parse(path.read_text()) for path in (build.ROOT / "viperhttp").rglob("*.py")}
    names = shrink.Names(trees)
    assert len(set(names.map.values())) == len(names.map)
    assert not set(names.map.values()) & (names.used - set(names.map))


def test_the_built_package_serves_http_and_websocket(built, tmp_path):
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    folder, _ = built
    script = tmp_path / "main.py"
    script.write_text(f"KEYS = {[key for key in configuring.keys() if key.endswith('_timeout')]}\n" + ECHO)
    done = subprocess.run(
        [runtimes.micropython(), "-X", "heapsize=1M", str(script)],
        env={"MICROPYPATH": f"{folder}:.frozen", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split("\n")[:2] == ["{'hello': 'world'}", "xx b"], done.stdout + done.stderr


def test_it_is_smaller_than_what_the_compiler_makes_of_the_source(built, tmp_path):
    plain = build.build(tmp_path, "x64", small=False, leave_out=LEFT_OUT)
    assert sum(built[1].values()) < 0.95 * sum(plain.values())


def test_modules_can_be_left_out(tmp_path):
    try:
        sizes = build.build(tmp_path, leave_out=(*LEFT_OUT, "testing", "sessions", "asgi", "middleware"))
    except toolbox.Missing as missing:
        pytest.skip(str(missing))
    assert {"viperhttp/_core.mpy", "viperhttp/app/application.mpy"} <= set(sizes)
    assert not [path for path in sizes if "autodocs" in path or path.endswith("/testing.mpy") or "_viper" in path]
