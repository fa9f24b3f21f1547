"""The page /docs in a browser: it lists the routes, and one can talk to each of them."""

import pathlib

import pytest
from browser.example import RUNTIMES, Example

APP = pathlib.Path(__file__).parents[1] / "behaviour" / "apps" / "docs_full.py"
HEAP = "384K"  # in 64-bit words: a Pico W's; everything is compiled from source in it


@pytest.fixture(params=RUNTIMES)
def docs(request, tmp_path):
    # The application takes its config as JSON behind the port; an example has the port only.
    (tmp_path / "main.py").write_text('import sys\nsys.argv.append("{}")\n' + APP.read_text())
    with Example("docs", request.param, folder=tmp_path, heap=HEAP) as example:
        yield example


@pytest.fixture
def docs_page(docs, open_page):
    """docs_page(width, height): the page, ready to be used."""

    def open_docs(width=1280, height=800, **options):
        page = open_page(docs.url("/docs"), width, height, **options)
        page.wait_for_selector(".route")
        return page

    return open_docs


def choose(page, text):
    page.locator(".route", has_text=text).first.click()


def connect(page, path):
    choose(page, path)
    page.get_by_role("button", name="Connect").click()
    page.wait_for_selector(".state.good")


def say(page, text):
    page.get_by_label("Message").fill(text)
    page.get_by_label("Message").press("Enter")


def line(page, kind, text):
    page.locator(f".log li.{kind}", has_text=text).first.wait_for()


def test_all_routes_are_listed_and_the_filter_narrows_them(docs_page):
    page = docs_page()
    assert page.title() == 'Greenhouse "North"'
    assert page.locator(".route").count() == 13
    page.get_by_label("Filter routes").fill("ws echo")
    assert page.locator(".route:visible").count() == 1
    assert page.locator(".route:visible code").inner_text() == "/ws/echo"


def test_text_and_bytes_go_through_a_websocket_and_the_close_code_is_shown(docs, docs_page):
    page = docs_page()
    connect(page, "/ws/echo")
    say(page, "<b>hello</b>")
    line(page, "out", "<b>hello</b>")
    line(page, "in", "<b>hello</b>")  # as text, not as markup
    assert page.locator(".log time").first.inner_text().count(":") == 2
    page.get_by_text("Hex", exact=True).click()
    say(page, "01 02 zz")
    line(page, "bad", "not hex")
    say(page, "0x01, 02 ff")
    line(page, "in", "01 02 ff")
    page.get_by_label("Close code").fill("4001")
    page.get_by_label("Close reason").fill("done")
    page.get_by_role("button", name="Close").click()
    line(page, "info", "Closed: 4001")
    assert "closed 4001 done" in docs.said()
    assert page.get_by_role("button", name="Send").is_disabled()


def test_a_close_by_the_server_shows_its_code_and_reason(docs_page):
    page = docs_page()
    connect(page, "/ws/echo")
    say(page, "leave")
    line(page, "info", "as you wish")
    assert page.locator(".state").first.inner_text() == "Closed 4002"


def test_parameters_query_and_subprotocol_reach_the_server(docs_page):
    page = docs_page()
    choose(page, "/ws/{room}/mqtt")
    page.get_by_role("button", name="Connect").click()
    assert page.get_by_label("room").get_attribute("aria-invalid") == "true"
    page.get_by_label("room").fill("north wing")
    page.get_by_label("Query").fill("since=7")
    page.get_by_label("Subprotocols").fill("mqttv5")
    page.get_by_role("button", name="Connect").click()
    page.get_by_text("Open · mqttv5").wait_for()
    line(page, "in", '"north wing"')
    line(page, "in", "7")


def test_a_refused_handshake_is_said(docs_page):
    page = docs_page()
    choose(page, "/ws/private")
    page.get_by_role("button", name="Connect").click()
    line(page, "bad", "refused")


def test_a_connection_stays_open_while_another_route_is_looked_at(docs_page):
    page = docs_page()
    connect(page, "/ws/echo")
    choose(page, "/api/state")
    assert page.locator(".route.live").count() == 1
    choose(page, "/ws/echo")
    say(page, "still there")
    line(page, "in", "still there")


def test_a_flood_of_messages_keeps_the_log_short(docs_page):
    page = docs_page()
    connect(page, "/ws/echo")
    say(page, "flood")
    line(page, "in", "message 1199")
    assert page.locator(".log li").count() <= 500
    page.get_by_text("1200 received").wait_for()


def test_an_event_stream_is_followed_until_it_is_stopped(docs_page):
    page = docs_page()
    choose(page, "/events")
    page.get_by_role("button", name="Open stream").click()
    line(page, "info", "comment: hello")
    line(page, "in", "reading · id 2")
    line(page, "in", "two\nlines")
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped").wait_for()
    assert page.get_by_role("button", name="Open stream").is_enabled()


def test_a_request_with_parameters_and_body_shows_its_answer(docs_page):
    page = docs_page()
    choose(page, "/api/valve/{number_int}")
    page.get_by_label("number_int").fill("3")
    page.locator("textarea").fill('{"percent": 40}')
    page.get_by_role("button", name="Send").click()
    page.get_by_text("200 OK").wait_for()
    assert '"percent": 40' in page.locator("pre.out").last.inner_text()
    page.get_by_label("number_int").fill("three")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("405 Method Not Allowed").first.wait_for()


@pytest.mark.parametrize("width, height", [(390, 844), (1280, 800)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_and_is_legible_in_both_schemes(docs_page, width, height, scheme):
    page = docs_page(width, height, color_scheme=scheme)
    connect(page, "/ws/echo")
    say(page, "x" * 400)
    line(page, "in", "x" * 400)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    colours = "[getComputedStyle(document.body).color, getComputedStyle(document.documentElement).backgroundColor]"
    ink, back = page.evaluate(colours)
    brightness = [sum(int(part) for part in colour[4:-1].split(",")) for colour in (ink, back)]
    assert (brightness[0] < brightness[1]) == (scheme == "light")


def test_on_a_phone_the_list_and_a_route_take_turns(docs_page):
    page = docs_page(390, 844)
    assert not page.locator("#detail").is_visible()
    choose(page, "/api/state")
    assert page.locator("#detail").is_visible() and not page.locator("aside").is_visible()
    page.get_by_text("All routes").click()
    page.locator("aside").wait_for(state="visible")
    assert not page.locator("#detail").is_visible()


def test_a_broken_description_can_be_asked_for_again(docs, open_page):
    page = open_page(docs.url("/docs"))
    page.wait_for_selector(".route")
    page.route("**/docs?openapi", lambda route: route.fulfill(status=503, body=""))
    page.reload()
    page.get_by_text("did not arrive: status 503").wait_for()
    page.unroute("**/docs?openapi")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector(".route")
