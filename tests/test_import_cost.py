"""What importing viperhttp costs stays within the budgets of tools/memory/budget.json."""

import pathlib
import sys

import pytest
import runtimes

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "memory"))

import imports
import toolbox

REMEDY = "make it smaller, or say why not and run: python3 tools/memory/imports.py --update"

each_row = pytest.mark.parametrize("row", imports.rows())


@pytest.fixture(scope="module")
def compiled():
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    try:
        with imports.Compiled() as found:
            yield found
    except toolbox.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def host(compiled):
    """{row: figures} of the unix port."""
    return imports.host_measure(compiled)


@pytest.fixture(scope="module")
def board(compiled):
    """{row: bytes} of the 32-bit VM."""
    try:
        return imports.board_measure(compiled)
    except toolbox.Missing as missing:
        pytest.skip(str(missing))


def check(row, column, measured):
    limit = imports.budgets()[row][column]
    assert measured <= limit, f"{row}: {imports.COLUMNS[column]} {measured} bytes, budget {limit}; {REMEDY}"


@each_row
def test_an_import_takes_no_more_of_a_32_bit_heap_than_its_budget(board, row):
    assert board[row] > 0
    check(row, "heap32", board[row])


@each_row
def test_an_import_takes_no_more_of_the_unix_ports_heap_than_its_budget(host, row):
    assert host[row]["heap64"] > 0
    check(row, "heap64", host[row]["heap64"])


@each_row
def test_the_mpy_files_of_an_import_are_no_larger_than_their_budget(host, row):
    assert host[row]["mpy"] > 0
    check(row, "mpy", host[row]["mpy"])


def test_importing_the_package_alone_loads_no_other_module_of_it(host):
    assert host["import viperhttp"]["modules"] == ["viperhttp/__init__.py"]


def test_an_application_loads_no_optional_part_before_it_is_named(host):
    core = set(host["core: app, WebSocket route"]["modules"])
    for row in imports.OPTIONAL:
        assert host[row]["modules"], row
        assert not core & set(host[row]["modules"])


def test_every_module_for_boards_is_in_the_table(host):
    found = imports.unlisted(host)
    assert not found, f"in no row: {found}; add them to OPTIONAL in tools/memory/imports.py, then run it with --update"


def test_a_figure_over_its_budget_fails_and_says_what_to_do():
    row = imports.rows()[0]
    limit = imports.budgets()[row]["mpy"]
    check(row, "mpy", limit)
    with pytest.raises(AssertionError, match="--update"):
        check(row, "mpy", limit + 1)


def test_a_budget_is_a_tenth_above_the_figure_and_a_little():
    for measured in (1, 1000, 65537):
        least = 1.1 * measured + imports.SLACK - 1
        assert least <= imports.budget_for(measured) <= least + imports.GRAIN + 1


def test_the_table_has_a_line_per_part_with_figures_and_budgets():
    lines = imports.table({"auth": {"heap64": 10, "mpy": 20}}, {"auth": {"heap32": 5, "heap64": 12, "mpy": 21}})
    assert lines[-1].split() == ["auth", "-", "/", "5", "10", "/", "12", "20", "/", "21"]
