"""20,000 events: how long the page takes for them is printed (pytest -s), for a machine that does other things is slower."""

import json

from playwright.sync_api import expect

from test_page import ask, last_turn, play, reply_of

COUNT = 20_000


def flood(size):
    """Answers a prompt with so many events, `size` of them in a frame, of which each is a word of text or none."""

    def answers(message):
        if "prompt" not in message:
            return []
        ids = {key: message[key] for key in ("requestId", "sessionId")}
        events = [f"word{n} " if n % 2 else {"n": n} for n in range(COUNT)]
        frames = [{"type": "output", "events": events[at : at + size]} for at in range(0, COUNT, size)]
        numbered = [{**frame, **ids, "seq": seq} for seq, frame in enumerate([{"type": "started"}, *frames, {"type": "completed"}], 1)]
        return [json.dumps(frame) for frame in [{"type": "accepted", **ids}, *numbered]]

    return answers


def test_twenty_thousand_events_are_shown(context, gateway):
    page = context.new_page()
    play(page, gateway, flood(20))
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#pill")).to_have_text("Connected")
    page.evaluate(
        """() => {
          const turns = document.getElementById("turns");
          new MutationObserver(() => {
            const turn = turns.querySelector(".turn");
            if (!turn) return;
            globalThis.from ??= performance.now();
            if (turn.dataset.state === "completed") globalThis.took ??= performance.now() - globalThis.from;
          }).observe(turns, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"] });
        }"""
    )
    ask(page, "flood")
    expect(last_turn(page)).to_have_attribute("data-state", "completed", timeout=60_000)
    expect(last_turn(page).locator(".count")).to_have_text("20,000 events")
    expect(last_turn(page).locator(".others summary")).to_have_text("10,000 other events")
    assert reply_of(last_turn(page)) == " ".join(f"word{n}" for n in range(1, COUNT, 2))
    print(f"\n20,000 events in {page.evaluate('globalThis.took') / 1000:.2f} s")
