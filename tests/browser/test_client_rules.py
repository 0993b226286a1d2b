"""The client rules of the protocol, on `GatewayClient` alone: lifted out of the page, on an empty page, with a fake socket and a
clock that the test moves."""

import re

import pytest

from conftest import PAGE

HARNESS = """
class FakeSocket {
  static all = [];
  constructor(url, protocols) { Object.assign(this, { url, protocols, sent: [], closed: false }); FakeSocket.all.push(this); }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.closed = true; }
}
const client = new GatewayClient({ WebSocket: FakeSocket, random: () => 1 });
const states = [];
const seen = [];
client.addEventListener("state", ({ detail }) => states.push(detail));
for (const type of ["events", "replaced", "rejected"]) client.addEventListener(type, ({ detail }) => seen.push(type));
const socket = () => FakeSocket.all.at(-1);
"""


class Driver:
    """Plays the gateway and the clock to a client whose session is `s`."""

    def __init__(self, page):
        self.page = page
        page.clock.install(time=1_000_000_000)
        page.clock.pause_at(1_000_000_001)
        source = re.search(r'<script id="gateway-client">(.*?)</script>', PAGE.read_text(), re.DOTALL)[1]
        page.add_script_tag(content=source + HARNESS)

    def do(self, code, argument=None):
        return self.page.evaluate(f"(argument) => {{ {code} }}", argument)

    def connect(self, **options):
        self.do("client.connect('ws://gateway/live', { sessionId: 's', ...argument }); socket().onopen();", options)

    def prompt(self, text="hello", request="r"):
        self.do("client.prompt(argument[0], { requestId: argument[1] })", [text, request])

    def receive(self, **frame):
        self.do("socket().onmessage({ data: JSON.stringify(argument) })", frame)

    def run_frame(self, kind, seq, request="r", **members):
        self.receive(type=kind, requestId=request, sessionId="s", seq=seq, **members)

    def output(self, seq, *events, request="r"):
        self.run_frame("output", seq, request, events=list(events))

    def accept(self, request="r"):
        self.receive(type="accepted", requestId=request, sessionId="s")

    def start(self, text="hello", request="r"):
        """A connected client whose prompt runs, and nothing of it in `sent` any more."""
        self.connect()
        self.prompt(text, request)
        self.accept(request)
        self.run_frame("started", 1, request)
        self.sent()

    def drop(self, code=1006):
        self.do("socket().onclose({ code: argument, reason: '' })", code)

    def reopen(self):
        """The next try of a client that waits comes, and succeeds."""
        self.advance(self.do("return states.at(-1).delay") / 1000)
        self.do("socket().onopen()")

    def advance(self, seconds):
        self.page.clock.run_for(int(seconds * 1000))

    def sent(self):
        """What the client sent on this connection since the last call."""
        return self.do("return socket().sent.splice(0)")

    def request(self, request="r"):
        return self.do("const { state, seq, code, output, stopping } = client.requests.get(argument + ' s'); return { state, seq, code, output, stopping }", request)

    def reply(self, request="r"):
        return [event for part in self.request(request)["output"] for event in part["events"]]


@pytest.fixture
def driver(context):
    return Driver(context.new_page())


def resume(after, request="r"):
    return {"action": "resume", "sessionId": "s", "requestId": request, "after": after}


def resumed(driver, after, state="completed"):
    driver.receive(type="resumed", requestId="r", sessionId="s", after=after, state=state)


PROMPT = {"prompt": "hello", "sessionId": "s", "requestId": "r"}


# ---- connecting


def test_the_session_goes_in_the_address_and_the_token_as_a_subprotocol(driver):
    driver.connect(token="a.b-c_d")
    assert driver.do("return [socket().url, socket().protocols]") == ["ws://gateway/live?sessionId=s", ["bearer", "a.b-c_d"]]


def test_without_a_token_no_subprotocol_is_asked_for(driver):
    driver.connect()
    assert driver.do("return socket().protocols") == []


def test_a_session_id_is_made_where_none_is_given(driver):
    ids = driver.do("const ids = [1, 2].map(() => GatewayClient.newId()); client.connect('ws://gateway/'); return [...ids, client.sessionId]")
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one) for one in ids)


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        ("nonsense", {}, "not a URL"),
        ("http://gateway/", {}, "ws:// or wss://"),
        ("ws://gateway/", {"sessionId": ""}, "session id"),
        ("ws://gateway/", {"sessionId": "ä" * 129}, "256 bytes"),
        ("ws://gateway/", {"sessionId": "a\nb"}, "control"),
        ("ws://gateway/", {"token": "two words"}, "token"),
    ],
)
def test_what_cannot_be_connected_to_is_an_error_at_once(driver, url, options, words):
    said = driver.do("try { client.connect(argument[0], argument[1]) } catch (error) { return error.message }", [url, options])
    assert words in said
    assert driver.do("return [client.state, FakeSocket.all.length]") == ["closed", 0]


def test_on_connecting_it_asks_what_runs_in_the_session(driver):
    driver.connect()
    assert driver.sent() == [{"action": "resume", "sessionId": "s", "after": 0}]
    driver.receive(type="resumed", requestId=None, sessionId="s", after=0, state="idle")
    assert driver.do("return client.requests.size") == 0


def test_the_wait_before_a_new_try_doubles_up_to_30_seconds_with_full_jitter(driver):
    driver.connect()
    waits = []
    for _ in range(8):
        driver.drop()
        waits.append(driver.do("return states.at(-1).delay"))
        driver.advance(waits[-1] / 1000)
    assert waits == [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]
    driver.do("globalThis.half = new GatewayClient({ WebSocket: FakeSocket, random: () => 0.5 }); half.addEventListener('state', ({ detail }) => states.push(detail))")
    driver.do("half.connect('ws://gateway/'); socket().onclose({ code: 1006, reason: '' })")
    assert driver.do("return states.at(-1).delay") == 250


def test_only_a_connection_that_said_something_starts_the_waits_anew(driver):
    driver.connect()
    driver.drop()
    driver.reopen()
    driver.drop()
    assert driver.do("return states.at(-1).delay") == 1000
    driver.reopen()
    driver.receive(type="pong")
    driver.drop()
    assert driver.do("return states.at(-1).delay") == 500


def test_close_ends_the_tries(driver):
    driver.connect()
    driver.drop()
    driver.do("client.close()")
    driver.advance(120)
    assert driver.do("return [client.state, FakeSocket.all.length]") == ["closed", 1]


def test_it_pings_every_five_minutes(driver):
    driver.connect()
    driver.receive(type="resumed", requestId=None, sessionId="s", after=0, state="idle")
    driver.sent()
    for _ in range(2):
        driver.advance(301)
        assert driver.sent() == [{"action": "ping"}]
        driver.receive(type="pong")


def test_a_connection_on_which_nothing_answers_is_given_up(driver):
    driver.connect()
    driver.receive(type="resumed", requestId=None, sessionId="s", after=0, state="idle")
    driver.do("client.ping()")
    driver.advance(37)
    assert driver.do("return states.map(({ state }) => state)") == ["connecting", "open", "waiting", "connecting"]
    assert driver.do("return [states.at(-2).reason, FakeSocket.all[0].closed, FakeSocket.all.length]") == ["no answer", True, 2]


# ---- the order of frames


def test_a_whole_reply(driver):
    driver.connect()
    driver.sent()
    driver.prompt()
    assert driver.sent() == [PROMPT]
    assert driver.request()["state"] == "sending"
    driver.accept()
    assert driver.request()["state"] == "queued"
    driver.run_frame("started", 1)
    assert driver.request()["state"] == "running"
    driver.output(2, "a", {"b": 1})
    driver.output(3, None, "")
    driver.run_frame("completed", 4)
    assert driver.request()["state"] == "completed"
    assert driver.reply() == ["a", {"b": 1}, None, ""]
    assert driver.do("return client.requests.get('r s').done.then(({ state }) => state)") == "completed"


def test_started_may_overtake_accepted(driver):
    driver.connect()
    driver.prompt()
    driver.run_frame("started", 1)
    driver.accept()
    driver.sent()
    assert driver.request()["state"] == "running"
    driver.prompt("next", "r2")
    assert [message["requestId"] for message in driver.sent()] == ["r2"]


def test_repeats_are_dropped(driver):
    driver.start()
    for seq, event in [(2, "a"), (2, "a"), (3, "b"), (2, "a"), (3, "b")]:
        driver.output(seq, event)
    driver.run_frame("completed", 4)
    driver.run_frame("completed", 4)
    driver.output(5, "never")
    assert driver.reply() == ["a", "b"]
    assert driver.sent() == []


def test_frames_beyond_a_gap_wait_and_what_is_missing_is_asked_for_once(driver):
    driver.start()
    driver.output(2, "a")
    driver.output(5, "d")
    driver.output(4, "c")
    assert driver.reply() == ["a"]
    assert driver.sent() == [resume(2)]
    driver.receive(type="resumed", requestId="r", sessionId="s", after=2, state="running")
    driver.output(3, "b")
    assert driver.reply() == ["a", "b", "c", "d"]


def test_a_gap_that_stays_is_asked_for_again(driver):
    driver.start()
    driver.output(3, "b")
    assert driver.sent() == [resume(1)]
    driver.advance(6)
    assert driver.sent() == [resume(1)]


def test_an_interrupted_failure_replaces_what_was_seen_from_its_number_on(driver):
    driver.start()
    for seq, event in [(2, "a"), (3, "b"), (4, "void"), (6, "void too")]:
        driver.output(seq, event)
    driver.run_frame("failed", 4, code="interrupted", message="The worker died.", retryable=True)
    assert driver.reply() == ["a", "b"]
    assert driver.request()["state"] == "failed"
    assert driver.request()["code"] == "interrupted"
    assert driver.do("return seen.filter((type) => type === 'replaced').length") == 1
    driver.output(4, "void")
    driver.run_frame("failed", 4, code="interrupted", message="The worker died.", retryable=True)
    assert driver.reply() == ["a", "b"]


def test_an_interrupted_failure_beyond_a_gap_voids_what_was_held_and_waits_for_the_frames_before_it(driver):
    driver.start()
    driver.output(4, "void")
    driver.output(5, "void")
    driver.run_frame("failed", 4, code="interrupted", message="The worker died.", retryable=True)
    driver.output(2, "a")
    assert driver.request()["state"] == "running"
    driver.output(4, "void")
    driver.output(3, "b")
    assert driver.reply() == ["a", "b"]
    assert driver.request()["state"] == "failed"


def test_another_failure_replaces_nothing(driver):
    driver.start()
    driver.output(2, "a")
    driver.run_frame("failed", 2, code="agent_error", message="No.", retryable=True)
    assert driver.reply() == ["a"]
    assert driver.request()["state"] == "running"


def test_parts_become_one_event(driver):
    driver.start()
    text = '{"picture":"' + "x" * 50 + '"}'
    driver.run_frame("output", 3, part={"index": 1, "last": False}, text=text[20:40])
    driver.run_frame("output", 2, part={"index": 0, "last": False}, text=text[:20])
    assert driver.reply() == []
    driver.run_frame("output", 4, part={"index": 2, "last": True}, text=text[40:])
    driver.run_frame("output", 5, part={"index": 0, "last": True}, text="null")
    driver.output(6, "after")
    assert driver.reply() == [{"picture": "x" * 50}, None, "after"]


def test_an_event_of_which_a_part_is_void_is_void(driver):
    driver.start()
    driver.run_frame("output", 2, part={"index": 0, "last": False}, text='"a')
    driver.run_frame("output", 3, part={"index": 1, "last": True}, text='b"')
    assert driver.reply() == ["ab"]
    driver.run_frame("failed", 3, code="interrupted", message="The worker died.", retryable=True)
    assert driver.reply() == []


def test_unknown_frames_and_other_text_are_ignored(driver):
    driver.start()
    driver.receive(type="weather", requestId="r", sessionId="s", seq=2)
    for text in ("not JSON", "null", "[1]", "7", '"text"'):
        driver.do("socket().onmessage({ data: argument })", text)
    driver.do("socket().onmessage({ data: new Blob(['x']) })")
    driver.output(2, "a")
    assert driver.reply() == ["a"]


def test_a_request_of_another_device_is_followed_from_its_start(driver):
    driver.connect()
    driver.sent()
    driver.output(7, "g", request="theirs")
    assert driver.sent() == [resume(0, "theirs")]
    for seq, event in [(2, "b"), (3, "c"), (4, "d"), (5, "e"), (6, "f")]:
        driver.run_frame("started", 1, "theirs")
        driver.output(seq, event, request="theirs")
    assert driver.reply("theirs") == ["b", "c", "d", "e", "f", "g"]


# ---- what is asked for again


def test_after_a_reconnect_each_unfinished_request_is_resumed_from_what_it_has(driver):
    driver.start()
    driver.output(2, "a")
    driver.prompt("second", "r2")
    driver.accept("r2")
    driver.prompt("third", "r3")
    driver.drop()
    driver.reopen()
    assert driver.sent() == [resume(2), resume(0, "r2"), {"prompt": "third", "sessionId": "s", "requestId": "r3"}]
    driver.receive(type="resumed", requestId="r", sessionId="s", after=2, state="running")
    driver.output(4, "c")
    driver.output(3, "b")
    driver.run_frame("completed", 5)
    assert driver.reply() == ["a", "b", "c"]


def test_a_prompt_that_was_asked_before_the_connection_stands_waits_for_it(driver):
    driver.do("client.connect('ws://gateway/live', { sessionId: 's' })")
    driver.prompt()
    assert driver.sent() == []
    driver.do("socket().onopen()")
    assert driver.sent()[-1] == PROMPT


def test_the_next_prompt_waits_until_the_one_before_it_was_taken(driver):
    driver.connect()
    driver.sent()
    driver.prompt()
    driver.prompt("second", "r2")
    assert driver.sent() == [PROMPT]
    driver.accept()
    assert [message["requestId"] for message in driver.sent()] == ["r2"]


def test_names_come_with_their_events_whole_or_in_slices(driver):
    driver.start()
    driver.run_frame("output", 2, events=[1, 2], names={"1": "updates"})
    driver.run_frame("output", 3, part={"index": 0, "last": False}, name="values", text="[3")
    driver.run_frame("output", 4, part={"index": 1, "last": True}, name="values", text="]")
    driver.run_frame("output", 5, events=[4])
    assert driver.reply() == [1, 2, [3], 4]
    assert [part["names"] for part in driver.request()["output"]] == [{"1": "updates"}, {"0": "values"}, {}]


def test_it_knows_what_a_run_waits_for_until_it_goes_on(driver):
    driver.start()
    waiting = "return client.requests.get('r s').waiting"
    driver.receive(type="progress", requestId="r", sessionId="s", elapsedMs=0, waiting="agent_throttled")
    assert driver.do(waiting) == "agent_throttled"
    driver.receive(type="progress", requestId="r", sessionId="s", elapsedMs=20000)
    assert driver.do(waiting) is None
    driver.receive(type="progress", requestId="r", sessionId="s", elapsedMs=20001, waiting="agent_unavailable")
    driver.output(2, "x")
    assert driver.do(waiting) is None


def test_it_knows_when_a_run_started_if_it_was_told(driver):
    started = "return client.requests.get('r s').startedAt === null ? null : Date.now() - client.requests.get('r s').startedAt"
    driver.connect()
    resumed(driver, 0, "running")
    driver.run_frame("started", 1)  # replayed: it may have been hours ago
    assert driver.do(started) is None
    driver.receive(type="progress", requestId="r", sessionId="s", elapsedMs=200_000)
    assert driver.do(started) == 200_000


def test_a_prompt_that_is_busy_tells_that_the_run_goes_on_in_the_background(driver):
    flags = "return ['r', 'second'].map((id) => client.requests.get(`${id} s`)).map(({ background, behind }) => [background, behind])"
    driver.start()
    driver.prompt("hello", "second")
    driver.accept("second")
    assert driver.do(flags) == [[False, False], [False, False]]
    driver.run_frame("failed", 1, "second", code="busy", message="There is another.", retryable=True)
    assert driver.do(flags) == [[True, False], [False, True]]


def test_a_prompt_that_is_busy_where_nothing_runs_tells_nothing(driver):
    driver.connect()
    driver.prompt()
    driver.accept()
    driver.run_frame("failed", 1, code="busy", message="It has waited for too long.", retryable=True)
    assert driver.do("const { background, behind } = client.requests.get('r s'); return [background, behind]") == [False, False]


def test_after_a_minute_without_a_frame_it_asks(driver):
    driver.start()
    driver.advance(55)
    driver.receive(type="progress", requestId="r", sessionId="s", elapsedMs=55000)
    driver.advance(58)
    assert driver.sent() == []
    driver.advance(4)
    assert driver.sent() == [resume(1)]


def test_a_resume_without_an_answer_is_sent_again(driver):
    driver.start()
    driver.advance(61)
    assert driver.sent() == [resume(1)]
    driver.receive(message="Internal server error", connectionId="c", requestId="not ours")
    driver.advance(6)
    assert driver.sent() == [resume(1)]
    driver.receive(type="resumed", requestId="r", sessionId="s", after=1, state="running")
    driver.advance(50)
    assert driver.sent() == []


def test_a_message_of_api_gateway_makes_the_unanswered_prompt_go_again_with_its_id(driver):
    driver.connect()
    driver.sent()
    driver.prompt()
    driver.sent()
    driver.receive(message="Internal server error", connectionId="c", requestId="not ours")
    driver.advance(2)
    assert driver.sent() == [PROMPT]
    driver.accept()
    assert driver.request()["state"] == "queued"


def test_an_unanswered_prompt_is_sent_five_times_and_not_more(driver):
    driver.connect()
    driver.prompt()
    count = 0
    for _ in range(60):
        count += sum("prompt" in message for message in driver.sent())
        driver.receive(message="Internal server error", connectionId="c", requestId="not ours")
        driver.advance(20)
    assert count == 5
    assert driver.request()["state"] == "lost"


def test_a_prompt_that_stays_queued_for_five_minutes_is_sent_again(driver):
    driver.connect()
    driver.prompt()
    driver.accept()
    driver.sent()
    again = []
    for minute in range(1, 8):
        driver.advance(62)
        assert resume(0) in driver.sent()
        resumed(driver, 0, "queued")
        if driver.sent() == [PROMPT]:
            again.append(minute)
            driver.accept()
            assert driver.sent() == [resume(0)]  # what became of it
            resumed(driver, 0, "queued")
    assert again == [5]
    assert driver.request()["state"] == "queued"


def test_a_prompt_is_not_sent_again_when_the_gateway_may_have_ended_and_forgotten_it(driver):
    driver.connect()
    driver.do("client.close()")
    driver.do("client.track({ requestId: 'r', message: { prompt: 'hello' }, accepted: true, at: Date.now() - 2 * 3_600_000 })")
    driver.do("client.track({ requestId: 'r2', message: { prompt: 'hello' }, at: Date.now() - 2 * 3_600_000 })")
    driver.connect()
    assert driver.sent() == [resume(0)]
    driver.receive(type="resumed", requestId="r", sessionId="s", after=0, state="queued")
    assert driver.request()["state"] == "lost"
    assert driver.request("r2")["state"] == "lost"
    assert driver.sent() == []


def test_a_prompt_whose_answer_was_lost_goes_again_with_its_id_and_is_asked_for(driver):
    driver.connect()
    driver.prompt()
    driver.drop()
    driver.reopen()
    assert driver.sent()[-1] == PROMPT
    driver.accept()
    assert driver.sent() == [resume(0)]  # sent again it attaches nothing, and may have ended meanwhile


@pytest.mark.parametrize("state", ["completed", "failed", "stopped"])
def test_an_ending_that_does_not_come_is_asked_for_from_the_start(driver, state):
    driver.start()
    for seq, event in [(2, "a"), (3, "void"), (4, "void")]:
        driver.output(seq, event)
    driver.drop()
    driver.reopen()
    assert driver.sent() == [resume(4)]
    resumed(driver, 4, state)
    driver.advance(3)
    assert driver.sent() == []
    driver.advance(4)
    assert driver.sent() == [resume(0)]
    assert driver.reply() == ["a", "void", "void"]  # in view until the replay comes
    resumed(driver, 0, state)
    driver.run_frame("started", 1)
    driver.output(2, "a")
    driver.run_frame(state, 3, code="interrupted", message="The worker died.", retryable=True)
    assert driver.reply() == ["a"]
    assert driver.request()["state"] == state
    driver.advance(200)
    assert resume(0) not in driver.sent()


def test_a_replay_from_the_start_that_is_cut_begins_where_it_was_cut(driver):
    driver.start()
    driver.output(2, "void")
    driver.output(3, "void")
    driver.advance(61)
    resumed(driver, 3)
    driver.advance(6)
    assert driver.sent() == [resume(3), resume(0)]
    resumed(driver, 0)
    driver.run_frame("started", 1)
    driver.output(2, "a")
    driver.drop()
    driver.reopen()
    assert driver.sent() == [resume(2)]
    resumed(driver, 2)
    driver.output(3, "b")
    driver.run_frame("completed", 4)
    assert driver.reply() == ["a", "b"]


def test_a_replay_that_stalls_again_and_again_is_asked_for_from_where_it_stalled(driver):
    driver.start()
    driver.drop()
    driver.reopen()
    for seq in range(2, 6):
        assert driver.sent() == [resume(seq - 1)]
        resumed(driver, seq - 1)
        driver.output(seq, "a")
        driver.advance(7)
    assert driver.sent() == [resume(5)]
    resumed(driver, 5)
    driver.run_frame("completed", 6)
    assert driver.request()["state"] == "completed"
    assert driver.reply() == ["a"] * 4


@pytest.mark.parametrize("state", ["completed", "queued"])
def test_an_ending_that_never_comes_is_not_asked_for_for_ever(driver, state):
    """`queued` for what has run is what a gateway says that was started anew."""
    driver.start()
    driver.output(2, "a")
    driver.drop()
    driver.reopen()
    asked = []
    for _ in range(10):
        asked += driver.sent()
        resumed(driver, 0, state)
        driver.advance(10)
    assert asked == [resume(2), resume(0)]
    assert driver.request()["state"] == "lost"
    assert driver.reply() == ["a"]


def test_a_run_that_is_known_again_is_not_lost(driver):
    driver.start()
    driver.drop()
    driver.reopen()
    resumed(driver, 1, "queued")  # `started` was pushed before it was durable
    driver.advance(7)
    resumed(driver, 0, "running")
    driver.run_frame("started", 1)
    driver.output(2, "a")
    driver.advance(30)
    assert driver.request()["state"] == "running"
    assert driver.reply() == ["a"]


def test_where_another_request_ran_last_it_is_asked_for_from_its_start(driver):
    driver.start()
    driver.output(2, "a")
    driver.run_frame("completed", 3)
    driver.drop()
    driver.reopen()
    assert driver.sent() == [{"action": "resume", "sessionId": "s", "after": 3}]
    driver.receive(type="resumed", requestId="theirs", sessionId="s", after=3, state="completed")
    assert driver.sent() == [resume(0, "theirs")]


# ---- refusals and stops


def test_a_refused_prompt_ends_and_lets_the_next_go(driver):
    driver.connect()
    driver.prompt()
    driver.prompt("second", "r2")
    driver.sent()
    driver.receive(type="rejected", requestId="r", code="rate_limited", message="Too many.", retryable=True)
    assert driver.request()["state"] == "rejected"
    assert driver.request()["code"] == "rate_limited"
    assert [message["requestId"] for message in driver.sent()] == ["r2"]


def test_a_refusal_that_may_pass_says_nothing_about_an_earlier_copy(driver):
    driver.connect()
    driver.prompt()
    driver.drop()
    driver.reopen()
    driver.receive(type="rejected", requestId="r", code="unavailable", message="Not now.", retryable=True)
    assert driver.request()["state"] == "sending"
    driver.sent()
    driver.advance(5)
    assert driver.sent() == [PROMPT]


@pytest.mark.parametrize("code", ["replay_expired", "not_found"])
def test_a_resume_that_finds_nothing_ends_the_waiting(driver, code):
    driver.start()
    driver.drop()
    driver.reopen()
    driver.receive(type="rejected", requestId="r", code=code, message="Gone.", retryable=False)
    assert driver.request()["state"] == "lost"
    assert driver.request()["code"] == code


def test_a_resume_that_is_refused_for_now_goes_on_waiting(driver):
    driver.start()
    driver.drop()
    driver.reopen()
    driver.receive(type="rejected", requestId="r", code="unavailable", message="Not now.", retryable=True)
    driver.sent()
    driver.advance(6)
    assert driver.sent() == [resume(1)]


def test_stop(driver):
    driver.start()
    driver.do("client.stop('r')")
    assert driver.sent() == [{"action": "stop", "sessionId": "s", "requestId": "r"}]
    driver.receive(type="stopping", requestId="r", sessionId="s")
    assert driver.request()["stopping"] == "confirmed"
    driver.run_frame("stopped", 2)
    assert driver.request()["state"] == "stopped"


def test_a_stop_that_got_no_answer_is_sent_again_on_the_next_connection(driver):
    driver.start()
    driver.do("client.stop('r')")
    driver.drop()
    driver.reopen()
    assert driver.sent() == [resume(1), {"action": "stop", "sessionId": "s", "requestId": "r"}]


def test_a_stop_that_came_too_late_asks_how_the_request_ended(driver):
    driver.start()
    driver.do("client.stop('r')")
    driver.sent()
    driver.receive(type="rejected", requestId="r", code="not_found", message="It has ended.", retryable=False)
    assert driver.sent() == [resume(1)]
    driver.receive(type="resumed", requestId="r", sessionId="s", after=1, state="completed")
    driver.output(2, "a")
    driver.run_frame("completed", 3)
    assert driver.request()["state"] == "completed"


def test_a_prompt_that_never_left_is_stopped_without_a_word(driver):
    driver.do("client.connect('ws://gateway/live', { sessionId: 's' })")
    driver.prompt()
    driver.do("client.stop('r')")
    driver.do("socket().onopen()")
    assert driver.request()["state"] == "stopped"
    assert all("prompt" not in message for message in driver.sent())


def test_a_rejection_of_no_known_request_is_reported(driver):
    driver.connect()
    driver.receive(type="rejected", code="invalid_json", message="The text does not parse.", retryable=False)
    assert driver.do("return seen") == ["rejected"]


def test_a_request_that_an_earlier_page_sent_goes_on(driver):
    driver.do("client.useSession('s')")
    driver.do("client.track({ requestId: 'r', message: { prompt: 'hello' }, accepted: true })")
    driver.do("client.track({ requestId: 'r2', message: { prompt: 'second', sessionId: 's', requestId: 'r2' } })")
    driver.connect()
    assert driver.sent() == [resume(0), {"prompt": "second", "sessionId": "s", "requestId": "r2"}]
    driver.receive(type="resumed", requestId="r", sessionId="s", after=0, state="running")
    driver.run_frame("started", 1)
    driver.output(2, "a")
    assert driver.reply() == ["a"]
