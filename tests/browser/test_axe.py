"""axe finds nothing to complain of: light, dark and on a phone, empty and full, with dialogs open."""

import pytest
from playwright.sync_api import expect

from conftest import PAGE, ROOT
from test_page import ask, last_turn, play, replying
from test_replies import MARKDOWN

AXE = ROOT / "page/node_modules/axe-core/axe.min.js"
DEVICES = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
    "phone, dark": {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
}
CALL = [
    {"type": "TOOL_CALL_START", "toolCallId": "c1", "toolCallName": "weather"},
    {"type": "TOOL_CALL_ARGS", "toolCallId": "c1", "delta": '{"city":"Kyoto"}'},
    {"type": "TOOL_CALL_RESULT", "messageId": "2", "toolCallId": "c1", "content": "sunny"},
]


def violations(page):
    """What axe says of the page as it stands. Evaluated by the browser's own door, which the page's policy does not close."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run().then(({ violations }) => violations)")
    return [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found]


@pytest.fixture(params=DEVICES)
def page(new_context, request):
    assert AXE.exists(), "axe is missing: run npm ci in page/"
    return new_context(**DEVICES[request.param]).new_page()


def test_the_empty_page(page, gateway):
    page.goto(gateway.http)
    page.locator("#options-summary").click()
    assert violations(page) == []


def test_a_page_full_of_everything(page, gateway):
    failed = {"type": "failed", "code": "agent_throttled", "message": "Too much.", "retryable": True}
    play(page, gateway, replying({"type": "started"}, {"type": "output", "events": [MARKDOWN, *CALL, {"n": 1}]}, failed))
    ask(page, "show it")
    expect(last_turn(page)).to_have_attribute("data-state", "failed")
    for part in (".tool summary", ".others summary"):
        last_turn(page).locator(part).click()
    page.locator("#frames summary", has_text="failed").click()
    page.get_by_role("button", name="Details").click() if page.get_by_role("button", name="Details").is_visible() else None
    assert violations(page) == []
    page.get_by_role("switch", name="Raw events").check()
    page.locator("#clear-log").click()  # and what says so
    assert violations(page) == []


def test_the_dialogs(page, gateway):
    page.goto(gateway.http)
    ask(page, "hello")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    page.locator("#sessions-open").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    last_turn(page).get_by_role("button", name="As code").click()
    assert violations(page) == []


@pytest.mark.browser_reports("WebSocket connection to ", "Failed to load resource")
def test_a_connection_that_fails(page, gateway):
    page.goto(PAGE.as_uri())
    if page.get_by_role("button", name="Details").is_visible():
        page.get_by_role("button", name="Details").click()
    page.get_by_label("WebSocket URL").fill(gateway.ws)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator("#causes")).to_be_visible()
    assert violations(page) == []
