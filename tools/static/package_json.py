"""Keeps package.json (what mip puts on a board) equal to the package's files: package_json.py [--check]

Without an option it writes the file; with --check it only exits with 1 where the file is not up to date.
"""

import json
import os
import re
import sys

from tree import HOST_ONLY, ROOT, is_for, modules

TARGET = os.path.join(ROOT, "package.json")


def version():
    with open(os.path.join(ROOT, "pyproject.toml"), encoding="utf-8") as file:
        return re.search(r'^version = "([^"]+)"', file.read(), re.MULTILINE).group(1)


def expected():
    """The text of package.json; its URLs are relative to the file, so it works from any mirror or folder."""
    paths = [path.replace(os.sep, "/") for path in modules() if not is_for(path, HOST_ONLY)]
    urls = [[path, path] for path in paths]
    lines = ",\n".join("    " + json.dumps(pair) for pair in urls)
    return f'{{\n  "version": {json.dumps(version())},\n  "deps": [],\n  "urls": [\n{lines}\n  ]\n}}\n'


def current():
    try:
        with open(TARGET, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def main(arguments):
    text = expected()
    json.loads(text)
    if text == current():
        return 0
    if "--check" in arguments:
        print("package.json is not up to date; run: python3 tools/static/package_json.py", file=sys.stderr)
        return 1
    with open(TARGET, "w", encoding="utf-8") as file:
        file.write(text)
    print("package.json written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
