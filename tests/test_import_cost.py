"""What importing viperhttp costs stays within the budgets of tools/memory/budget.json."""

import pathlib
import sys

import pytest
import runtimes
from ports import free_port

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
    core = set(host["serving: after run()"]["modules"])
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


SERVED = """
import asyncio, sys
from viperhttp import ViperHTTP
app = ViperHTTP()

@app.get("/get")
async def get():
    return {"ok": True}

@app.websocket("/echo")
async def echo(ws):
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(text)

app.run
app.prepare()
known = set(sys.modules)

async def client(port):
    for head, data in (("", b""), ("Connection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n", b"\\x81\\x82\\0\\0\\0\\0hi")):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(("GET %s HTTP/1.1\\r\\nHost: h\\r\\n%s\\r\\n" % ("/echo" if data else "/get", head)).encode())
        await writer.drain()
        print((await reader.read(200))[:12])
        if data:
            writer.write(data)
            await writer.drain()
            print(await reader.read(200))
        writer.close()
        await writer.wait_closed()
    print("loaded", [name for name in sys.modules if name not in known and "viperhttp" in name])
    await app.shutdown()

async def main(port):
    async def go():
        while app.server is None:
            await asyncio.sleep(0)
        await client(port)
    task = asyncio.create_task(go())
    await app.serve("127.0.0.1", port)
    await task

asyncio.run(main(int(sys.argv[1])))
"""


def test_the_row_of_serving_is_all_that_a_get_and_an_echo_load(tmp_path):
    if not runtimes.micropython():
        pytest.skip(runtimes.no_micropython())
    script = tmp_path / "main.py"
    script.write_text(SERVED)
    output, status = runtimes.RUNTIMES[2].run(str(script), str(free_port()))
    assert output.splitlines() == ["b'HTTP/1.1 200'", "b'HTTP/1.1 101'", "b'\\x81\\x02hi'", "loaded []"], output
    assert status == 0
