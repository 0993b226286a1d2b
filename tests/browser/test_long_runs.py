"""Runs that go on in the background, by the agent of agentcore_example; and how the page shows them."""

import os
import re
import socket
import subprocess
import sys

import httpx
import pytest
from playwright.sync_api import expect

from conftest import ROOT, start_gateway
from test_page import ask, last_turn, play, reply_of
from test_sessions import change_session, session

EXPLAINED = re.compile("^This session has a run in the background, so this prompt was not run")
WORKING = re.compile(r"^Working in the background for \d+ s\. You may close this page and come back; Stop ends it\.$")


def work(seconds):
    """What the agent says in so long a run."""
    return "".join(f"Second {second} of {seconds}. " for second in range(1, seconds + 1)) + "Done."


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def start_agent(port, gateway):
    """Starts the agent for the queue of this gateway; gives its process once it listens."""
    endpoint = f"{gateway.http}replies"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "PORT": str(port),
        "AWS_EC2_METADATA_DISABLED": "true",
        "GATEWAY_REPLY_ENDPOINT_URL": endpoint,
        "GATEWAY_REPLY_QUEUE_URL": f"{endpoint}/replies.fifo",
    }
    process = subprocess.Popen([sys.executable, "agent.py"], cwd=ROOT / "agentcore_example", env=environment, stderr=subprocess.DEVNULL)
    # The retries are those of a connection that is refused: half a minute in all.
    with httpx.Client(transport=httpx.HTTPTransport(retries=7)) as client:
        client.get(f"http://127.0.0.1:{port}/ping")
    return process


@pytest.fixture(scope="module")
def gateway():
    """One that lets its agent go on; all tests here, and their pages, have it in the place of the other."""
    if "GATEWAY_URL" in os.environ:
        pytest.skip("a running gateway has the agent that it has")
    port = free_port()
    running, *processes = start_gateway("--agent", f"http://127.0.0.1:{port}", "--long-runs")
    try:
        processes.append(start_agent(port, running))
        yield running
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def test_a_run_in_the_background_is_found_again_after_a_reload_and_stops(page):
    ask(page, "work for 20 seconds")
    run, other = page.locator(".turn").nth(0), page.locator(".turn").nth(1)
    expect(run.locator(".reply")).to_contain_text("Second 1 of 20. ")
    expect(run.locator(".background")).to_be_hidden()
    ask(page, "Hello")
    expect(other.locator(".reason")).to_have_text(EXPLAINED)
    expect(other.locator(".badge")).to_have_text("busy")
    expect(run.locator(".background")).to_have_text(WORKING)
    for words in ("so this prompt was not run", "Working in the background for"):
        expect(page.locator("#announce")).to_contain_text(words)
    page.reload()
    expect(run.locator(".background")).to_have_text(WORKING)
    expect(page.locator("#announce")).to_have_text(WORKING)
    expect(other.locator(".reason")).to_have_text(EXPLAINED)
    expect(run.locator(".reply")).to_contain_text("Second 4 of 20. ")
    page.locator("#stop").click()
    expect(run.locator(".badge")).to_have_text("stopped")
    expect(run.locator(".background")).to_be_hidden()
    assert work(20).startswith(reply_of(run))
    ask(page, "Hello")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")


def test_a_run_that_ends_by_itself_shows_all_of_its_text(page):
    ask(page, "work for 4 seconds")
    expect(last_turn(page).locator(".reply")).to_contain_text("Second 1 of 4. ")
    page.reload()
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    expect(last_turn(page).locator(".reply")).to_have_text(work(4), use_inner_text=False)
    expect(page.locator(".turn")).to_have_count(1)


def test_another_device_finds_the_run_and_stops_it(new_context, page, gateway):
    ask(page, "work for 20 seconds")
    expect(last_turn(page).locator(".reply")).to_contain_text("Second 2 of 20. ")
    device = new_context().new_page()
    device.goto(gateway.http)
    change_session(device, session(page).input_value())
    device.get_by_role("button", name="Connect").click()
    run = device.locator(".turn", has_text="Second 1 of 20. ")
    expect(run).to_have_attribute("data-state", "running")
    ask(device, "Hello")
    expect(last_turn(device).locator(".reason")).to_have_text(EXPLAINED)
    # How long it has been going nobody has told this device yet.
    expect(run.locator(".background")).to_have_text(re.compile(r"^Working in the background\. You may"))
    expect(page.locator(".background").first).to_have_text(WORKING)
    run.get_by_role("button", name="Stop").click()
    for one in (page, device):
        turn = one.locator(".turn", has_text="Second 1 of 20. ")
        expect(turn).to_have_attribute("data-state", "stopped")
        assert work(20).startswith(reply_of(turn))


@pytest.mark.parametrize(
    ("seconds", "time"),
    [(59, None), (61, "1 min 01 s"), (200, "3 min 20 s"), (3600 * 7 + 60 * 3, "7 h 03 min")],
)
def test_a_run_that_takes_long_is_shown_as_one_in_the_background(context, gateway, seconds, time):
    page = context.new_page()
    page.clock.install()
    page.clock.pause_at(2_000_000_000)
    asked = []

    def answers(message):
        ids = {key: message.get(key) for key in ("requestId", "sessionId")}
        if "prompt" not in message:
            return []
        asked.append(message)
        return [{"type": "accepted", **ids}, {"type": "started", "seq": 1, **ids}, {"type": "progress", "elapsedMs": seconds * 1000, **ids}]

    play(page, gateway, answers)
    ask(page, "a lot")
    while not asked:  # with the clock stopped nothing on the page tells that it was answered
        page.evaluate("0")
    page.evaluate("0")
    page.clock.run_for(300)
    expect(last_turn(page).locator(".badge")).to_have_text("waiting for the agent" if seconds < 60 else "in the background")
    line = last_turn(page).locator(".background")
    if time is None:
        expect(line).to_be_hidden()
        page.clock.run_for(1000)
        time = "1 min 00 s"
    expect(line).to_have_text(f"Working in the background for {time}. You may close this page and come back; Stop ends it.")
    page.get_by_role("button", name="Disconnect").click()
    expect(line).to_have_text("This run has gone on in the background. Connect to see how it is.")
    page.locator("#stop").click()
    page.clock.run_for(300)
    expect(last_turn(page).locator(".badge")).to_have_text("stopping")
    expect(line).to_be_hidden()
