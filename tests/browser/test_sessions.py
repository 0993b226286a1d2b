"""The session over reloads, tabs and devices."""

import re

from playwright.sync_api import expect

from conftest import COUNT_TO_200
from test_page import ask, last_turn, reply_of


def session(page):
    return page.get_by_label("Session id")


def change_session(page, value):
    session(page).fill(value)
    session(page).press("Tab")


def test_the_session_id_is_unguessable_and_kept_over_reloads(new_context, gateway):
    ids = []
    for _ in range(2):
        page = new_context().new_page()
        page.goto(gateway.http)
        ids.append(session(page).input_value())
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", ids[-1])
        page.reload()
        expect(session(page)).to_have_value(ids[-1])
    assert ids[0] != ids[1]


def test_the_session_id_can_be_changed_and_the_chat_goes_with_it(page):
    first = session(page).input_value()
    ask(page, "in the first")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    page.get_by_role("button", name="New", exact=True).click()
    expect(session(page)).not_to_have_value(first)
    expect(page.locator("#pill")).to_have_text("Connected")
    expect(page.locator(".turn")).to_have_count(0)
    change_session(page, first)
    expect(page.locator(".turn .ask")).to_have_text("in the first")
    page.reload()
    expect(session(page)).to_have_value(first)


def test_a_session_id_that_breaks_the_rule_is_told_beside_the_field(page):
    change_session(page, "")
    expect(page.locator("#session-error")).to_contain_text("needed")
    change_session(page, "ä" * 129)
    expect(page.locator("#session-error")).to_contain_text("256 bytes")
    change_session(page, "fine")
    expect(page.locator("#session-error")).to_be_empty()


def test_the_url_is_kept_over_reloads(page):
    page.get_by_label("WebSocket URL").fill("ws://127.0.0.1:9/nowhere")
    page.get_by_label("WebSocket URL").press("Tab")
    page.reload()
    expect(page.get_by_label("WebSocket URL")).to_have_value("ws://127.0.0.1:9/nowhere")


def test_a_reload_in_mid_reply_continues_the_reply(page):
    ask(page, "count to 200")
    expect(last_turn(page).locator(".reply")).to_contain_text("30 ")
    expect(last_turn(page)).to_have_attribute("data-state", "running")
    page.reload()
    expect(page.locator(".turn .ask")).to_have_text("count to 200")
    expect(page.locator(".turn .reply")).to_contain_text("30 ")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    assert reply_of(last_turn(page)) == COUNT_TO_200.strip()
    expect(last_turn(page).locator(".first")).to_have_text(re.compile(r"first event \d"))
    expect(last_turn(page).locator(".total")).to_have_text(re.compile(r"total \d"))
    expect(page.locator(".turn")).to_have_count(1)


def test_a_reply_that_was_reloaded_can_be_stopped(page):
    ask(page, "count to 200")
    expect(last_turn(page).locator(".reply")).to_contain_text("5 ")
    page.reload()
    expect(last_turn(page).locator(".reply")).to_contain_text("10 ")
    page.locator("#stop").click()
    expect(last_turn(page)).to_have_attribute("data-state", "stopped")


def test_a_reload_keeps_what_has_ended(page):
    ask(page, "remember this")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    reply = reply_of(last_turn(page))
    total = last_turn(page).locator(".total").text_content()
    page.reload()
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    expect(last_turn(page).locator(".ask")).to_have_text("remember this")
    assert reply_of(last_turn(page)) == reply
    assert last_turn(page).locator(".total").text_content() == total
    expect(page.locator("#pill")).to_have_text("Connected")


def test_after_disconnect_a_reload_stays_disconnected(page):
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#pill")).to_have_text("Connected")
    page.get_by_role("button", name="Disconnect").click()
    page.reload()
    expect(page.locator("#pill")).to_have_text("Not connected")


def test_two_tabs_show_the_same(context, page, gateway):
    other = context.new_page()
    other.goto(gateway.http)
    other.get_by_role("button", name="Connect").click()
    expect(other.locator("#pill")).to_have_text("Connected")
    ask(page, "count to 60")
    for tab in (page, other):
        expect(last_turn(tab).locator(".ask")).to_have_text("count to 60")
        expect(last_turn(tab)).to_have_attribute("data-state", "completed")
    assert reply_of(last_turn(other)) == reply_of(last_turn(page)) != ""
    ask(other, "and back")
    for tab in (page, other):
        expect(tab.locator(".turn")).to_have_count(2)
        expect(last_turn(tab).locator(".ask")).to_have_text("and back")
        expect(last_turn(tab)).to_have_attribute("data-state", "completed")


def test_a_tab_that_is_opened_in_mid_reply_shows_all_of_it(context, page, gateway):
    ask(page, "count to 200")
    expect(last_turn(page).locator(".reply")).to_contain_text("30 ")
    other = context.new_page()
    other.goto(gateway.http)
    other.get_by_role("button", name="Connect").click()
    expect(last_turn(other).locator(".reply")).to_contain_text("1 2 3 ")
    expect(last_turn(page)).to_have_attribute("data-state", "running")
    for tab in (page, other):
        expect(last_turn(tab)).to_have_attribute("data-state", "completed")
        assert reply_of(last_turn(tab)) == COUNT_TO_200.strip()


def test_another_device_in_the_session_shows_the_reply(new_context, page, gateway):
    device = new_context().new_page()
    device.goto(gateway.http)
    change_session(device, session(page).input_value())
    device.get_by_role("button", name="Connect").click()
    expect(device.locator("#pill")).to_have_text("Connected")
    ask(page, "count to 60")
    expect(last_turn(device).locator(".ask")).to_contain_text("on another device")
    for one in (page, device):
        expect(last_turn(one)).to_have_attribute("data-state", "completed")
    assert reply_of(last_turn(device)) == reply_of(last_turn(page))


def test_a_device_that_comes_later_shows_the_latest_reply(new_context, page, gateway):
    ask(page, "count to 9")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    device = new_context().new_page()
    device.goto(gateway.http)
    change_session(device, session(page).input_value())
    device.get_by_role("button", name="Connect").click()
    expect(last_turn(device)).to_have_attribute("data-state", "completed")
    expect(last_turn(device).locator(".reply")).to_have_text("1 2 3 4 5 6 7 8 9")


def test_other_sessions_show_nothing_of_it(new_context, page, gateway):
    stranger = new_context().new_page()
    stranger.goto(gateway.http)
    stranger.get_by_role("button", name="Connect").click()
    expect(stranger.locator("#frames .type.received")).to_have_text(["resumed"])
    ask(page, "private")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    expect(stranger.locator("#frames .type.received")).to_have_text(["resumed"])
    expect(stranger.locator(".turn")).to_have_count(0)


def test_clear_forgets_what_has_ended(page):
    ask(page, "forget this")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    page.locator("#clear-chat").click()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.locator("#empty")).to_be_visible()
    assert "forget this" not in page.evaluate("JSON.stringify({ ...localStorage })")
