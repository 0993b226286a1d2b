"""Connecting, failing to, and losing the connection in mid-reply."""

import re

import pytest
from playwright.sync_api import expect

from conftest import COUNT_TO_200
from test_page import ask, last_turn, reply_of


def connect(page, url):
    page.get_by_label("WebSocket URL").fill(url)
    page.get_by_role("button", name="Connect").click()


@pytest.mark.parametrize(
    ("url", "words"),
    [("two words", "not an address"), ("", "not an address"), ("ftp://example.com/", "ws:// or wss://"), ("ws://:1/", "not an address")],
)
def test_a_bad_url_is_told_beside_the_field(page, url, words):
    connect(page, url)
    expect(page.locator("#url-error")).to_contain_text(words)
    expect(page.get_by_label("WebSocket URL")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("WebSocket URL")).to_be_focused()
    expect(page.locator("#pill")).to_have_text("Not connected")


@pytest.mark.browser_reports("WebSocket connection to ", "Failed to load resource")
@pytest.mark.parametrize(
    ("typed", "meant"),
    [("http://127.0.0.1:{port}", "ws://127.0.0.1:{port}/"), ("127.0.0.1:{port}", "ws://127.0.0.1:{port}/"), ("HTTPS://localhost:{port}/live", "wss://localhost:{port}/live")],
)
def test_an_address_of_another_kind_becomes_that_of_a_websocket(page, closed_port, typed, meant):
    connect(page, typed.format(port=closed_port))
    expect(page.get_by_label("WebSocket URL")).to_have_value(meant.format(port=closed_port))
    expect(page.locator("#status-text")).to_contain_text(f"Could not connect to {meant.format(port=closed_port)}")


def test_a_prompt_is_kept_when_the_url_is_bad(page):
    page.get_by_label("WebSocket URL").fill("two words")
    ask(page, "not lost")
    expect(page.locator("#url-error")).to_contain_text("not an address")
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("not lost")


@pytest.mark.browser_reports("WebSocket connection to ", "Failed to load resource")
def test_a_refused_connection_is_told_and_tried_again_until_disconnect(page, closed_port):
    page.clock.install()
    url = f"ws://127.0.0.1:{closed_port}/"
    connect(page, url)
    expect(page.locator("#status-text")).to_contain_text(f"Could not connect to {url}")
    failures = page.locator("#frames .type", has_text="failed")
    expect(failures.nth(1)).to_be_visible()
    expect(page.locator("#countdown")).to_have_text(re.compile(r"^Next try in \d+ s\.$"))
    expect(page.locator("#pill")).to_have_text("Reconnecting…")
    page.get_by_role("button", name="Disconnect").click()
    expect(page.locator("#pill")).to_have_text("Not connected")
    expect(page.locator("#countdown")).to_be_empty()
    expect(page.locator("#frames .type", has_text="closed")).to_have_count(1)
    count = failures.count()
    page.clock.run_for(60_000)
    expect(failures).to_have_count(count)


def test_the_token_is_sent_as_a_subprotocol_and_never_stored(context, gateway):
    page = context.new_page()
    page.add_init_script(
        "globalThis.made = []; const Real = WebSocket; globalThis.WebSocket = class extends Real { constructor(url, protocols) { super(url, protocols); made.push(protocols) } }"
    )
    page.goto(gateway.http)
    page.get_by_label("Token").fill("secret.token")
    ask(page, "hello")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    assert page.evaluate("made") == [["bearer", "secret.token"]]
    assert "secret.token" not in page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert "secret.token" not in page.locator("body").inner_html()
    page.reload()
    expect(page.locator("#status-text")).to_contain_text("Enter the token again")
    expect(page.get_by_label("Token")).to_have_value("")


def test_a_token_in_the_url_is_not_stored_either(page, gateway):
    connect(page, f"{gateway.ws}?token=secret.token")
    expect(page.locator("#pill")).to_have_text("Connected")
    assert "secret.token" not in page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    page.reload()
    expect(page.get_by_label("WebSocket URL")).to_have_value(gateway.ws)


def test_a_token_that_cannot_be_sent_is_told_beside_its_field(page):
    page.get_by_label("Token").fill("two words")
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#token-error")).to_contain_text("characters")
    expect(page.get_by_label("Token")).to_be_focused()


@pytest.mark.browser_reports("WebSocket connection to ", "Failed to load resource")
def test_a_reply_ends_whole_though_the_connection_is_cut_in_its_middle(page, wire):
    connect(page, wire.url)
    ask(page, "count to 200")
    turn = last_turn(page)
    for seen in ("20 ", "60 "):
        expect(turn.locator(".reply")).to_contain_text(seen)
        expect(turn).to_have_attribute("data-state", "running")
        wire.cut()
    expect(turn).to_have_attribute("data-state", "completed")
    assert reply_of(turn) == COUNT_TO_200.strip()
    assert wire.connections == 3
    expect(page.locator("#frames .type.local", has_text="closed")).to_have_count(2)


@pytest.mark.browser_reports("WebSocket connection to ", "Failed to load resource")
def test_a_reply_that_went_on_while_the_network_was_away_is_shown_whole(page, wire):
    connect(page, wire.url)
    ask(page, "count to 60")
    expect(last_turn(page).locator(".reply")).to_contain_text("10 ")
    wire.cut(mended=False)
    expect(page.locator("#status-text")).to_contain_text("Could not connect")
    wire.mend()
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    assert reply_of(last_turn(page)) == COUNT_TO_200[: COUNT_TO_200.index(" 61 ")]


@pytest.mark.browser_reports("WebSocket connection to ", "Failed to load resource")
def test_the_first_try_that_fails_after_a_loss_is_told(page, wire):
    connect(page, wire.url)
    expect(page.locator("#pill")).to_have_text("Connected")
    wire.cut(mended=False)
    failed = page.locator("#frames > *", has=page.locator(".type", has_text="failed")).first
    expect(failed).to_contain_text(f"Could not connect to {wire.url}")
    expect(page.locator("#status-text")).to_contain_text("Nobody answers")


@pytest.mark.browser_reports("WebSocket connection to ", "Failed to load resource")
def test_a_prompt_that_is_asked_while_the_network_is_away_is_sent_later(page, wire):
    connect(page, wire.url)
    expect(page.locator("#pill")).to_have_text("Connected")
    wire.cut(mended=False)
    expect(page.locator("#pill")).to_have_text("Reconnecting…")
    ask(page, "patience")
    expect(last_turn(page).locator(".badge")).to_have_text("waiting for a connection")
    wire.mend()
    expect(last_turn(page)).to_have_attribute("data-state", "completed")


def test_a_connection_that_reaches_its_age_is_replaced_in_mid_reply(context, gateway_with):
    gateway = gateway_with("--max-connection-age", "2")
    page = context.new_page()
    page.goto(gateway.http)
    ask(page, "count to 200")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    assert reply_of(last_turn(page)) == COUNT_TO_200.strip()
    assert page.locator("#frames .type.local", has_text="closed").count() >= 1
