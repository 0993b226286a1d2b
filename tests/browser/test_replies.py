"""What an agent's events become: text as Markdown, cards for its tools, and the rest behind a click."""

import json

import pytest
from playwright.sync_api import expect

from agent_double import AgentDouble
from test_page import ask, last_turn, play, replying, reply_of

SAID = "Kyoto is lovely in late autumn."
MARKDOWN = """# Plan

Some **bold** text, a [link](https://example.com/a) and a [bad one](javascript:alert(1)).

| day | place |
|---|---|
| 1 | Inari |

```python
print("hello")
```

![from elsewhere](https://example.com/a.png)

- [x] done
"""


def strands(text):
    """A reply as Strands gives it, through the SDK: each piece twice, and its own objects as what Python prints for them."""
    yield {"init_event_loop": True}
    yield {"event": {"messageStart": {"role": "assistant"}}}
    for piece in text.split(" "):
        piece = piece if piece == text.split(" ")[-1] else f"{piece} "
        yield {"event": {"contentBlockDelta": {"delta": {"text": piece}, "contentBlockIndex": 0}}}
        yield f"{{'data': {piece!r}, 'delta': {{'text': {piece!r}}}, 'agent': <strands.agent.agent.Agent object at 0x7f3a5c1d2e10>, 'event_loop_cycle_id': UUID('6f1c')}}"
    yield {"event": {"messageStop": {"stopReason": "end_turn"}}}
    yield {"message": {"role": "assistant", "content": [{"text": text}]}}
    yield f"{{'result': AgentResult(stop_reason='end_turn', message={{'role': 'assistant', 'content': [{{'text': {text!r}}}]}}, metrics=<EventLoopMetrics object at 0x7f3a>)}}"


def shown(context, gateway, *events):
    page = context.new_page()
    play(page, gateway, replying({"type": "started"}, {"type": "output", "events": list(events)}, {"type": "completed"}))
    ask(page, "show it")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    return page


def test_an_answer_of_strands_is_its_text_and_nothing_else(context, gateway_with):
    events = list(strands(SAID))
    with AgentDouble(events) as agent:
        gateway = gateway_with("--agent", agent.url)
        page = context.new_page()
        page.goto(gateway.http)
        ask(page, "Where shall I go?")
        expect(last_turn(page)).to_have_attribute("data-state", "completed")
    assert reply_of(last_turn(page)) == SAID
    assert len(reply_of(last_turn(page))) == 31
    expect(last_turn(page).locator(".others summary")).to_have_text(f"{len(events) - 6} other events")


def test_markdown_is_shown_as_it_is_meant(context, gateway):
    page = shown(context, gateway, MARKDOWN)
    reply = last_turn(page).locator(".reply")
    expect(reply.locator("h4")).to_have_text("Plan")
    expect(reply.locator("strong")).to_have_text("bold")
    expect(reply.locator("td")).to_have_text(["1", "Inari"])
    expect(reply.locator("pre")).to_have_text('print("hello")')
    expect(reply.locator("li")).to_have_text("☑ done")


def test_links_lead_out_safely_and_nothing_is_fetched_from_elsewhere(context, gateway):
    page = shown(context, gateway, MARKDOWN)
    reply = last_turn(page).locator(".reply")
    links = reply.locator("a")
    expect(links).to_have_text(["link", "from elsewhere"])
    for link in links.all():
        expect(link).to_have_attribute("rel", "noopener noreferrer")
        expect(link).to_have_attribute("target", "_blank")
    expect(reply.locator("img")).to_have_count(0)
    expect(reply).to_contain_text("bad one")


def test_code_has_a_button_that_copies_it(context, gateway):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = shown(context, gateway, MARKDOWN)
    page.get_by_role("button", name="Copy code").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == 'print("hello")'


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_markdown_that_comes_in_pieces_is_the_same(context, gateway, size):
    whole = shown(context, gateway, MARKDOWN)
    pieces = shown(context, gateway, *(MARKDOWN[at : at + size] for at in range(0, len(MARKDOWN), size)))
    html = "(reply) => [...reply.querySelectorAll('h4, p, td, pre, li, a')].map((one) => one.outerHTML)"
    assert last_turn(pieces).locator(".reply").evaluate(html) == last_turn(whole).locator(".reply").evaluate(html)


def test_a_call_of_a_tool_is_a_card_between_the_texts(context, gateway):
    page = shown(
        context,
        gateway,
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "1", "delta": "Let me see."},
        {"type": "TOOL_CALL_START", "toolCallId": "c1", "toolCallName": "weather"},
        {"type": "TOOL_CALL_ARGS", "toolCallId": "c1", "delta": '{"city":"Kyoto"}'},
        {"type": "TOOL_CALL_END", "toolCallId": "c1"},
        {"type": "TOOL_CALL_RESULT", "messageId": "2", "toolCallId": "c1", "content": "sunny"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "3", "delta": "It is sunny."},
    )
    reply = last_turn(page).locator(".reply")
    parts = reply.evaluate("(reply) => [...reply.children].map((one) => one.className)")
    assert parts == ["block", "tool", "block"]
    expect(reply.locator(".tool-name")).to_have_text("weather")
    expect(reply.locator(".tool-state")).to_have_text("done")
    reply.locator(".tool summary").click()
    expect(reply.locator(".tool pre")).to_have_text(['{"city":"Kyoto"}', "sunny"])
    page.reload()
    expect(last_turn(page).locator(".tool-name")).to_have_text("weather")
    assert "It is sunny." in reply_of(last_turn(page))


def test_a_reply_without_any_text_shows_its_events(context, gateway):
    page = shown(context, gateway, {"answer": 42})
    expect(last_turn(page).locator(".json")).to_have_text('{"answer":42}')
    expect(last_turn(page).locator(".json")).to_be_visible()


def test_the_switch_shows_all_events_as_they_came(context, gateway):
    page = shown(context, gateway, "some text", {"n": 1})
    page.get_by_role("switch", name="Raw events").check()
    expect(last_turn(page).locator(".raw-events .json")).to_have_text(['"some text"', '{"n":1}'])
    expect(last_turn(page).locator(".reply")).to_be_hidden()
    page.get_by_role("switch", name="Raw events").uncheck()
    expect(last_turn(page).locator(".reply")).to_be_visible()


@pytest.mark.parametrize(("name", "key"), [("Raw events", "raw-events"), ("Smooth", "smooth")])
@pytest.mark.parametrize("value", ["yes", "no"])
def test_switches_stay_as_an_earlier_page_left_them(page, name, key, value):
    page.evaluate("([key, value]) => localStorage.setItem(`gateway-test.${key}`, value)", [key, value])
    page.reload()
    switch = page.get_by_role("switch", name=name)
    expect(switch).to_be_checked(checked=value == "yes")
    switch.click()
    page.reload()
    expect(switch).to_be_checked(checked=value == "no")
    assert page.evaluate("key => localStorage.getItem(`gateway-test.${key}`)", key) == ("no" if value == "yes" else "yes")


def test_of_very_many_events_so_many_are_shown_and_the_others_are_a_click_away(context, gateway):
    page = shown(context, gateway, *({"n": n} for n in range(500)))
    expect(last_turn(page).locator(".others summary")).to_have_text("500 events")
    rows = last_turn(page).locator(".others .json")
    expect(rows).to_have_count(200)
    last_turn(page).get_by_role("button", name="Show 200 more of 300 events").click()
    last_turn(page).get_by_role("button", name="Show 100 more of 100 events").click()
    expect(rows).to_have_count(500)
    assert json.loads(rows.last.text_content()) == {"n": 499}


def test_events_that_are_not_kept_over_a_reload_come_again_from_the_gateway(context, gateway_with):
    with AgentDouble(["one ", {"n": 1}]) as agent:
        gateway = gateway_with("--agent", agent.url)
        page = context.new_page()
        page.goto(gateway.http)
        for text in ("first", "second"):  # the last one comes again by itself
            ask(page, text)
            expect(last_turn(page)).to_have_attribute("data-state", "completed")
        page.reload()
        first = page.locator(".turn").first
        first.get_by_text("1 other event").click()
        first.get_by_role("button", name="Ask the gateway for them").click()
        expect(first.locator(".others .json")).to_have_text('{"n":1}')
    assert reply_of(first) == "one"
