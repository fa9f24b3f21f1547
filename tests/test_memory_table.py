"""The memory tables of the READMEs: they are what tools/memory/boards.py has kept, and that still holds."""

import pathlib
import sys

import pytest
import runtimes

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "memory"))


import boards

NEAR = 0.1  # of a figure
REMEDY = "run: python3 tools/memory/boards.py --update"


@pytest.mark.parametrize("place", boards.READMES, ids=lambda place: place.parent.name)
def test_a_readme_has_the_table_of_the_kept_figures(place):
    text = place.read_text()
    assert text == boards.filled(text, boards.kept()), "not the kept figures; run it with --readme"


def test_the_kept_figures_are_what_is_measured():
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    try:
        found = boards.measure(flash=False)
    except boards.toolbox.Missing as missing:
        pytest.skip(str(missing))
    kept = boards.kept()
    for kind in ("ram", "romfs"):
        assert found[kind] == pytest.approx(kept[kind], rel=NEAR), f"{kind}: {REMEDY}"
    for name, each in found["client"].items():
        # A table that grows at another moment is a few bytes per client.
        assert each == pytest.approx(kept["client"][name], rel=NEAR, abs=24), f"{name}: {REMEDY}"
