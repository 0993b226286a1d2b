"""examples/react-chat, which is the AI SDK's `useChat` with this client's transport, in a real browser with the real gateway."""

import re

import pytest
from playwright.sync_api import expect

COUNT = "count to 200"
COUNTED = "".join(f"{number} " for number in range(1, 201)).strip()


@pytest.fixture
def open_chat(react_chat, request):
    """Opens the example in a tab, by default in the chat that is this test's own."""
    own = re.sub(r"\W", "-", request.node.name)

    def open_in(context, name=own):
        page = context.new_page()
        page.goto(f"{react_chat}#{name}")
        return page

    return open_in


def ask(page, text):
    page.get_by_label("Message").fill(text)
    page.get_by_role("button", name="Send").click()


def reply(page):
    return page.locator("article.assistant")


def expect_to_be_writing(page):
    """A reply is there in part, and more of it is on its way."""
    expect(reply(page)).to_contain_text(" 10 ")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()


def expect_whole(page):
    expect(reply(page)).to_have_text(COUNTED, timeout=60_000)
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    expect(page.locator("article")).to_have_count(2)


def test_a_reply_streams(context, open_chat):
    page = open_chat(context)
    ask(page, COUNT)
    expect(page.locator("article.user")).to_have_text(COUNT)
    expect_to_be_writing(page)
    expect_whole(page)


def test_a_reload_in_mid_reply_goes_on(context, open_chat):
    page = open_chat(context)
    ask(page, COUNT)
    expect_to_be_writing(page)
    page.reload()
    expect_to_be_writing(page)
    expect_whole(page)


def test_a_reload_after_the_reply_shows_it_once(context, open_chat):
    page = open_chat(context)
    ask(page, COUNT)
    expect_whole(page)
    page.reload()
    expect_whole(page)
    ask(page, COUNT)
    expect(page.locator("article")).to_have_count(4)
    expect(reply(page).nth(1)).to_have_text(COUNTED, timeout=60_000)


def test_a_reply_that_ended_while_the_page_was_closed_is_there(context, open_chat):
    page, other = open_chat(context), open_chat(context)
    ask(page, COUNT)
    expect_to_be_writing(page)
    page.close()
    expect_whole(other)
    again = open_chat(context)
    expect_whole(again)


def test_stop_ends_the_reply(context, open_chat):
    page = open_chat(context)
    ask(page, COUNT)
    expect_to_be_writing(page)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    page.reload()
    expect(reply(page)).to_contain_text(" 10 ")
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    expect(reply(page)).not_to_contain_text(" 200")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_two_tabs_show_one_reply_and_either_stops_it(context, open_chat):
    one, other = open_chat(context), open_chat(context)
    ask(one, COUNT)
    expect_to_be_writing(one)
    expect_to_be_writing(other)
    expect(other.locator("article.user")).to_have_text(COUNT)
    other.get_by_role("button", name="Stop").click()
    for page in (one, other):
        expect(page.get_by_role("button", name="Send")).to_be_visible()
        expect(reply(page)).not_to_contain_text(" 200")


def test_a_question_that_another_tab_stores_after_its_reply_began_is_shown_before_it(context, open_chat):
    one, other = open_chat(context), open_chat(context)
    one.evaluate(
        """() => {
            const setItem = Storage.prototype.setItem;
            let latest;
            Storage.prototype.setItem = (...item) => {
                latest = item;
            };
            globalThis.store = () => {
                Storage.prototype.setItem = setItem;
                localStorage.setItem(...latest);
            };
        }"""
    )
    ask(one, COUNT)
    expect_to_be_writing(other)
    expect(other.locator("article.user")).to_have_count(0)
    one.evaluate("store()")
    expect(other.locator("article")).to_have_text([COUNT, re.compile("^1 2 3")])
    expect_whole(other)
    expect_whole(one)


def test_a_reply_that_another_tab_stores_first_is_not_put_before_its_question(context, open_chat):
    one, other = open_chat(context), open_chat(context)

    def store(*messages):
        stored = [{"id": text, "role": role, "parts": [{"type": "text", "text": text}]} for role, text in messages]
        other.evaluate("(stored) => localStorage.setItem(location.hash.slice(1), JSON.stringify(stored))", stored)

    store(("user", "first"))
    expect(one.locator("article")).to_have_text(["first"])
    store(("assistant", "reply"))
    store(("user", "first"), ("user", "second"))
    expect(one.locator("article").filter(has_text="second")).to_be_visible()
    assert one.locator("article").all_text_contents() == ["first", "second"]


def test_a_reply_goes_on_while_another_chat_is_open(context, open_chat, react_chat):
    page = open_chat(context, "left")
    ask(page, COUNT)
    expect_to_be_writing(page)
    page.goto(f"{react_chat}#entered")
    expect(page.locator("article")).to_have_count(0)
    page.goto(f"{react_chat}#left")
    expect_whole(page)
