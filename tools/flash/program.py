"""What belongs on a board: library and application as .mpy, the page compressed, the start files, the profile."""

import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from link import FlashError
from target import BOARDS, ROOT

sys.path[:0] = [str(ROOT / "tools" / "mpy"), str(ROOT / "tools" / "static")]

import build  # noqa: E402  tools/mpy
import bundles  # noqa: E402
import parts  # noqa: E402  tools/static
import shrink  # noqa: E402
import toolbox  # noqa: E402  tools/bench

SLOT = "app_a"  # of the two folders of viperhttp/device/slots.py
# Of no use on a board that serves: tests run elsewhere.
LEFT_OUT = parts.PARTS["testing"]
# Each module takes a block of 4 kB on the board: those that are used only by being named go there only then.
OPTIONAL = ("middleware", "sensors", "socketio")
# And those that are reached by a method only: place in the library -> the methods.
BY_METHOD = {
    "endpoints/direct": {"each", "relay"},
    "endpoints/forms": {"form", "parts", "save", "CSRFMiddleware"},
    "protocol/multipart": {"form", "parts", "save", "CSRFMiddleware"},
    "protocol/urlencoded": {"form", "parts", "save", "CSRFMiddleware"},
}
# The modules of the bundle that keep a file of their own whatever the application says: users are told of these.
PUBLIC = ("exceptions", "config")
# What the browser gets: compressed once here, sent as it is (endpoints/static.py takes the .gz beside a name).
WEB_FOLDERS = ("www", "static")
COMPRESSED = {".html", ".css", ".js", ".mjs", ".json", ".svg", ".txt", ".csv", ".md", ".webmanifest", ".ico", ".wasm"}
NOT_COPIED = {"README.md", "__pycache__", "tests", "node_modules"}
COMPILE_SECONDS = 60
CACHE = pathlib.Path(__file__).resolve().parent / ".build"
KEPT_BUILDS = 12


def program(target, architecture, app):
    """{path on the board: bytes} of everything but the settings.

    architecture  that of machine code in .mpy, as the firmware says; None: it takes none
    app           folder with a main.py
    """
    files = library(architecture, app)
    files["/lib/profile.mpy"] = compiled(BOARDS / target.name / "profile.py", "profile.py")
    for path, data in application(app).items():
        files[f"/{SLOT}/{path}"] = data
    for name in ("boot.py", "main.py"):
        files["/" + name] = (BOARDS / "common" / name).read_bytes()
    return files


def library(architecture, app):
    """The package as .mpy; without machine code where the firmware takes none. Built once for the same sources."""
    told = shrink.TOLD
    if app:
        shrink.TOLD = (*told, str(pathlib.Path(app).resolve()))  # names that the application uses stay as they are
    words = words_of(app)
    left_out = unused_parts(words)
    try:
        built = CACHE / fingerprint(architecture, left_out, words)
        if not built.is_dir():
            build_library(architecture, built, left_out, words)
    finally:
        shrink.TOLD = told
    return {"/lib/" + path.relative_to(built).as_posix(): path.read_bytes() for path in sorted(built.rglob("*.mpy"))}


def words_of(app):
    """All words of the application's source; None without one."""
    if not app:
        return None
    words = set()
    for path in pathlib.Path(app).rglob("*.py"):
        words |= set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    return words


def unused_parts(words):
    """Modules of the library that the application has no use for, as far as its words tell; () without one."""
    if words is None:
        return LEFT_OUT
    left_out = list(LEFT_OUT)
    for part in OPTIONAL:
        if not words & {part, *public_names(part)}:
            left_out += parts.PARTS[part]
    left_out += [place for place, methods in BY_METHOD.items() if not words & methods]
    return tuple(left_out)


def public_names(part):
    """Classes and functions that a part defines."""
    found = set()
    for path in parts.board_modules():
        if parts.part_of(path) == part:
            text = (ROOT / path).read_text(encoding="utf-8")
            found |= set(re.findall(r"^(?:class|def|async def) ([A-Za-z]\w*)", text, re.MULTILINE))
    return found


def named(words):
    """named(words)(module): whether the application may import a bundled module by its own name."""
    return lambda module: words is None or module in PUBLIC or words.issuperset(module.split("."))


def fingerprint(architecture, left_out, words):
    """A hash over all that the build depends on."""
    sources = sorted([*(ROOT / "viperhttp").rglob("*.py"), *(ROOT / "tools" / "mpy").iterdir()])
    text = "\0".join([f"{path}\0{path.read_text(encoding='utf-8')}" for path in sources if path.is_file()])
    names = set(re.findall(r"\w+", text)) & shrink.told_names()
    together = bundles.chosen(words)
    importable = [name for members in together.values() for name in members if named(words)(name)]
    choices = f"{architecture} {left_out} {list(together)} {importable} {sorted(names)}"
    return hashlib.sha256(f"{choices} {text}".encode()).hexdigest()[:16]


def build_library(architecture, built, left_out, words):
    """Build it beside its place and move it there, so that it is there whole or not at all."""
    CACHE.mkdir(exist_ok=True)
    folder = tempfile.mkdtemp(dir=CACHE)
    try:
        build.build(folder, architecture, leave_out=left_out, importable=named(words), joined=bundles.chosen(words))
        os.rename(folder, built)
    except toolbox.Missing as error:
        raise FlashError(str(error)) from None
    except subprocess.CalledProcessError as error:
        raise FlashError(f"the library does not compile: {last_line(error.stderr)}") from None
    except OSError:
        if not built.is_dir():  # else another run was first
            raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for old in sorted(CACHE.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT_BUILDS]:
        shutil.rmtree(old, ignore_errors=True)


def application(app):
    """{path: bytes} of the application's folder: .py compiled, web files compressed, others as they are."""
    app = pathlib.Path(app)
    if not (app / "main.py").is_file():
        raise FlashError(f"APP={app}: there is no {app / 'main.py'}. APP is the folder of the application, such as"
                         " examples/dashboard")
    built_page = (app / "www").is_dir() and (app / "page").is_dir()
    files = {}
    for path in sorted(app.rglob("*")):
        parts = path.relative_to(app).parts
        hidden = any(part.startswith(".") or part in NOT_COPIED for part in parts)
        source_of_www = built_page and parts[0] == "page"
        if not path.is_file() or hidden or source_of_www:
            continue
        name = "/".join(parts)
        if path.suffix == ".py":
            files[name.removesuffix(".py") + ".mpy"] = compiled(path, name)
        elif parts[0] in WEB_FOLDERS and path.suffix in COMPRESSED:
            files.update(web_file(name, path.read_bytes()))
        else:
            files[name] = path.read_bytes()
    return files


def web_file(name, data):
    """The file compressed, or as it is where that is no smaller."""
    # No time and no name inside: the same file gives the same bytes, and is not copied again.
    packed = gzip.compress(data, compresslevel=9, mtime=0)
    return {name + ".gz": packed} if len(packed) < len(data) else {name: data}


def compiled(path, name):
    """One module as .mpy; the names in tracebacks are those of the source."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder, "module.mpy")
        command = [toolbox.mpy_cross(), "-O2", "-s", name, "-o", str(output), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_SECONDS)
        if done.returncode:
            raise FlashError(f"{path} does not compile:\n{done.stderr.strip() or done.stdout.strip()}")
        return output.read_bytes()


def last_line(text):
    """The last line of a program's message, which has the reason."""
    return (text or "").strip().rpartition("\n")[2]


def slots(files, current):
    """The text of slots.json that makes the copied application the good one, or None where it says so already."""
    total = hashlib.sha256()
    for path in sorted(files):
        if path.startswith(f"/{SLOT}/"):
            total.update(path.encode() + files[path])
    version = "flash-" + total.hexdigest()[:8]
    if current.get("good") == SLOT and not current.get("trial") and current.get("versions", {}).get(SLOT) == version:
        return None
    return json.dumps({"good": SLOT, "versions": {SLOT: version}})


def settings(current, secrets, ssid=None, password=None, port=None, hostname=None, admin=None):
    """The texts of settings.json and secrets.json after the changes, each None where it stays as it is.

    current, secrets  what the board has, as dicts (viperhttp/device/settings.py reads them)
    """
    changed = dict(current)
    hidden = dict(secrets)
    if ssid:
        others = [one for one in current.get("networks", []) if one["ssid"] != ssid]
        changed["networks"] = [{"ssid": ssid}, *others]
        hidden["networks"] = {**secrets.get("networks", {}), ssid: password or ""}
    if admin:
        hidden["admin"] = admin
    if port:
        changed["port"] = port
    if hostname:
        changed["hostname"] = hostname
    return (
        json.dumps(changed) if changed != current else None,
        json.dumps(hidden) if hidden != secrets else None,
    )
