"""Makes what can be installed without copying sources: .mpy packages for mip, and ROMFS images.

    python3 tools/mip/release.py mip OUT        # OUT/ARCH/package.json, OUT/ARCH/PART.json and their .mpy files
    python3 tools/mip/release.py romfs BOARD OUT.romfs [--app FOLDER]

mip chooses an .mpy by its version and not by the chip's machine code, so each architecture has a folder of its own.
A ROMFS image is read in place: code and constants stay in flash. The firmware has to have a partition for it.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / name) for name in ("mpy", "static", "flash")]

import build  # noqa: E402
import package_json  # noqa: E402
import parts  # noqa: E402
import program  # noqa: E402
from link import FlashError  # noqa: E402
from target import Target, names  # noqa: E402

ROMFS_SECONDS = 60


def mip(out, architectures):
    """A folder for each architecture, to be served by any HTTP server or installed from as it is."""
    for arch in architectures:
        folder = out / arch
        sizes = build.build(folder, arch)
        built = sorted(path.removesuffix(".mpy") + ".py" for path in sizes)  # with the bundle, see tools/mpy
        packages = {"package": built}
        packages.update({part: parts.files(part, built) for part in (parts.CORE, *parts.PARTS)})
        for name, paths in packages.items():
            (folder / f"{name}.json").write_text(package_json.package(paths, suffix=".mpy"))
        print(f"{folder}: {len(sizes)} modules, {sum(sizes.values())} bytes")


def romfs(board, out, app):
    """An image with the library, the board's profile and, where one is named, an application: /rom/lib, /rom/app."""
    target = Target(board)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch, "rom")
        files = program.library(target.mpy, app)
        files["/lib/profile.mpy"] = program.compiled(ROOT / "boards" / board / "profile.py", "profile.py")
        if app:
            files.update({"/app/" + path: data for path, data in program.application(app).items()})
        for path, data in files.items():
            place = folder / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        image = pathlib.Path(scratch, "image.romfs")
        command = [sys.executable, "-m", "mpremote", "romfs", "-o", str(image), "build", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=ROMFS_SECONDS)
        if done.returncode or not image.is_file():
            raise FlashError(f"mpremote romfs build failed:\n{done.stdout}{done.stderr}")
        shutil.copyfile(image, out)
    print(f"{out}: {out.stat().st_size} bytes. On the board: mpremote romfs -p 0 deploy {out}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    packages = commands.add_parser("mip", help="a folder of .mpy packages for each architecture")
    packages.add_argument("out", type=pathlib.Path)
    packages.add_argument("--arch", choices=build.ARCHITECTURES, help="only this one")
    image = commands.add_parser("romfs", help="an image for a board")
    image.add_argument("board", choices=[*names(), "unix"])
    image.add_argument("out", type=pathlib.Path)
    image.add_argument("--app", help="folder with main.py to put in it")
    options = parser.parse_args()
    try:
        if options.command == "mip":
            mip(options.out, [options.arch] if options.arch else build.ARCHITECTURES)
        else:
            romfs(options.board, options.out, options.app)
    except FlashError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
