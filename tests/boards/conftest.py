"""Virtual boards for the tests of this folder."""

import pathlib
import subprocess
import sys

import pytest
import runtimes

ROOT = pathlib.Path(runtimes.ROOT)
sys.path[:0] = [str(ROOT / "tools" / "vboard"), str(ROOT / "tools" / "flash")]

from running import Running  # noqa: E402

MPREMOTE_SECONDS = 200
TEST_SECONDS = 300  # several programs start and end in each


def pytest_collection_modifyitems(items):
    for item in items:
        if pathlib.Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


class TestBoard(Running):
    """A virtual board that mpremote can be pointed at."""

    __test__ = False

    def mpremote(self, *arguments, status=0, cwd=None):
        """Run mpremote on it to its end; returns what it printed."""
        command = [sys.executable, "-m", "mpremote", "connect", str(self.link), *map(str, arguments)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=MPREMOTE_SECONDS, cwd=cwd)
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


@pytest.fixture
def make_board(tmp_path):
    """make_board("pico_w", heap="64K") is a running board; all are ended after the test."""
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    made = []

    def make(name, **options):
        board = TestBoard(name, tmp_path / f"{name}-{len(made)}", micropython=runtimes.micropython(), **options)
        made.append(board)
        return board.start()

    yield make
    for board in made:
        board.stop()
