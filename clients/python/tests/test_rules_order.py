"""The order of a run's frames."""

from driver import API_GATEWAY_ERROR, Driver, resume


def test_a_whole_reply(driver: Driver) -> None:
    driver.connect()
    run = driver.prompt()
    states: list[str] = [run.state]
    run.listeners.add(lambda: states.append(run.state))
    assert driver.sent() == [{"prompt": "hello", "sessionId": "s", "requestId": "r"}]
    driver.accept()
    driver.frame("started", 1)
    driver.output(2, "a", {"b": 1})
    driver.output(3, None, "")
    driver.frame("completed", 4)
    assert states == ["sending", "queued", "running", "running", "running", "completed"]
    assert driver.reply() == ["a", {"b": 1}, None, ""]
    assert [event.seq for event in run.events] == [2, 2, 3, 3]


def test_started_may_overtake_accepted(driver: Driver) -> None:
    driver.connect()
    run = driver.prompt()
    driver.frame("started", 1)
    driver.accept()
    driver.sent()
    assert run.state == "running"
    driver.prompt("next", "r2")
    assert [message["requestId"] for message in driver.sent()] == ["r2"]


def test_repeats_are_dropped(driver: Driver) -> None:
    driver.start()
    for seq, event in [(2, "a"), (2, "a"), (3, "b"), (2, "a"), (3, "b")]:
        driver.output(seq, event)
    driver.frame("completed", 4)
    driver.frame("completed", 4)
    driver.output(5, "never")
    assert driver.reply() == ["a", "b"]
    assert driver.sent() == []


def test_frames_beyond_a_gap_wait_and_what_is_missing_is_asked_for_once(driver: Driver) -> None:
    driver.start()
    driver.output(2, "a")
    driver.output(5, "d")
    driver.output(4, "c")
    assert driver.reply() == ["a"]
    assert driver.sent() == [resume(2)]
    driver.resumed(2, "running")
    driver.output(3, "b")
    assert driver.reply() == ["a", "b", "c", "d"]


def test_a_gap_that_stays_is_asked_for_again(driver: Driver) -> None:
    driver.start()
    driver.output(3, "b")
    assert driver.sent() == [resume(1)]
    driver.receive(type="pong")
    driver.advance(6)
    assert driver.sent() == [resume(1)]


def test_an_interrupted_failure_replaces_what_was_seen_from_its_number_on(driver: Driver) -> None:
    run = driver.start()
    for seq, event in [(2, "a"), (3, "b"), (4, "void"), (6, "void too")]:
        driver.output(seq, event)
    driver.interrupt(4)
    assert driver.reply() == ["a", "b"]
    assert run.ending is not None
    assert (run.ending.outcome, run.ending.code, run.ending.kept) == ("failed", "interrupted", 2)
    driver.output(4, "void")
    driver.interrupt(4)
    assert driver.reply() == ["a", "b"]


def test_an_interrupted_failure_beyond_a_gap_voids_what_was_held_and_waits_for_the_frames_before_it(driver: Driver) -> None:
    run = driver.start()
    driver.output(4, "void")
    driver.output(5, "void")
    driver.interrupt(4)
    driver.output(2, "a")
    assert run.state == "running"
    driver.output(4, "void")
    driver.output(3, "b")
    assert (run.state, driver.reply()) == ("failed", ["a", "b"])


def test_another_failure_replaces_nothing(driver: Driver) -> None:
    run = driver.start()
    driver.output(2, "a")
    driver.frame("failed", 2, code="agent_error", message="No.", retryable=True)
    assert (run.state, driver.reply()) == ("running", ["a"])


def test_parts_become_one_event(driver: Driver) -> None:
    driver.start()
    text = '{"picture":"' + "x" * 50 + '"}'
    driver.frame("output", 3, part={"index": 1, "last": False}, text=text[20:40])
    driver.frame("output", 2, part={"index": 0, "last": False}, text=text[:20])
    assert driver.reply() == []
    driver.frame("output", 4, part={"index": 2, "last": True}, text=text[40:])
    driver.frame("output", 5, part={"index": 0, "last": True}, text="null")
    driver.output(6, "after")
    assert driver.reply() == [{"picture": "x" * 50}, None, "after"]


def test_an_event_of_which_a_part_is_void_is_void(driver: Driver) -> None:
    driver.start()
    driver.frame("output", 2, part={"index": 0, "last": False}, text='"a')
    driver.frame("output", 3, part={"index": 1, "last": True}, text='b"')
    assert driver.reply() == ["ab"]
    driver.interrupt(3)
    assert driver.reply() == []


def test_names_come_with_their_events_whole_or_in_slices(driver: Driver) -> None:
    run = driver.start()
    driver.frame("output", 2, events=[1, 2], names={"1": "updates"})
    driver.frame("output", 3, part={"index": 0, "last": False}, name="values", text="[3")
    driver.frame("output", 4, part={"index": 1, "last": True}, name="values", text="]")
    driver.frame("output", 5, events=[4])
    assert [(event.name, event.data) for event in run.events] == [
        ("message", 1),
        ("updates", 2),
        ("values", [3]),
        ("message", 4),
    ]


def test_an_integer_that_python_does_not_read_comes_as_its_digits_and_takes_nothing_else_with_it(driver: Driver) -> None:
    run = driver.start()
    digits = "9" * 5_000
    frame = '{"type":"output","requestId":"r","sessionId":"s","seq":2,"events":[7,-%s,{"n":%s}]}'
    driver.receive(frame % (digits, digits))
    driver.frame("output", 3, part={"index": 0, "last": True}, text=f"[{digits}]")
    driver.receive(f'{{"n":{digits},')
    driver.frame("completed", 4)
    assert driver.reply() == [7, f"-{digits}", {"n": digits}, [digits]]
    assert run.state == "completed"


def test_unknown_frames_and_other_text_are_ignored(driver: Driver) -> None:
    driver.start()
    driver.receive(type="weather", requestId="r", sessionId="s", seq=2)
    driver.receive(type=["output"], requestId="r", sessionId="s", seq=2)
    for text in ("not JSON", "null", "[1]", "7", '"text"', "", "[" * 100_000):
        driver.receive(text)
    for seq in (None, "2", 2.0, True, 0, -1):
        driver.receive(type="output", requestId="r", sessionId="s", seq=seq, events=["never"])
    driver.receive(type="output", requestId=7, sessionId="s", seq=2, events=["never"])
    driver.output(2, "a")
    assert driver.reply() == ["a"]


def test_it_knows_what_a_run_waits_for_until_it_goes_on(driver: Driver) -> None:
    run = driver.start()
    driver.receive(type="progress", requestId="r", sessionId="s", elapsedMs=0, waiting="agent_throttled")
    assert run.waiting == "agent_throttled"
    driver.receive(type="progress", requestId="r", sessionId="s", elapsedMs=20_000)
    assert run.waiting is None
    driver.receive(type="progress", requestId="r", sessionId="s", elapsedMs=20_001, waiting="agent_unavailable")
    driver.output(2, "x")
    assert run.waiting is None


def test_a_prompt_that_is_busy_tells_that_the_run_goes_on_in_the_background(driver: Driver) -> None:
    run = driver.start()
    second = driver.prompt("hello", "second")
    driver.accept("second")
    driver.frame("failed", 1, "second", code="busy", message="There is another.", retryable=True)
    assert run.background
    assert second.state == "failed"


def test_a_message_of_api_gateway_means_nothing_where_nothing_is_unanswered(driver: Driver) -> None:
    run = driver.start()
    driver.receive(API_GATEWAY_ERROR)
    assert (driver.sent(), run.state) == ([], "running")
