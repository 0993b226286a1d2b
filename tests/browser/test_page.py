"""The chat, the templates, the AgentCore Test and the raw message box."""

import json
import re

import pytest
from playwright.sync_api import expect

from conftest import COUNT_TO_200, PAGE


def ask(page, prompt):
    page.get_by_label("Prompt", exact=True).fill(prompt)
    page.get_by_role("button", name="Send", exact=True).click()


def last_turn(page):
    return page.locator(".turn").last


def reply_of(turn):
    """The text that is shown, as Markdown leaves it: without the spaces around it."""
    return turn.locator(".reply").text_content().strip()


def play(page, gateway, answers):
    """Opens the page against a gateway that the test plays: `answers(message)` gives the frames for a message of the client.

    Gives what sends a frame unasked.
    """
    sockets = []

    def serve(socket):
        sockets.append(socket)

        def on_message(text):
            message = json.loads(text)
            for frame in answers(message) or idle(message):
                socket.send(frame if isinstance(frame, str) else json.dumps(frame))

        socket.on_message(on_message)

    page.route_web_socket(re.compile("."), serve)
    page.goto(gateway.http)
    return lambda frame: sockets[-1].send(json.dumps(frame))


def idle(message):
    """Answers what a client asks of itself, so that it does not take the connection for dead: in this session nothing runs."""
    if message.get("action") == "ping":
        return [{"type": "pong"}]
    if message.get("action") == "resume" and "requestId" not in message:
        return [{"type": "resumed", "requestId": None, "sessionId": message["sessionId"], "after": 0, "state": "idle"}]
    return []


def replying(*frames):
    """Answers a prompt with these frames; `requestId`, `sessionId` and, where it is absent, `seq` are put in."""

    def answers(message):
        if "prompt" not in message:
            return []
        ids = {key: message[key] for key in ("requestId", "sessionId")}
        return [{"type": "accepted", **ids}, *({"seq": seq, **ids, **frame} for seq, frame in enumerate(frames, 1))]

    return answers


def test_the_gateway_serves_the_page_of_this_repository(context, gateway):
    response = context.request.get(gateway.http)
    assert response.text() == PAGE.read_text()
    assert "text/html" in response.headers["content-type"]


def test_served_it_connects_to_where_it_came_from(page, gateway):
    expect(page.get_by_label("WebSocket URL")).to_have_value(gateway.ws)
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#pill")).to_have_text("Connected")
    expect(page.get_by_role("button", name="Disconnect")).to_be_visible()
    page.get_by_role("button", name="Disconnect").click()
    expect(page.locator("#pill")).to_have_text("Not connected")


def test_it_works_from_disk(context, gateway_with):
    gateway = gateway_with("--allow-origin", "null")  # what Chromium names as the origin of a file
    page = context.new_page()
    page.goto(PAGE.as_uri())
    expect(page.get_by_label("WebSocket URL")).to_have_value("ws://127.0.0.1:8787/")
    page.get_by_label("WebSocket URL").fill(gateway.ws)
    ask(page, "from disk")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    expect(last_turn(page).locator(".reply")).to_contain_text("from disk")


def test_a_reply_streams_and_shows_its_state_and_times(page):
    ask(page, "count to 200")
    turn = last_turn(page)
    expect(turn.locator(".badge")).to_have_text("streaming")
    expect(turn.locator(".reply")).to_contain_text("1 2 3 4 5 ")
    expect(turn).to_have_attribute("data-state", "running")  # so what stands there has streamed
    expect(turn.locator(".first")).to_have_text(re.compile(r"^first event \d"))
    expect(turn.locator(".badge")).to_have_text("completed")
    expect(turn.locator(".reply")).to_have_text(COUNT_TO_200, use_inner_text=False)
    expect(turn.locator(".total")).to_have_text(re.compile(r"^total \d+\.\d+ s$"))
    expect(turn.locator(".count")).to_have_text("200 events")
    expect(page.locator("#announce")).to_have_text(re.compile("^Request completed after"))


def test_prompts_of_one_session_are_answered_one_after_the_other(page):
    for prompt in ("count to 9", "second", "third"):
        ask(page, prompt)
    for turn, text in enumerate(("1 2 3 4 5 6 7 8 9", "second", "third")):
        expect(page.locator(".turn").nth(turn)).to_have_attribute("data-state", "completed")
        expect(page.locator(".turn .reply").nth(turn)).to_contain_text(text)


def test_a_failure_in_mid_reply_says_why_and_can_be_sent_again(page):
    page.get_by_role("button", name="Fail", exact=True).click()
    page.get_by_label("Prompt", exact=True).press("Enter")
    first = page.locator(".turn").first
    expect(first).to_have_attribute("data-state", "failed")
    expect(first.locator(".reason")).to_contain_text("agent_error: ")
    first.get_by_role("button", name="Send again").click()
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn").last).to_have_attribute("data-state", "failed")


def test_stop_stops(page):
    ask(page, "count to 200")
    turn = last_turn(page)
    expect(turn.locator(".reply")).to_contain_text("10 ")
    page.locator("#stop").click()
    expect(turn.locator(".badge")).to_have_text("stopped")
    expect(turn.locator(".reply")).not_to_contain_text("200")
    expect(page.locator("#stop")).to_be_disabled()
    assert COUNT_TO_200.startswith(reply_of(turn))


def test_a_queued_request_is_stopped_by_its_own_button(page):
    ask(page, "count to 200")
    expect(page.locator(".turn").first.locator(".reply")).to_contain_text("1 ")
    ask(page, "never run")
    second = page.locator(".turn").nth(1)
    expect(second.locator(".badge")).to_have_text("queued")
    second.get_by_role("button", name="Stop").click()
    page.locator("#stop").click()
    expect(page.locator(".turn").first).to_have_attribute("data-state", "stopped")
    expect(second).to_have_attribute("data-state", "stopped")
    expect(second.locator(".reply")).to_be_empty()


def test_the_agentcore_test_passes(page):
    page.get_by_role("button", name="AgentCore Test").click()
    panel = page.locator(".check")
    expect(panel.locator("h3")).to_have_text(re.compile(r"^AgentCore Test: passed in \d"))
    expect(panel.locator("li")).to_have_count(6)
    expect(panel.locator("li[data-result=passed] .time")).to_have_text([re.compile(r"\d m?s$")] * 6)


@pytest.mark.browser_reports("WebSocket connection to ", "Failed to load resource")
def test_the_agentcore_test_says_which_step_failed(page, closed_port):
    page.get_by_label("WebSocket URL").fill(f"ws://127.0.0.1:{closed_port}/")
    page.get_by_role("button", name="AgentCore Test").click()
    expect(page.locator(".check h3")).to_contain_text("failed")
    expect(page.locator(".check li").first).to_contain_text("Connection: could not connect")
    expect(page.locator(".check li").last).to_contain_text("skipped")


@pytest.mark.parametrize(
    ("template", "answer"),
    [("Echo", "echo"), ("Ping", "pong"), ("Resume", "resumed"), ("Stop", "rejected"), ("Invalid", "rejected")],
)
def test_a_template_of_a_message_is_answered(page, template, answer):
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#pill")).to_have_text("Connected")
    expect(page.locator("#frames .type.received")).to_have_text(["resumed"])
    page.get_by_role("group", name="Message templates").get_by_role("button", name=template).click()
    page.get_by_role("button", name="Send raw").click()
    expect(page.locator("#frames .type.received").last).to_have_text(answer)
    expect(page.locator("#frames .type.received")).to_have_count(2)
    expect(page.locator("#raw-error")).to_have_text(re.compile("^(invalid_request|not_found): ") if answer == "rejected" else "")


@pytest.mark.parametrize(
    ("template", "label"),
    [("Prompt", "Hello, what can you do?"), ("Parameters", "Plan a day in Kyoto"), ("Multimodal", "image"), ("AG-UI", "threadId")],
)
def test_a_template_of_a_prompt_gets_a_reply(page, template, label):
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#pill")).to_have_text("Connected")
    page.get_by_role("group", name="Message templates").get_by_role("button", name=template, exact=True).click()
    page.get_by_role("button", name="Send raw").click()
    expect(last_turn(page).locator(".ask")).to_contain_text(label)
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    expect(last_turn(page).locator(".reply")).not_to_be_empty()


def test_raw_text_goes_out_as_it_is_and_its_refusal_is_shown(page):
    page.get_by_role("textbox", name="Raw message").fill('{"prompt": \n nonsense')
    page.get_by_role("button", name="Send raw").click()
    expect(page.locator("#raw-error")).to_contain_text("Not connected")
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#pill")).to_have_text("Connected")
    page.get_by_role("textbox", name="Raw message").press("Control+Enter")
    expect(page.locator("#raw-error")).to_contain_text("invalid_json: ")
    expect(page.locator("#frames .type.sent").last).to_have_text("text")
    page.locator("#frames summary", has_text="nonsense").click()
    expect(page.locator("#frames pre")).to_have_text('{"prompt": \n nonsense', use_inner_text=False)


def test_events_show_the_text_they_bear_and_the_others_stand_behind_a_click(context, gateway):
    page = context.new_page()
    events = ["plain ", {"type": "TEXT_MESSAGE_CONTENT", "messageId": "1", "delta": "ag-ui "}, {"type": "STATE_SNAPSHOT", "snapshot": {}}, 7, None, [1, "two"], "end"]
    play(page, gateway, replying({"type": "started"}, {"type": "output", "events": events}, {"type": "completed"}))
    ask(page, "shapes")
    turn = last_turn(page)
    expect(turn).to_have_attribute("data-state", "completed")
    assert reply_of(turn) == "plain ag-ui end"
    expect(turn.locator(".json")).to_have_count(0)
    turn.get_by_text("4 other events").click()
    expect(turn.locator(".json")).to_have_text(['{"type":"STATE_SNAPSHOT","snapshot":{}}', "7", "null", '[1,"two"]'])


def test_names_of_events_and_what_a_run_waits_for_are_shown(page, gateway):
    frames = replying(
        {"type": "started"},
        {"type": "output", "events": ["text ", {"n": 1}, {"n": 2}], "names": {"2": "updates"}},
        {"type": "output", "part": {"index": 0, "last": False}, "name": "values", "text": '{"n":'},
        {"type": "output", "part": {"index": 1, "last": True}, "name": "values", "text": "3}"},
    )

    def answers(message):
        ids = {key: message.get(key) for key in ("requestId", "sessionId")}
        return [*frames(message), {"type": "progress", **ids, "elapsedMs": 1, "waiting": "agent_throttled"}] if "prompt" in message else []

    play(page, gateway, answers)
    ask(page, "names")
    last_turn(page).get_by_text("3 other events").click()
    expect(last_turn(page).locator(".events li")).to_have_text(['{"n":1}', 'updates{"n":2}', 'values{"n":3}'])
    assert reply_of(last_turn(page)) == "text"
    expect(last_turn(page).locator(".badge")).to_have_text("agent throttled, trying again")


def test_nothing_that_comes_is_taken_for_html(context, gateway):
    page = context.new_page()
    hostile = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
    play(
        page,
        gateway,
        replying(
            {"type": "started"},
            {"type": "output", "events": [hostile, {"html": hostile}]},
            {"type": "failed", "code": hostile, "message": hostile, "retryable": True},
        ),
    )
    ask(page, hostile)
    expect(last_turn(page)).to_have_attribute("data-state", "failed")
    expect(last_turn(page).locator(".reply")).to_contain_text(hostile)
    expect(last_turn(page).locator(".reason")).to_contain_text(hostile)
    page.locator("#frames summary", has_text="failed").click()
    assert page.locator("#turns img, #turns script, #frames img").count() == 0
    assert page.title() != "taken"


@pytest.mark.browser_reports("This document requires 'TrustedHTML' assignment", "Creating a TrustedTypePolicy named", "Refused to create a TrustedTypePolicy")
def test_the_policy_allows_no_html_from_strings_and_no_code_or_pictures_from_elsewhere(page):
    assert page.evaluate("() => { try { document.body.innerHTML = '<b>x</b>' } catch (error) { return error.name } }") == "TypeError"
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy.startswith("default-src 'none'; ")
    assert "connect-src ws: wss: http: https:;" in policy  # connections, and the addresses that uploads are put to
    assert "img-src data:;" in policy
    assert policy.endswith("require-trusted-types-for 'script'; trusted-types dompurify")
    another = "() => { try { trustedTypes.createPolicy('another', {}) } catch (error) { return error.name } }"
    assert page.evaluate(another) == "TypeError"


def test_what_an_interrupted_failure_voids_disappears(context, gateway):
    page = context.new_page()
    play(
        page,
        gateway,
        replying(
            {"type": "started"},
            {"type": "output", "events": ["kept "]},
            {"type": "output", "events": ["void"]},
            {"type": "failed", "seq": 3, "code": "interrupted", "message": "The worker died.", "retryable": True},
        ),
    )
    ask(page, "hello")
    expect(last_turn(page)).to_have_attribute("data-state", "failed")
    expect(last_turn(page).locator(".reply")).to_have_text("kept ", use_inner_text=False)


def test_a_message_of_api_gateway_does_not_lose_the_prompt(context, gateway):
    page = context.new_page()
    sent = []

    def answers(message):
        if "prompt" not in message:
            return []
        sent.append(message)
        if len(sent) == 1:
            return [{"message": "Internal server error", "connectionId": "abc=", "requestId": "xyz="}]
        return replying({"type": "started"}, {"type": "output", "events": ["here"]}, {"type": "completed"})(message)

    play(page, gateway, answers)
    ask(page, "hello")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    assert sent[0] == sent[1] and len(sent) == 2
    expect(page.locator("#frames .type", has_text="gateway error")).to_have_count(1)


def test_it_can_be_used_with_the_keyboard_alone(page):
    """From the top of the page, by Tab, Enter and Space only."""

    def tab_to(name):
        for _ in range(40):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "() => { const at = document.activeElement; return [at.labels?.[0]?.textContent ?? at.textContent.trim(), getComputedStyle(at).outlineStyle] }"
            )
            if focused[0].startswith(name):
                assert focused[1] != "none", f"no visible focus on {name}"
                return
        pytest.fail(f"Tab never came to {name}")

    tab_to("WebSocket URL")
    tab_to("Token")
    tab_to("Session id")
    page.keyboard.press("Enter")
    expect(page.locator("#pill")).to_have_text("Connected")
    tab_to("Disconnect")
    tab_to("Hello")
    page.keyboard.press("Space")
    expect(page.get_by_label("Prompt", exact=True)).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    expect(page.locator(".turn")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    expect(last_turn(page).locator(".ask")).to_have_text("first line\nsecond line", use_inner_text=True)
    expect(page.get_by_label("Prompt", exact=True)).to_be_focused()
    tab_to("Echo")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#frames .type.received").last).to_have_text("echo")
    tab_to("Filter the log by type")
    page.keyboard.press("Tab")  # the list
    page.keyboard.press("Tab")  # its first row
    page.keyboard.press("Enter")
    expect(page.locator("#frames pre")).to_be_visible()
