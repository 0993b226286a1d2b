"""Light and dark, wide and narrow. The pictures are for a person to look at: see SCREENSHOTS in conftest.py."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from test_page import ask, last_turn
from test_uploads import attach, png

DEVICES = {
    "desktop-light": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    "desktop-dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    "tablet-light": {"viewport": {"width": 820, "height": 1100}, "color_scheme": "light"},
    "phone-light": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light", "has_touch": True, "is_mobile": True},
    "phone-dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "has_touch": True, "is_mobile": True},
}
PAIRS = [  # a colour of text and what it stands on
    ("text", "page"), ("text", "card"), ("text", "tint"), ("text", "sunken"), ("muted", "page"), ("muted", "card"), ("muted", "sunken"), ("on-accent", "accent"),
    ("on-accent", "accent-strong"), ("accent-strong", "tint"), ("good", "good-tint"), ("good", "card"), ("warn", "warn-tint"), ("warn", "card"),
    ("bad", "bad-tint"), ("bad", "card"), ("bad", "sunken"), ("sent", "card"), ("sent", "sunken"),
]  # fmt: skip


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("device", DEVICES)
def test_it_fits_the_screen(new_context, gateway, tmp_path, device):
    page = new_context(**DEVICES[device]).new_page()
    page.goto(gateway.http)
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{device}-empty.png")
    page.get_by_role("button", name="AgentCore Test").click()
    expect(page.locator(".check h3")).to_contain_text("passed")
    ask(page, "fail")
    expect(last_turn(page)).to_have_attribute("data-state", "failed")
    ask(page, "A word that is too long for any screen: " + "x" * 400)
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    files = [("a picture.png", "image/png", png(300, 200)), ("a table with a name that is much too long for a phone.csv", "text/csv", b"1,2")]
    attach(page, *files)
    ask(page, "What are these?")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    ask(page, "count to 200")
    expect(last_turn(page).locator(".reply")).to_contain_text("20 ")
    attach(page, *files)
    expect(page.locator("#attachments img")).to_be_visible()
    page.get_by_role("button", name="AG-UI").click()
    page.screenshot(path=folder / f"{device}.png")
    page.locator("#log").scroll_into_view_if_needed()
    page.screenshot(path=folder / f"{device}-log.png")
    assert page.evaluate("document.documentElement.scrollWidth") == DEVICES[device]["viewport"]["width"]
    for box in ("#turns", "#frames"):
        assert page.locator(box).evaluate("(box) => box.scrollWidth <= box.clientWidth"), f"{box} scrolls sideways"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(new_context, gateway, scheme):
    page = new_context(color_scheme=scheme).new_page()
    page.goto(gateway.http)
    style = page.evaluate("() => { const style = getComputedStyle(document.documentElement); return [...document.styleSheets[0].cssRules[0].style].map((name) => [name, style.getPropertyValue(name).trim()]) }")
    colours = {name[2:]: value for name, value in style if re.fullmatch("#[0-9a-f]{6}", value)}
    assert (luminance(colours["page"]) > 0.5) == (scheme == "light")
    assert {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in PAIRS if contrast(colours[pair[0]], colours[pair[1]]) < 4.5} == {}


def test_every_field_and_button_has_a_name(page):
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("input, textarea, select, button")]
             .filter((one) => !(one.labels?.length || one.textContent.trim() || one.getAttribute("aria-label"))).map((one) => one.outerHTML)"""
    )
    assert nameless == []
    for name in ("Connection", "Chat", "Raw message", "Log"):
        expect(page.get_by_role("region", name=name, exact=True)).to_be_visible() if name != "Log" else expect(page.locator("#log")).to_be_visible()


def test_the_state_is_told_to_those_who_cannot_see_it(page):
    for part in ("#pill", "#status-text", "#announce"):
        expect(page.locator(part)).to_have_attribute("role", "status")
    for part in ("#url-error", "#token-error", "#session-error", "#raw-error"):
        expect(page.locator(part)).to_have_attribute("role", "alert")
