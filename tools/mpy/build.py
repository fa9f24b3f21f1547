"""Makes the small .mpy files for a board: `build(out_dir, arch)`; see README.md.

python3 tools/mpy/build.py build/mpy --arch armv6m     # out_dir/viperhttp/....mpy
python3 tools/mpy/build.py build/mpy --plain           # names as they are, with line numbers in tracebacks
"""

from __future__ import annotations

import argparse
import ast
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bench"), str(HERE.parent / "static")]

import bundles  # noqa: E402
import bundling  # noqa: E402
import naming  # noqa: E402
import shrink  # noqa: E402
import toolbox  # noqa: E402
import tree  # noqa: E402

TIME_LIMIT_S = 60
CORE = f"{bundling.PACKAGE}/{bundles.CORE}.py"
ARCHITECTURES = ("armv6m", "armv7emsp", "xtensa", "xtensawin", "rv32imc", "x64")


def build(
    out_dir: str | pathlib.Path,
    arch: str | None = None,
    source: str | pathlib.Path = ROOT / "viperhttp",
    small: bool = True,
    leave_out: tuple[str, ...] = (),
    bundled: bool = True,
    importable: Callable[[str], bool] = lambda name: True,
    joined: dict[str, tuple[str, ...]] | None = None,
) -> dict[str, int]:
    """Compile the package for a board into `out_dir`/viperhttp; return {path below out_dir: bytes}.

    arch       mpy-cross -march for the machine code, one of ARCHITECTURES; None: the plain loops only
    source     folder of the package
    small      False keeps names and line numbers: larger, for finding a fault
    leave_out  modules or folders that are not wanted, such as "testing" or "app/autodocs"
    bundled    False leaves each of the small files a module of its own: larger, for seeing what each takes
    joined     {name of a bundle: modules}; None: bundles.chosen()
    importable(name)  whether a bundled module, such as "protocol.frames", can be imported by that name too: each such
               name is a file of 200 bytes, of which a board's file system makes 4 kB. The library itself needs none
    Raises subprocess.CalledProcessError with mpy-cross's words, toolbox.Missing where there is no mpy-cross.
    """
    out = pathlib.Path(out_dir)
    source = pathlib.Path(source)
    texts = sources(source, small, leave_out, bundled, importable, joined)
    shutil.rmtree(out / source.name, ignore_errors=True)
    jobs = []
    for path, text in texts.items():
        options = ["-O3" if small else "-O2", "-s", pathlib.PurePath(path).stem if small else path]
        if _is_machine_code(path):
            if arch is None:
                continue
            options.append("-march=" + arch)
        jobs.append((out / pathlib.PurePath(path).with_suffix(".mpy"), text, options))
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        sizes = list(pool.map(_compile, jobs))
    return {str(job[0].relative_to(out)): size for job, size in zip(jobs, sizes, strict=True)}


def _compile(job: tuple[pathlib.Path, str, list[str]]) -> int:
    target, text, options = job
    target.parent.mkdir(parents=True, exist_ok=True)
    written = target.with_suffix(".py")
    written.write_text(text)
    command = [toolbox.mpy_cross(), *options, "-o", str(target), str(written)]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIME_LIMIT_S)
    written.unlink()
    return target.stat().st_size


def sources(
    source: pathlib.Path,
    small: bool = True,
    leave_out: tuple[str, ...] = (),
    bundled: bool = True,
    importable: Callable[[str], bool] = lambda name: True,
    joined: dict[str, tuple[str, ...]] | None = None,
) -> dict[str, str]:
    """{path: text} of the modules for a board, as they are compiled."""
    texts = {}
    for file in sorted(source.rglob("*.py")):
        path = str(file.relative_to(source.parent))
        below = str(file.relative_to(source).with_suffix(""))
        if tree.is_for(path, tree.HOST_ONLY) or any((below + "/").startswith(name + "/") for name in leave_out):
            continue
        texts[path] = file.read_text()
    trees = {path: shrink.fold(ast.parse(text, path)) for path, text in texts.items() if not _is_machine_code(path)}
    machine_code = {path: text for path, text in texts.items() if path not in trees}
    if small:
        # The keys of `config` are attributes of Config.
        config = [text for path, text in texts.items() if path.endswith("/config.py")]
        fixed = " ".join([*machine_code.values(), *config])
        before = shrink.Names(trees, fixed)
        kept = before.is_kept
        made: list[bundling.Bundle] = []
        words = bundling.Words()
        groups = (joined or bundles.chosen()) if bundled else {bundles.CORE: ()}
        for name, members in groups.items():
            earlier = [one.core for one in made]
            # Of the later ones each concerns few modules: to look into all of them, for each, takes minutes.
            apart = words.beside(trees, members) if earlier else {}
            near = {path: module for path, module in trees.items() if path not in apart}
            one = bundling.Bundle(near, [*machine_code, *apart], kept, members, core=name, earlier=earlier)
            if one.members or not earlier:
                trees = apart | one.put_together()
                made.append(one)
            if not earlier:
                machine_code = {one.place(path): one.machine_code(path, text) for path, text in machine_code.items()}
        naming.free_locals(trees, before.hands_on)
        for one in made:
            trees.update(one.stubs(importable))
        names = shrink.Names(trees, fixed, (CORE,))
        for module in trees.values():
            shrink.Renamer(names.map).visit(module)
        holders = naming.holders(trees)
        for one in made:
            lower = [CORE] if one.path != CORE else ()
            final = naming.finish(trees, one.path, one, kept, lower, holders.get(one.mark, ()))
            machine_code = {path: naming.final_text(text, final) for path, text in machine_code.items()}
        for module in trees.values():
            naming.in_order(module)
    written = {path: ast.unparse(tree) + "\n" for path, tree in trees.items()} | machine_code
    for path, text in written.items():
        if bundling.MARK in text:
            raise bundling.BundleError(f"{path} needs a bundle that stands behind it in the list")
    return written


def _is_machine_code(path: str) -> bool:
    return pathlib.PurePath(path).stem.startswith(tree.MACHINE_CODE)


def main() -> int:
    parser = argparse.ArgumentParser(description="Makes the small .mpy files for a board.")
    parser.add_argument("out_dir", nargs="?", default=str(ROOT / "build" / "mpy"))
    parser.add_argument("--arch", choices=ARCHITECTURES, help="for the machine code; without, plain loops only")
    parser.add_argument("--plain", action="store_true", help="keep names and line numbers")
    options = parser.parse_args()
    try:
        sizes = build(options.out_dir, options.arch, small=not options.plain)
    except (toolbox.Missing, bundling.BundleError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"error: {error.stderr.strip()}", file=sys.stderr)
        return 1
    print(f"{len(sizes)} files, {sum(sizes.values())} bytes in {options.out_dir}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
