"""Asking: agents, parameters and inputs, earlier and saved prompts, and a prompt as code."""

import json

import pytest
from playwright.sync_api import expect

from test_page import ask, last_turn, play, replying


def prompt(page):
    return page.get_by_label("Prompt", exact=True)


@pytest.fixture
def asked(page, gateway):
    """What is asked of a gateway that the test plays."""
    messages = []
    answers = replying({"type": "started"}, {"type": "output", "events": ["done"]}, {"type": "completed"})

    def answer(message):
        if "action" not in message:
            messages.append({key: value for key, value in message.items() if key not in ("sessionId", "requestId")})
        return answers({"prompt": "", **message}) if "action" not in message else []

    play(page, gateway, answer)
    page.locator("#options-summary").click()
    return messages


def test_an_agent_is_picked_and_offered_again(page, asked):
    page.get_by_label("Agent", exact=True).fill("planner")
    ask(page, "hello")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    assert asked == [{"prompt": "hello", "agent": "planner"}]
    expect(page.locator("#options-summary")).to_have_text("Options: agent planner")
    page.reload()
    expect(page.locator("#agents option")).to_have_attribute("value", "planner")
    expect(page.get_by_label("Agent", exact=True)).to_have_value("planner")


def test_parameters_go_with_a_prompt_as_json(page, asked):
    page.get_by_label("Parameters").fill('{"language": "en"}')
    ask(page, "hello")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    assert asked == [{"prompt": "hello", "parameters": {"language": "en"}}]


@pytest.mark.parametrize(("text", "words"), [("{oops", "Parameters must be JSON."), ("[1]", "Parameters must be a JSON object")])
def test_parameters_that_are_none_are_told_beside_the_field(page, asked, text, words):
    page.get_by_label("Parameters").fill(text)
    ask(page, "not lost")
    expect(page.locator("#parameters-error")).to_contain_text(words)
    expect(page.get_by_label("Parameters")).to_be_focused()
    expect(prompt(page)).to_have_value("not lost")
    assert asked == []


def test_the_whole_input_is_written_as_json(page, asked):
    page.get_by_role("switch", name="whole input, as JSON").check()
    ask(page, "no JSON")
    expect(page.locator("#prompt-error")).to_contain_text("The input must be JSON.")
    ask(page, '{"question": "Where?", "n": 1}')
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    assert asked == [{"input": {"question": "Where?", "n": 1}}]


def test_the_arrow_brings_earlier_prompts_and_esc_what_was_being_written(page, asked):
    for text in ("first", "second"):
        ask(page, text)
        expect(last_turn(page)).to_have_attribute("data-state", "completed")
    prompt(page).press("ArrowUp")
    expect(prompt(page)).to_have_value("second")
    prompt(page).press("ArrowUp")
    expect(prompt(page)).to_have_value("first")
    prompt(page).press("ArrowUp")
    expect(prompt(page)).to_have_value("first")
    prompt(page).press("ArrowDown")
    expect(prompt(page)).to_have_value("second")
    prompt(page).press("Escape")
    expect(prompt(page)).to_have_value("")
    page.reload()
    prompt(page).press("ArrowUp")
    expect(prompt(page)).to_have_value("second")


def test_in_a_text_the_arrow_only_moves(page, asked):
    ask(page, "first")
    prompt(page).fill("being written")
    prompt(page).press("ArrowUp")
    expect(prompt(page)).to_have_value("being written")


@pytest.mark.parametrize(("field", "save", "group"), [("#prompt", "#save-prompt", "Prompt templates"), ("#raw", "#save-raw", "Message templates")])
def test_messages_are_saved_and_removed(page, field, save, group):
    page.locator(field).fill("a message of my own, which is long")
    page.locator(save).click()
    page.reload()
    chips = page.get_by_role("group", name=group)
    chips.get_by_role("button", name="a message of my own, wh…", exact=True).click()
    expect(page.locator(field)).to_have_value("a message of my own, which is long")
    chips.get_by_role("button", name="Remove the saved message").click()
    expect(chips.get_by_role("button", name="Remove the saved message")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(chips.get_by_role("button", name="Remove the saved message")).to_have_count(1)


@pytest.mark.parametrize(("language", "words"), [("wscat", "wscat -c '"), ("JavaScript", "import { GatewayClient }"), ("Python", "from agentcore_gateway_client import connect")])
def test_a_prompt_is_copied_as_code_without_the_token(page, context, gateway, asked, language, words):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_label("Token").fill("secret.token")
    ask(page, "it's me")
    last_turn(page).get_by_role("button", name="As code").click()
    page.get_by_role("button", name=f"Copy as {language}").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Copied")).to_be_visible()
    code = page.evaluate("navigator.clipboard.readText()")
    assert words in code and gateway.ws in code
    assert "secret.token" not in code and "GATEWAY_TOKEN" in code
    page.keyboard.press("Escape")
    expect(last_turn(page).get_by_role("button", name="As code")).to_be_focused()


def test_the_python_that_is_copied_is_python(page, asked):
    page.locator("#raw").fill(json.dumps({"input": {"a": [True, None, "é\n"]}, "sessionId": "s"}))
    page.locator("#raw-copy-as").click()
    code = page.get_by_label("Code for Python").text_content()
    compile(code, "copied", "exec")
    assert 'input={"a": [True, None, "é\\n"]}, session_id="s"' in code
