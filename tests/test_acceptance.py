"""ACCEPTANCE.md names tests that exist, and those of behaviour/ run on both runtimes."""

import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent


def named():
    """(file, pattern) of every test in the tables."""
    for line in (HERE / "ACCEPTANCE.md").read_text(encoding="utf-8").splitlines():
        if not line.startswith("| ") or line.startswith("| what") or "shown by" in line:
            continue
        cell = line.rstrip(" |").rsplit("| ", 1)[1]
        for place in cell.split("; "):
            file, _, names = place.partition(": ")
            for name in names.split(", "):
                yield (HERE / "behaviour" / f"{file}.py").resolve(), name


@pytest.fixture(scope="module")
def collected():
    """{file: [ids of its tests]} as pytest collects them."""
    files = sorted({str(file) for file, _ in named()})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict = {}
    for line in done.stdout.splitlines():
        path, separator, test = line.partition("::")
        if separator:
            found.setdefault((HERE.parent / path).resolve(), []).append(test)
    return found


def test_every_row_names_a_test():
    rows = [line for line in (HERE / "ACCEPTANCE.md").read_text().splitlines() if line.startswith("| ")]
    tables = sum("shown by" in line for line in rows)
    assert tables == 6
    assert all("test_" in line for line in rows if "shown by" not in line)
    assert all(file.exists() for file, _ in named())


def test_every_name_is_that_of_a_test_and_behaviour_runs_on_both_runtimes(collected):
    wrong = []
    for file, pattern in named():
        expression = re.compile(re.escape(pattern.rstrip("*")) + ("" if pattern.endswith("*") else r"(\[|$)"))
        ids = [test for test in collected.get(file, ()) if expression.match(test)]
        if not ids:
            wrong.append(f"{file.name}: {pattern}: there is no such test")
        elif file.parent.name == "behaviour":
            for runtime in ("cpython", "micropython"):
                if not any(runtime in test for test in ids):
                    wrong.append(f"{file.name}: {pattern}: not on {runtime}")
    assert not wrong, "\n".join(wrong)
