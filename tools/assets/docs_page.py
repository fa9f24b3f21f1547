"""Builds the pages that the library serves: /docs, a board's set-up and its health: docs_page.py [--check]

The sources of each become one file, which is written as a Python module. With --check nothing is written; the exit
status is 1 where a module is not what the sources give.
"""

import base64
import hashlib
import re
import sys
from pathlib import Path

import bundle
import pymodule

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "viperhttp"
# (what it is, folder of its sources in tools/assets, the module)
PAGES = (
    ("The page /docs", "docs", PACKAGE / "app" / "autodocs" / "page_data.py"),
    ("A board's set-up page", "portal", PACKAGE / "device" / "portal_data.py"),
    ("A board's health page", "health", PACKAGE / "device" / "health_data.py"),
)
INLINE = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)


def page(folder: str = "docs") -> str:
    """The page as one text, without indentation and whole-line comments."""
    sources = ROOT / "tools" / "assets" / folder
    lines = [line.strip() for line in bundle.page(sources, None).split("\n")]
    lines = [line for line in lines if line and not line.startswith("//") and line != '"use strict";']
    text = "\n".join(lines) + "\n"
    # One script: its parts share their names, and the policy names it by one hash.
    text = text.replace("</script>\n<script>\n", "")
    return text.replace("<script>\n", '<script>\n"use strict";\n')


def policy(text: str) -> str:
    """The Content-Security-Policy that lets this page's own style and script through, by hash."""
    hashes = {"style": [], "script": []}
    for kind, inside in INLINE.findall(text):
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        hashes[kind].append(f"'sha256-{digest}'")
    return (
        "default-src 'none'; script-src %s; style-src %s; connect-src 'self' ws: wss:; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        % (" ".join(hashes["script"]), " ".join(hashes["style"]))
    )


def module(title: str, folder: str, text: str) -> str:
    """The Python module for a page."""
    extra = ["POLICY = (", *(f'    "{part}"' for part in re.findall(r".{1,100}", policy(text))), ")"]
    job = f"{title}, gzip in base64; made by tools/assets/docs_page.py from tools/assets/{folder}."
    return pymodule.module(job, digest(text), pymodule.compress(text.encode()), extra)


def digest(text: str) -> str:
    """What identifies the page, however a zlib compresses it."""
    return hashlib.sha256((text + policy(text)).encode()).hexdigest()[:16]


def main(arguments):
    status = 0
    for title, folder, target in PAGES:
        text = page(folder)
        name = target.relative_to(ROOT)
        if pymodule.is_current(target, digest(text)):
            continue
        if "--check" in arguments:
            print(f"{name} is not up to date; run: python3 tools/assets/docs_page.py", file=sys.stderr)
            status = 1
            continue
        target.write_text(module(title, folder, text), encoding="utf-8")
        size = len(pymodule.compress(text.encode()))
        print(f"{name}: {size} bytes compressed, {len(text.encode())} plain")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
