"""Installs groups of pins.txt in .venv unless they are there: python3 tools/env/ensure.py GROUP..."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import environment
import interpreters


def main(names):
    try:
        if "micropython" in names and interpreters.have_own_micropython():
            names = [name for name in names if name != "micropython"]
        if "micropython" in environment.ensure(names):
            environment.say(interpreters.why_no_micropython())
        return 0
    except environment.SetupError as error:
        environment.say(f"error: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
