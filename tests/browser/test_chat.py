"""The chat page in a browser."""

import pytest
from browser.example import RUNTIMES, Example


@pytest.fixture(params=RUNTIMES)
def chat(request):
    with Example("chat", request.param) as example:
        yield example


def join(page, name, room):
    page.fill("#name", name)
    page.fill("#where", room)
    page.click("#door button")
    page.wait_for_selector("body[data-state=live]")


def say(page, text):
    page.fill("#text", text)
    page.press("#text", "Enter")


def test_two_pages_in_a_room_see_each_others_messages_and_a_third_elsewhere_does_not(chat, open_page):
    ada, grace, other = [open_page(chat.url(), 390, 844) for _ in range(3)]
    join(ada, "Ada", "kitchen")
    join(grace, "Grace", "kitchen")
    join(other, "Linus", "garage")
    ada.get_by_text("2 people here").wait_for()
    say(ada, "Is the <b>oven</b> on?")
    grace.locator("#log p", has_text="Is the <b>oven</b> on?").wait_for()  # as text, not as markup
    say(grace, "Yes, since noon.")
    ada.locator("#log p", has_text="Yes, since noon.").wait_for()
    say(other, "Hello, garage.")
    other.locator("#log p", has_text="Hello, garage.").wait_for()
    assert other.locator("#log p").count() == 1
    assert ada.locator("#log p").count() == 2
    assert ada.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_says_that_the_connection_is_lost_and_joins_again_by_itself(chat, open_page):
    page = open_page(chat.url())
    join(page, "Ada", "kitchen")
    chat.kill()
    page.get_by_text("Connection lost").wait_for()
    assert page.locator("#send").is_disabled()
    chat.start()
    page.wait_for_selector("body[data-state=live]")
    say(page, "Back again.")
    page.locator("#log p", has_text="Back again.").wait_for()
