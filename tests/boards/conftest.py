"""Virtual boards for the tests of this folder."""

import pathlib
import sys

import pytest
import runtimes

ROOT = pathlib.Path(runtimes.ROOT)
sys.path[:0] = [str(ROOT / "tools" / "vboard"), str(ROOT / "tools" / "flash")]

from virtual import NewBoard  # noqa: E402

TEST_SECONDS = 300  # several programs start and end in each


def pytest_collection_modifyitems(items):
    for item in items:
        if pathlib.Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@pytest.fixture
def make_board(tmp_path):
    """make_board("pico_w", heap="64K") is a running board; all are ended after the test."""
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    made = []

    def make(name, **options):
        board = NewBoard(name, tmp_path / f"{name}-{len(made)}", micropython=runtimes.micropython(), **options)
        made.append(board)
        return board.start()

    yield make
    for board in made:
        board.stop()
