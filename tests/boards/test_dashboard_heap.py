"""The smallest heap for the dashboard that boards/README.md names is enough."""

import re
import sys

import pytest
import runtimes
import target

sys.path.append(str(target.ROOT / "tools" / "memory"))

import dashboard


def test_the_dashboard_serves_its_clients_in_the_heap_that_is_named(tmp_path):
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    said = dashboard.README.read_text(encoding="utf-8").partition(dashboard.MARKS[0])[2]
    clients, heap = re.search(r"with (\d+) clients.* with (\d+) kB", said).groups()
    board = dashboard.Board(tmp_path, runtimes.micropython())
    board.flash()
    # A step more: where a heap is full to the last block depends on what came when.
    assert board.runs(int(heap) + 2 * dashboard.STEP, int(clients))
