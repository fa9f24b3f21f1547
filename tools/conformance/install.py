"""Makes .venv-autobahn: the Autobahn fuzzing client, ported to Python 3. Does nothing when it is there."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "env"))
import environment

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(environment.ROOT, ".venv-autobahn")
STAMP = "ported"
CASES = 517
CHECK = f"import autobahntestsuite.fuzzing as f; assert len(f.Cases) == {CASES}, len(f.Cases)"


def install():
    """Makes the environment unless an up-to-date one is there."""
    pins = environment.read_pins()
    with open(os.path.join(HERE, "port_to_py3.py"), encoding="utf-8") as file:
        inputs = [*pins["autobahn"], *pins["autobahn-fast"], *pins["autobahn-suite"], file.read()]
    if environment.stamp_state(STAMP, inputs, VENV):
        return
    environment.ensure(["autobahn"], VENV, pins)
    with environment.lock(VENV):
        if environment.stamp_state(STAMP, inputs, VENV):
            return  # another run has made it while this one waited
        output, status = environment.pip(VENV, "install", *pins["autobahn-fast"])
        if status:
            environment.say("  note: no wsaccel here, so group 9 will be slow")
        # Always from pristine files, since the port edits them in place.
        environment.install(["autobahn-suite"], pins["autobahn-suite"], VENV,
                            "--no-build-isolation", "--no-deps", "--force-reinstall")
        run("port_to_py3.py", os.path.join(HERE, "port_to_py3.py"))
        run("the check of the ported suite", "-c", CHECK)
        environment.write(environment.stamp(STAMP, VENV), environment.fingerprint(inputs, VENV))


def run(what, *arguments):
    done = subprocess.run([environment.venv_python(VENV), *arguments], capture_output=True, text=True)
    if done.returncode:
        raise environment.SetupError(f"{what} failed:\n" + environment.tail(done.stdout + done.stderr))


def main():
    try:
        install()
        return 0
    except environment.SetupError as error:
        environment.say(f"error: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
