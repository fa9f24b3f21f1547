"""The TestClient on both runtimes: each function of in_memory/cases.py, in a process of its own for each runtime.

And on MicroPython with an asyncio whose internals have changed.
"""

import ast
import pathlib

import pytest
import runtimes

TESTS = pathlib.Path(__file__).parent
SCRIPT = TESTS / "in_memory" / "cases.py"
OTHER = TESTS / "in_memory" / "other_asyncio.py"
NAMES = [node.name for node in ast.parse(SCRIPT.read_text(encoding="utf-8")).body
         if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
ON = {
    "cpython": (runtimes.RUNTIMES[0], SCRIPT),
    "micropython": (runtimes.RUNTIMES[2], SCRIPT),
    "micropython, other asyncio": (runtimes.RUNTIMES[2], OTHER),
}


@pytest.fixture(scope="module", params=list(ON))
def output(request):
    """What the script printed for all of its functions."""
    runtime, script = ON[request.param]
    if runtime.missing():
        pytest.skip(runtime.missing())
    return runtime.run(str(script), *NAMES, folders=[str(TESTS / "behaviour" / "apps")])


@pytest.mark.parametrize("name", NAMES)
def test_in_memory(output, name):
    text, status = output
    assert f"ok {name}\n" in text, f"exit status {status}:\n{text}"


def test_nothing_is_left_behind(output):
    text, status = output
    assert status == 0
    for sign in ("was never awaited", "was destroyed", "ResourceWarning", "Exception ignored"):
        assert sign not in text, text


def test_an_unclosed_client_stops_its_application_when_it_goes():
    import viperhttp

    app = viperhttp.ViperHTTP()
    ended = []
    app.on_event("shutdown")(lambda: ended.append(True))
    client = app.test_client()
    assert client.get("/").status_code == 404
    del client
    assert ended == [True]


def test_an_unclosed_client_whose_event_loop_has_gone_says_nothing():
    import viperhttp

    client = viperhttp.ViperHTTP().test_client()
    client.get("/")
    client._running.loop.close()  # as the end of the program may do first
    del client  # an exception here is a failure: see filterwarnings in pyproject.toml
