"""Builds the page that /docs serves: docs_page.py [--check]

The sources in tools/assets/docs become one file, which is compressed and written as a Python module: a module is
the one kind of file that mip installs, firmware freezes (into flash, at no RAM) and a wheel carries alike.
With --check nothing is written; the exit status is 1 where the module is not what the sources give.
"""

import base64
import gzip
import hashlib
import re
import sys
from pathlib import Path

import bundle

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).resolve().parent / "docs"
TARGET = ROOT / "viperhttp" / "app" / "autodocs" / "page_data.py"
LINE = 108  # base64 characters of one source line
LINES = 5  # of one piece: what a board holds decoded, and asks of a fragmented heap, at a time
INLINE = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)


def page() -> str:
    """The page as one text, without indentation and whole-line comments."""
    lines = [line.strip() for line in bundle.page(SOURCES, None).split("\n")]
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


def module(text: str) -> str:
    """The Python module for the page."""
    # No time and no name inside: the same sources give the same bytes.
    packed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    coded = base64.b64encode(packed).decode()
    lines = [coded[i : i + LINE] for i in range(0, len(coded), LINE)]
    out = ['"""The page /docs, gzip in base64; made by tools/assets/docs_page.py from tools/assets/docs."""', ""]
    out.append(f'DIGEST = "{digest(text)}"')
    out.append(f"SIZE = {len(packed)}")
    out.append("POLICY = (")
    out += [f'    "{part}"' for part in re.findall(r".{1,100}", policy(text))]
    out += [")", "PIECES = ("]
    for i in range(0, len(lines), LINES):
        some = lines[i : i + LINES]
        out += [f'    "{line}"' + ("," if line is some[-1] else "") for line in some]
    out.append(")")
    return "\n".join(out) + "\n"


def digest(text: str) -> str:
    """What identifies the page, however a zlib compresses it."""
    return hashlib.sha256((text + policy(text)).encode()).hexdigest()[:16]


def main(arguments):
    text = page()
    old = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    if f'DIGEST = "{digest(text)}"' in old:
        return 0
    if "--check" in arguments:
        print("the page of /docs is not up to date; run: python3 tools/assets/docs_page.py", file=sys.stderr)
        return 1
    TARGET.write_text(module(text), encoding="utf-8")
    size = len(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{TARGET.relative_to(ROOT)}: {size} bytes compressed, {len(text.encode())} plain")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
