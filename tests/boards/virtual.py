"""A virtual board that mpremote can be pointed at."""

import subprocess
import sys

from running import Running

MPREMOTE_SECONDS = 200


class NewBoard(Running):
    """A virtual board that mpremote can be pointed at."""

    def mpremote(self, *arguments, status=0, cwd=None):
        """Run mpremote on it to its end; returns what it printed."""
        command = [sys.executable, "-m", "mpremote", "connect", str(self.link), *map(str, arguments)]
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=MPREMOTE_SECONDS,
            cwd=cwd,
        )
        assert done.returncode == status, f"mpremote {arguments} gave {done.returncode}:\n{done.stdout}"
        return done.stdout

    def put(self, name, text):
        """Write a file of the board."""
        source = self.folder / "put.txt"
        source.write_text(text)
        self.mpremote("fs", "cp", source, ":" + name)

    def restart(self):
        """Reset it as its button does; boot.py and main.py run."""
        self.mpremote("reset")
