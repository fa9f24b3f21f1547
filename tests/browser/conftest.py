"""One headless Chromium for all tests of pages; skips with the install line where there is none."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# A browser that only talks to the test's own server.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Pages in the background must go on as the one in front does.
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
]
PATIENCE = 20000  # ms for anything that a test waits for


def program():
    found = os.environ.get("CHROMIUM")
    return found or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def chromium():
    """The browser, with a profile of its own that is thrown away.

    Not for the whole session: Playwright runs an event loop in this thread, and asyncio.run() of later tests fails.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright; `make test` installs it")
    path = program()
    if not path:
        pytest.skip("no Chromium: apt-get install chromium, or CHROMIUM=/path/to/it")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """open_page(url, width=1280, height=800, **context): a page; any error in its script fails the test."""
    contexts, errors = [], []

    def open_one(url, width=1280, height=800, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not errors
