"""What the page says of a prompt and of a connection is true, and says what to do."""

import re

import pytest
from playwright.sync_api import expect

from conftest import PAGE
from test_connection import connect
from test_page import ask, last_turn, play, replying, reply_of


def ids(message):
    return {key: message.get(key) for key in ("requestId", "sessionId")}


def badge(page):
    return last_turn(page).locator(".badge")


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([], "queued"),
        ([{"type": "started", "seq": 1}], "waiting for the agent"),
        ([{"type": "started", "seq": 1}, {"type": "output", "seq": 2, "events": ["a"]}], "streaming"),
        ([{"type": "started", "seq": 1}, {"type": "progress", "elapsedMs": 1, "waiting": "agent_throttled"}], "agent throttled, trying again"),
        ([{"type": "started", "seq": 1}, {"type": "progress", "elapsedMs": 1, "waiting": "agent_unavailable"}], "agent not reached, trying again"),
        ([{"type": "started", "seq": 1}, {"type": "progress", "elapsedMs": 70_000}], "in the background"),
    ],
)
def test_a_run_says_what_it_is_doing(page, gateway, frames, words):
    def answers(message):
        return [{"type": "accepted", **ids(message)}, *({**frame, **ids(message)} for frame in frames)] if "prompt" in message else []

    play(page, gateway, answers)
    ask(page, "hello")
    expect(badge(page)).to_have_text(words)


def test_without_a_connection_nothing_is_said_to_stream(page, gateway):
    play(page, gateway, lambda message: [{"type": "accepted", **ids(message)}, {"type": "started", "seq": 1, **ids(message)}] if "prompt" in message else [])
    ask(page, "hello")
    expect(badge(page)).to_have_text("waiting for the agent")
    page.get_by_role("button", name="Disconnect").click()
    expect(badge(page)).to_have_text("not connected")


def test_send_again_survives_a_reload(context, gateway):
    page = context.new_page()
    sent = []

    def answers(message):
        if "prompt" in message:
            sent.append(message["prompt"])
        return replying({"type": "failed", "code": "agent_throttled", "message": "Too much.", "retryable": True})(message)

    play(page, gateway, answers)
    ask(page, "try this")
    expect(last_turn(page).locator(".reason")).to_contain_text("agent_throttled: Too much. The agent has too much to do.")
    page.reload()
    last_turn(page).get_by_role("button", name="Send again").click()
    expect(page.locator(".turn")).to_have_count(2)
    expect(last_turn(page)).to_have_attribute("data-state", "failed")
    assert sent == ["try this", "try this"]


def test_a_run_of_another_tab_can_be_stopped_here(context, page, gateway):
    other = context.new_page()
    other.goto(gateway.http)
    ask(page, "count to 200")
    expect(last_turn(other).locator(".ask")).to_have_text("count to 200")
    other.get_by_role("button", name="Stop", exact=True).first.click()  # it was not connected before
    for tab in (page, other):
        expect(last_turn(tab)).to_have_attribute("data-state", "stopped")


def test_esc_stops_what_runs(page):
    ask(page, "count to 200")
    expect(last_turn(page).locator(".reply")).to_contain_text("5 ")
    page.keyboard.press("Escape")
    expect(last_turn(page)).to_have_attribute("data-state", "stopped")
    assert reply_of(last_turn(page)).startswith("1 2 3 4 5")


@pytest.mark.browser_reports("WebSocket connection to ", "Failed to load resource")
def test_where_nobody_answers_it_is_said_so(page, closed_port):
    connect(page, f"ws://127.0.0.1:{closed_port}/")
    expect(page.locator("#status-text")).to_contain_text(f"Nobody answers at 127.0.0.1:{closed_port}")
    expect(page.locator("#causes")).to_be_hidden()


@pytest.mark.browser_reports("WebSocket connection to ", "Failed to load resource")
def test_a_refused_page_is_told_of_its_origin_and_of_the_token(context, gateway):
    page = context.new_page()
    page.goto(PAGE.as_uri())  # which the gateway refuses unless it is told to take it
    connect(page, gateway.ws)
    expect(page.locator("#status-text")).to_contain_text("refuses the connection")
    causes = page.locator("#causes li")
    expect(causes).to_have_text([re.compile("^Origin: This page was opened from disk.*--allow-origin null"), re.compile("^Token: If this gateway wants a login"), re.compile("^Full")])
    page.get_by_role("button", name="Disconnect").click()
    expect(page.locator("#causes")).to_be_hidden()


@pytest.mark.browser_reports("WebSocket connection to ", "Failed to load resource")
def test_the_next_try_can_be_made_now(page, wire):
    connect(page, wire.url)
    expect(page.locator("#pill")).to_have_text("Connected")
    page.evaluate("Math.random = () => 0.999")  # the longest pauses
    wire.cut(mended=False)
    expect(page.locator("#status-text")).to_contain_text("Could not connect")
    expect(page.locator("#countdown")).to_have_text(re.compile(r"Next try in ([4-9]|\d\d) s\."))
    wire.mend()
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("#pill")).to_have_text("Connected", timeout=3_000)


@pytest.mark.browser_reports("WebSocket connection to ", "Failed to load resource")
def test_an_address_of_aws_without_its_stage_is_told_of(page, gateway):
    page.route(re.compile("execute-api"), lambda route: route.fulfill(status=403))
    page.get_by_label("Token").fill("some.token")
    connect(page, "https://abc.execute-api.eu-west-1.amazonaws.com")
    causes = page.locator("#causes li")
    origin = re.compile(f"^Origin: The gateway may not take pages from {gateway.http.rstrip('/')}.*--allow-origin")
    expect(causes).to_have_text([origin, re.compile("^Path: The stage is missing"), re.compile("^Token: It may have expired"), re.compile("^Full")])
