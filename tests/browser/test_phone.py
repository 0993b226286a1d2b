"""On a phone the chat comes first."""

import pytest
from playwright.sync_api import expect

from test_page import ask, last_turn

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def page(new_context, gateway):
    page = new_context(**PHONE).new_page()
    page.goto(gateway.http)
    return page


def test_the_chat_and_its_prompt_are_on_the_first_screen(page):
    box = page.locator("#chat").bounding_box()
    assert box["y"] < 180
    prompt = page.get_by_label("Prompt", exact=True).bounding_box()
    send = page.get_by_role("button", name="Send", exact=True).bounding_box()
    assert prompt["y"] > box["y"] and send["y"] + send["height"] <= 740


def test_the_connection_folds_away_once_connected(page):
    fields = page.get_by_label("WebSocket URL")
    page.get_by_role("button", name="Details").click()
    expect(fields).to_be_visible()
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator("#pill")).to_have_text("Connected")
    expect(fields).to_be_hidden()
    assert page.locator("#connection").bounding_box()["height"] < 90
    ask(page, "hello")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")


def test_a_field_that_is_wrong_unfolds(page):
    page.get_by_role("button", name="Details").click()
    page.get_by_label("WebSocket URL").fill("ftp://example.com")
    page.get_by_role("button", name="Details").click()
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator("#url-error")).to_be_visible()
    expect(page.get_by_label("WebSocket URL")).to_be_focused()
