"""Sessions: listed, named, resumed, exported; and what is cleared or no longer kept."""

import json

from playwright.sync_api import expect

from test_page import ask, last_turn, play, replying, reply_of


def done(page, prompt):
    ask(page, prompt)
    expect(last_turn(page)).to_have_attribute("data-state", "completed")


def two_sessions(page):
    done(page, "the first one")
    page.get_by_role("button", name="New", exact=True).click()
    done(page, "the second one")
    page.locator("#sessions-open").click()
    return page.locator("#sessions-list li")


def saved(page, name):
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return download.value.suggested_filename, download.value.path().read_text()


def test_sessions_are_listed_and_resumed(page):
    items = two_sessions(page)
    expect(items).to_have_count(2)
    expect(items.locator("p.muted").first).to_contain_text("open now")
    items.nth(1).get_by_role("button", name="Resume").click()
    expect(page.locator(".turn .ask")).to_have_text("the first one")
    expect(page.locator("#session-title")).to_have_text("the first one")
    expect(page.get_by_label("Prompt", exact=True)).to_be_focused()


def test_a_session_is_named(page):
    items = two_sessions(page)
    items.first.get_by_role("textbox").fill("Kyoto")
    items.first.get_by_role("textbox").press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("#session-title")).to_have_text("Kyoto")
    expect(page.locator("#sessions-open")).to_be_focused()
    page.reload()
    expect(page.locator("#session-title")).to_have_text("Kyoto")


def test_a_session_is_exported_as_text_and_as_json(page):
    two_sessions(page)
    name, text = saved(page, "Export as text: the second one")
    assert name == "the-second-one.md"
    assert "> the second one" in text and "You said: the second one" in text
    name, text = saved(page, "Export as JSON: the second one")
    [prompt] = json.loads(text)["prompts"]
    assert (prompt["label"], prompt["state"]) == ("the second one", "completed")
    assert [event["data"] for event in prompt["agentEvents"]][:2] == ["You ", "said: "]


def test_a_session_is_forgotten_and_that_can_be_undone(page):
    items = two_sessions(page)
    page.get_by_role("button", name="Forget: the first one").click()
    expect(items).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(items).to_have_count(2)
    page.get_by_role("button", name="Resume: the first one").click()
    expect(page.locator(".turn .ask")).to_have_text("the first one")


def test_a_session_that_is_too_many_is_dropped_with_a_word(page):
    done(page, "the first one")
    keep_others = """ids => ids.forEach(id => localStorage.setItem(`gateway-test.chat.${id}`, JSON.stringify(
        { r1: { label: id, state: "completed", accepted: true, at: Date.now() - 60_000 * (1 + ids.indexOf(id)) } })))"""
    page.evaluate(keep_others, [f"kept {number}" for number in range(20)])
    done(page, "the second one")
    expect(page.locator("#toast")).to_contain_text("keeps the last 20 sessions; “kept 19” is dropped")
    page.locator("#sessions-open").click()
    expect(page.locator("#sessions-list li")).to_have_count(20)


def test_clear_can_be_undone_and_what_is_cleared_stays_away(page):
    done(page, "once")
    page.locator("#clear-chat").click()
    expect(page.locator(".turn")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".turn .ask")).to_have_text("once")
    assert "You said: once" in reply_of(last_turn(page))
    page.locator("#clear-chat").click()
    page.reload()
    expect(page.locator("#frames .type", has_text="resumed")).to_have_count(1)
    expect(page.locator(".turn")).to_have_count(0)


def test_a_reply_that_is_too_long_to_be_kept_says_so_after_a_reload(context, gateway):
    page = context.new_page()
    play(page, gateway, replying({"type": "started"}, {"type": "output", "events": ["x" * 120_000]}, {"type": "completed"}))
    done(page, "a lot")
    assert len(reply_of(last_turn(page))) == 120_000
    page.reload()
    expect(last_turn(page).locator(".reply")).to_contain_text("20,000 more characters were too many to be kept")


def test_prompts_that_are_no_longer_kept_are_counted(context, gateway):
    page = context.new_page()
    play(page, gateway, replying({"type": "started"}, {"type": "completed"}))
    for number in range(52):
        ask(page, f"number {number}")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    page.reload()
    expect(page.locator(".turn")).to_have_count(50)
    expect(page.locator("#dropped")).to_contain_text("2 older prompts of this session are no longer kept")
