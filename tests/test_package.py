"""package.json, by which mip installs the package, has every module that a board may have."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent


def test_package_json_is_up_to_date():
    command = [sys.executable, "tools/static/package_json.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}run tools/static/package_json.py"
