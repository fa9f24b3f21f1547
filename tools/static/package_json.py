"""Keeps what mip installs equal to the package's files: package_json.py [--check]

package.json has all of the package, viperhttp/PART.json the core and one part (parts.py). Without an option they are
written; with --check it only exits with 1 where one is not up to date.
"""

import json
import os
import re
import sys

import parts
from tree import ROOT


def version():
    with open(os.path.join(ROOT, "pyproject.toml"), encoding="utf-8") as file:
        return re.search(r'^version = "([^"]+)"', file.read(), re.MULTILINE).group(1)


def package(paths, below="", suffix=".py"):
    """The text of a package file that lies in the project's folder `below`; its URLs are relative to itself."""
    names = [path.replace(os.sep, "/").removesuffix(".py") + suffix for path in paths]
    lines = ",\n".join("    " + json.dumps([name, name.removeprefix(below)]) for name in names)
    return f'{{\n  "version": {json.dumps(version())},\n  "deps": [],\n  "urls": [\n{lines}\n  ]\n}}\n'


def expected():
    """{path: text} of all package files."""
    texts = {"package.json": package(parts.board_modules())}
    for part in (parts.CORE, *parts.PARTS):
        texts[f"viperhttp/{part}.json"] = package(parts.files(part), "viperhttp/")
    return texts


def current(path):
    try:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def main(arguments):
    old = [path for path, text in expected().items() if current(path) != text]
    if old and "--check" in arguments:
        print(f"not up to date: {', '.join(old)}; run: python3 tools/static/package_json.py", file=sys.stderr)
        return 1
    for path in old:
        with open(os.path.join(ROOT, path), "w", encoding="utf-8") as file:
            file.write(expected()[path])
        print(path, "written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
