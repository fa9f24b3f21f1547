"""Judges a test run that failed: again.py PYTHON. Exit status 0 when its failures were the machine's, else 1.

The tests drive real servers with real deadlines, some thousand of them in one run on whatever machine there is. A test
that failed there is run again, alone, TIMES times; it has to pass each time. What passed so is printed as UNSTEADY, a
thing to mend. More than MOST failures, or one that comes back, is a failure.
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAST_FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
MOST = 4
TIMES = 3


def main(python):
    try:
        failed = sorted(json.loads(LAST_FAILED.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        print(f"no list of the tests that failed: {error}")
        return 1
    if not 0 < len(failed) <= MOST:
        print(f"{len(failed)} tests failed: too many (over {MOST}) to be chance" if failed else "no test failed")
        return 1
    for n in range(TIMES):
        status = subprocess.run([python, "-m", "pytest", "-p", "no:cacheprovider", *failed], cwd=ROOT).returncode
        if status:
            print(f"failed again ({n + 1} of {TIMES}): exit status {status}")
            return 1
    for test in failed:
        print(f"UNSTEADY: {test} failed once in the whole run, and passed {TIMES} times alone")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
