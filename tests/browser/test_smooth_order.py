"""Words that wait come in time, in order and all of them, whatever happens meanwhile. The clock and the gateway are the test's own."""

from itertools import pairwise

import pytest
from playwright.sync_api import expect

from test_page import ask, idle, last_turn, play, reply_of
from test_session_list import saved
from test_sessions import change_session, session

WATCH = """() => {
  Object.assign(globalThis, { received: 0, timers: 0, shown: [] });
  const [Socket, setTimer] = [WebSocket, setTimeout];
  globalThis.WebSocket = class extends Socket {
    constructor(...options) {
      super(...options);
      this.addEventListener("message", ({ data }) => { received = JSON.parse(data).seq ?? received; });
    }
  };
  globalThis.setTimeout = (...options) => {
    timers += 1;
    return setTimer(...options);
  };
  const turns = document.getElementById("turns");
  new MutationObserver(() => {
    const text = turns.querySelector(".reply")?.textContent.trim() ?? "";
    if (text !== (shown.at(-1)?.text ?? "")) shown.push({ text, at: performance.now() });
  }).observe(turns, { subtree: true, childList: true, characterData: true });
}"""
CARD = (
    {"type": "TOOL_CALL_START", "toolCallId": "c", "toolCallName": "look_up"},
    {"type": "TOOL_CALL_RESULT", "messageId": "r", "toolCallId": "c", "content": "found"},
)


class Stage:
    """A page with a run of which nothing has come but that it started."""

    def __init__(self, page, gateway):
        self.page = page
        self._asked, self._seq = [], 0
        page.clock.install()
        page.clock.pause_at(2_000_000_000)
        self._send = play(page, gateway, self._answers)
        page.evaluate(WATCH)
        ask(page, "say it")
        while not self._asked:  # with the clock stopped nothing on the page tells that it was sent
            page.evaluate("0")
        self.frame("started")

    def _answers(self, message):
        ids = {key: message.get(key) for key in ("requestId", "sessionId")}
        if "prompt" not in message:
            return idle(message)
        self._asked.append(ids)
        return [{"type": "accepted", **ids}]

    def frame(self, kind, **members):
        """A frame that has come."""
        self._seq += 1
        self._send({"type": kind, "seq": self._seq, **self._asked[0], **members})
        while self.page.evaluate("received") < self._seq:
            pass

    def say(self, *events):
        self.frame("output", events=list(events))

    def wait(self, ms):
        self.page.clock.run_for(ms)

    @property
    def reply(self):
        return reply_of(last_turn(self.page))


@pytest.fixture
def stage(context, gateway):
    """A reply of which two words wait: `four five `."""
    stage = Stage(context.new_page(), gateway)
    stage.say("one ")
    stage.wait(1_000)
    stage.say("two three four five ")
    stage.wait(200)
    assert stage.reply == "one two three"
    return stage


def words(first, count):
    return "".join(f"{number} " for number in range(first, first + count))


@pytest.mark.parametrize("count", [8, 20, 90])
def test_at_a_frame_a_second_no_pause_between_words_is_longer_than_150_ms(context, gateway, count):
    stage = Stage(context.new_page(), gateway)
    for second in range(8):
        stage.say(words(second * count, count))
        stage.wait(1_000)
    stage.wait(150)
    shown = stage.page.evaluate("shown")
    # Of the first frame nobody knows when the next will come: it is shown at once.
    assert [shown[0]["text"], shown[-1]["text"]] == [words(0, count).strip(), words(0, 8 * count).strip()]
    assert max(after["at"] - before["at"] for before, after in pairwise(shown[1:])) <= 150
    assert all(after["text"].startswith(before["text"]) for before, after in pairwise(shown))


def test_between_two_words_nothing_is_done(stage):
    before = stage.page.evaluate("timers")
    stage.wait(80)
    assert stage.page.evaluate("timers") == before
    stage.wait(50)
    assert stage.reply == "one two three four"


def test_a_card_waits_for_no_word_and_comes_between_the_right_ones(stage):
    stage.say("six ", *CARD, "seven eight nine ")
    stage.wait(20)
    parts = last_turn(stage.page).locator(".reply > *")
    expect(parts).to_have_text(["one two three four five six", "look_updone"])
    stage.wait(150)
    expect(parts).to_have_text(["one two three four five six", "look_updone", "seven"])
    stage.frame("completed")
    stage.wait(20)
    expect(parts).to_have_text(["one two three four five six", "look_updone", "seven eight nine"])


def test_spaces_behind_a_card_belong_to_the_text_that_follows(stage):
    stage.say(*CARD, "    print(1)\n")
    stage.wait(1_000)
    expect(last_turn(stage.page).locator(".reply pre")).to_have_text("print(1)")


def test_a_reply_that_is_stopped_shows_at_once_what_has_come(stage):
    stage.page.locator("#stop").click()
    stage.frame("stopped")
    stage.wait(20)
    assert stage.reply == "one two three four five"
    expect(last_turn(stage.page)).to_have_attribute("data-state", "stopped")


def test_smoothing_that_is_switched_off_during_a_reply_loses_no_word(stage):
    stage.page.get_by_role("switch", name="Smooth").uncheck()
    stage.wait(150)
    assert stage.reply == "one two three four five"
    stage.say("six seven eight ")
    stage.wait(20)
    assert stage.reply == "one two three four five six seven eight"


def test_an_export_has_the_words_that_wait(stage):
    stage.page.locator("#sessions-open").click()
    _, text = saved(stage.page, "Export as text")
    assert "one two three four five " in text


def test_words_of_a_session_that_was_left_are_waited_for_no_more(stage):
    left = session(stage.page).input_value()
    change_session(stage.page, "another")
    stage.wait(500)
    before = stage.page.evaluate("timers")
    stage.wait(3_000)
    assert stage.page.evaluate("timers") - before < 10
    change_session(stage.page, left)
    stage.wait(20)
    assert stage.reply == "one two three four five"
