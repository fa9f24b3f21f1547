"""Builds /viper.js, the browser's side of app.stream(), and tells its size: viper_js.py [--check | --size]

viper.js is minified by terser (one exact version, which npm fetches and checks against package-lock.json) and written
as a Python module. With --check nothing is written; the exit status is 1 where the module is not what the source gives.
"""

import gzip
import hashlib
import importlib.util
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pymodule
from npm import NoNpm, npm

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent
SOURCE = FOLDER / "viper.js"
MINIFIER = FOLDER / "minify"  # package.json and package-lock.json
TARGET = ROOT / "viperhttp" / "app" / "browser" / "viper_js.py"
# Functions stay where they are called from several places: gzip makes more of that than terser of putting them inside.
OPTIONS = (
    "--module --ecma 2020 --mangle --compress passes=3,unsafe_arrows=true,reduce_funcs=false,inline=0"
).split()
NPM_SECONDS = 120
JOB = "viper.js, gzip in base64; made by tools/assets/viper_js.py from tools/assets/viper.js."


def digest() -> str:
    """What identifies the built file: the source and how it is minified."""
    lock = (MINIFIER / "package-lock.json").read_bytes()
    return hashlib.sha256(b"\0".join([SOURCE.read_bytes(), " ".join(OPTIONS).encode(), lock])).hexdigest()[:16]


def terser() -> list[str]:
    """The command that runs the minifier."""
    program = MINIFIER / "node_modules" / "terser" / "bin" / "terser"
    command = npm()
    if not program.is_file():
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        subprocess.run([*command, "ci", *options], cwd=MINIFIER, check=True, timeout=NPM_SECONDS)
    node = command[0] if len(command) > 1 else "node"
    return [node, str(program)]


def minified() -> bytes:
    """The script as it is served."""
    command = [*terser(), str(SOURCE), *OPTIONS]
    done = subprocess.run(command, capture_output=True, check=True, timeout=NPM_SECONDS)
    return done.stdout.strip() + b"\n"


def built() -> bytes:
    """What the module holds, unpacked."""
    spec = importlib.util.spec_from_file_location("viper_js", TARGET)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    packed = b"".join(b64decode(piece) for piece in module.PIECES)
    if len(packed) != module.SIZE:
        raise ValueError(f"{TARGET} says {module.SIZE} bytes and holds {len(packed)}")
    return packed


def tell_size():
    packed = built()
    plain = gzip.decompress(packed)
    print(f"viper.js: {len(packed)} bytes gzip, {len(plain)} minified, {SOURCE.stat().st_size} as written")


def main(arguments):
    if "--size" in arguments:
        tell_size()
        return 0
    if pymodule.is_current(TARGET, digest()):
        return 0
    if "--check" in arguments:
        print("/viper.js is not up to date; run: python3 tools/assets/viper_js.py", file=sys.stderr)
        return 1
    try:
        script = minified()
    except (NoNpm, OSError, subprocess.SubprocessError) as error:
        print(f"viper.js cannot be minified: {error}", file=sys.stderr)
        return 1
    TARGET.write_text(pymodule.module(JOB, digest(), pymodule.compress(script)), encoding="utf-8")
    tell_size()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
