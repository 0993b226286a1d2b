"""At a frame a second, the words of a reply are shown one by one over the time to the next frame.

How long the longest pause was is printed (pytest -s): that none is longer than 150 ms is tested with a clock of the test's own, in
test_smooth_order.py, for a machine that does other things is slower.
"""

import pytest
from playwright.sync_api import expect

from test_page import ask, last_turn, reply_of

WATCH = """() => {
  globalThis.shown = [];
  const turns = document.getElementById("turns");
  new MutationObserver(() => {
    const words = turns.querySelector(".turn .reply")?.textContent.trim().split(/\\s+/).length ?? 0;
    if (words > (shown.at(-1)?.words ?? 0)) shown.push({ words, at: performance.now() });
  }).observe(turns, { subtree: true, childList: true, characterData: true });
}"""


@pytest.fixture
def slow_frames(context, gateway_with):
    """A page that gets a frame a second."""
    gateway = gateway_with("--push-interval", "1000", "--max-push-interval", "1000")
    page = context.new_page()
    page.goto(gateway.http)
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#pill")).to_have_text("Connected")
    page.evaluate(WATCH)
    return page


def steps(page):
    """How often more words were shown, and the pauses in between, in ms, from the second frame on."""
    ask(page, "count to 120")
    expect(last_turn(page)).to_have_attribute("data-state", "completed", timeout=30_000)
    assert reply_of(last_turn(page)).split() == [str(number) for number in range(1, 121)]
    shown = page.evaluate("shown")
    pauses = [after["at"] - before["at"] for before, after in zip(shown[1:], shown[2:])]
    print(f"\n120 words in {len(shown)} steps, the longest pause {max(pauses):.0f} ms")
    return len(shown), pauses


def test_words_are_spread_over_the_time_between_frames(slow_frames):
    count, pauses = steps(slow_frames)
    assert count > 40
    assert sum(pause > 150 for pause in pauses) <= 0.05 * len(pauses)


def test_without_that_each_frame_is_shown_as_it_comes(slow_frames):
    slow_frames.get_by_role("switch", name="Smooth").uncheck()
    count, _ = steps(slow_frames)
    assert count < 20
    slow_frames.reload()
    expect(slow_frames.get_by_role("switch", name="Smooth")).not_to_be_checked()
