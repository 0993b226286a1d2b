"""What is asked for again."""

import pytest
from driver import API_GATEWAY_ERROR, PROMPT, Driver, resume

from agentcore_gateway_client.core.run import RunState


def test_after_a_reconnect_unfinished_runs_are_resumed_one_after_the_other_from_what_they_have(driver: Driver) -> None:
    driver.start()
    driver.output(2, "a")
    driver.prompt("second", "r2")
    driver.accept("r2")
    driver.prompt("third", "r3")
    driver.drop()
    driver.sent()
    driver.reopen()
    assert driver.sent() == [resume(2), {"prompt": "third", "sessionId": "s", "requestId": "r3"}]
    driver.resumed(2, "running")
    assert driver.sent() == [resume(0, "r2")]
    driver.output(4, "c")
    driver.output(3, "b")
    driver.frame("completed", 5)
    assert driver.reply() == ["a", "b", "c"]


def test_a_replay_ends_before_the_next_is_asked_for_since_a_newer_resume_would_cut_it(driver: Driver) -> None:
    driver.start()
    driver.prompt("second", "r2")
    driver.accept("r2")
    driver.drop()
    driver.sent()
    driver.reopen()
    driver.resumed(1, "completed")
    driver.advance(3)
    driver.output(2, "a")
    driver.advance(3)
    assert driver.sent() == [resume(1)]
    driver.frame("completed", 3)
    assert driver.sent() == [resume(0, "r2")]


def test_after_a_minute_without_a_frame_it_asks(driver: Driver) -> None:
    driver.start()
    driver.advance(55)
    driver.receive(type="progress", requestId="r", sessionId="s", elapsedMs=55_000)
    driver.advance(58)
    assert driver.sent() == []
    driver.advance(3)
    assert driver.sent() == [resume(1)]


def test_a_resume_without_an_answer_is_sent_again(driver: Driver) -> None:
    driver.start()
    driver.advance(61)
    assert driver.sent() == [resume(1)]
    driver.receive(API_GATEWAY_ERROR)
    driver.advance(6)
    assert driver.sent() == [resume(1)]
    driver.resumed(1, "running")
    driver.advance(50)
    assert driver.sent() == []


def test_a_prompt_that_stays_queued_for_five_minutes_is_sent_again(driver: Driver) -> None:
    driver.connect()
    run = driver.prompt()
    driver.accept()
    driver.sent()
    again = []
    for minute in range(1, 8):
        driver.live(62)
        assert resume(0) in driver.sent()
        driver.resumed(0, "queued")
        if driver.sent() == [PROMPT]:
            again.append(minute)
            driver.accept()
            assert driver.sent() == [resume(0)]  # what became of it
            driver.resumed(0, "queued")
    assert again == [5]
    assert run.state == "queued"


def test_a_prompt_is_not_sent_again_when_the_gateway_may_have_ended_and_forgotten_it(driver: Driver) -> None:
    driver.connect()
    run = driver.prompt()
    driver.accept()
    driver.drop()
    driver.now += 2 * 3_600
    driver.sent()
    driver.engine.tick()
    driver.connection.opened(driver.line)
    assert driver.sent() == [resume(0)]
    driver.resumed(0, "queued")
    assert run.ending is not None
    assert run.ending.code == "replay_expired"
    assert driver.sent() == []


@pytest.mark.parametrize("state", ["completed", "failed", "stopped"])
def test_an_ending_that_does_not_come_is_asked_for_from_the_start(driver: Driver, state: str) -> None:
    run = driver.start()
    for seq, event in [(2, "a"), (3, "void"), (4, "void")]:
        driver.output(seq, event)
    driver.drop()
    driver.reopen()
    assert driver.sent() == [resume(4)]
    driver.resumed(4, state)
    driver.advance(3)
    assert driver.sent() == []
    driver.advance(4)
    assert driver.sent() == [resume(0)]
    assert driver.reply() == ["a", "void", "void"]  # until the replay comes
    driver.resumed(0, state)
    driver.frame("started", 1)
    driver.output(2, "a")
    driver.frame(state, 3, code="interrupted", message="The worker died.", retryable=True)
    assert (driver.reply(), run.state) == (["a"], state)
    assert run.ending is not None
    assert run.ending.kept == 1
    driver.advance(200)
    assert resume(0) not in driver.sent()


def test_a_replay_from_the_start_that_is_cut_begins_where_it_was_cut(driver: Driver) -> None:
    driver.start()
    driver.output(2, "a")
    driver.output(3, "b")
    driver.output(4, "void")
    driver.advance(61)
    driver.resumed(4)
    driver.advance(6)
    assert driver.sent() == [resume(4), resume(0)]
    driver.resumed(0)
    driver.frame("started", 1)
    driver.output(2, "a")
    driver.drop()
    driver.reopen()
    assert driver.sent() == [resume(2)]
    driver.resumed(2)
    driver.output(3, "b")
    driver.frame("completed", 4)
    assert driver.reply() == ["a", "b"]


def test_a_replay_that_stalls_again_and_again_is_asked_for_from_where_it_stalled(driver: Driver) -> None:
    run = driver.start()
    driver.drop()
    driver.reopen()
    for seq in range(2, 6):
        assert driver.sent() == [resume(seq - 1)]
        driver.resumed(seq - 1)
        driver.output(seq, "a")
        driver.advance(6)
    assert driver.sent() == [resume(5)]
    driver.resumed(5)
    driver.frame("completed", 6)
    assert (run.state, driver.reply()) == ("completed", ["a"] * 4)


@pytest.mark.parametrize("state", ["completed", "queued"])
def test_an_ending_that_never_comes_is_not_asked_for_for_ever(driver: Driver, state: str) -> None:
    """`queued` for what has run is what a gateway says that was started anew."""
    run = driver.start()
    driver.output(2, "a")
    driver.drop()
    driver.reopen()
    asked = []
    for _ in range(10):
        asked += driver.sent()
        driver.resumed(0, state)
        driver.advance(9)
    assert asked == [resume(2), resume(0)]
    assert run.ending is not None
    assert (run.ending.code, run.ending.kept, driver.reply()) == ("no_ending", 1, ["a"])


def test_two_runs_that_ended_unseen_are_both_told(driver: Driver) -> None:
    """Asked for at once, each would cut the other's replay, and both would seem to have no ending."""
    first = driver.start()
    second = driver.prompt("second", "r2")
    driver.accept("r2")
    driver.drop()
    driver.sent()
    driver.reopen()
    for request, run in (("r", first), ("r2", second)):
        [message] = driver.sent()
        assert message["requestId"] == request
        driver.resumed(message["after"], "completed", request)
        driver.frame("completed", message["after"] + 1, request)
        assert run.state == "completed"


def two_ended_unseen(driver: Driver) -> RunState:
    """Two runs ended while there was no connection. Gives the second, and the first is asked for."""
    driver.start()
    second = driver.prompt("second", "r2")
    driver.accept("r2")
    driver.frame("started", 1, "r2")
    driver.drop()
    driver.sent()
    driver.reopen()
    assert driver.sent() == [resume(1)]
    return second


def replay_slowly(driver: Driver, request: str) -> None:
    for seq in range(2, 6):
        driver.advance(3)
        driver.output(seq, "a", request=request)


def test_a_run_whose_replay_was_cut_is_not_lost_while_it_waits_to_be_asked_for_again(driver: Driver) -> None:
    second = two_ended_unseen(driver)
    driver.resumed(1, "running")
    driver.resumed(1, "completed", "r2")
    driver.drop()
    driver.sent()
    driver.reopen()
    driver.resumed(1, "completed")
    replay_slowly(driver, "r")
    assert driver.sent() == [resume(1)]
    assert second.ending is None
    driver.frame("completed", 6)
    assert driver.sent() == [resume(1, "r2")]
    driver.resumed(1, "completed", "r2")
    driver.frame("completed", 2, "r2")
    assert second.state == "completed"


def test_a_run_whose_replay_stalled_is_not_lost_while_it_waits_to_be_asked_for_again(driver: Driver) -> None:
    two_ended_unseen(driver)
    first = driver.runs["r"]
    driver.resumed(1, "completed")
    driver.advance(6)
    assert driver.sent() == [resume(1, "r2")]
    driver.resumed(1, "completed", "r2")
    replay_slowly(driver, "r2")
    assert first.ending is None
    driver.frame("completed", 6, "r2")
    assert driver.sent() == [resume(0)]
    driver.resumed(0, "completed")
    driver.frame("started", 1)
    driver.frame("completed", 2)
    assert first.state == "completed"


def test_a_run_that_is_known_again_is_not_lost(driver: Driver) -> None:
    run = driver.start()
    driver.drop()
    driver.reopen()
    driver.resumed(1, "queued")  # `started` was pushed before it was durable
    driver.advance(7)
    driver.resumed(0, "running")
    driver.frame("started", 1)
    driver.output(2, "a")
    driver.advance(30)
    assert (run.state, driver.reply()) == ("running", ["a"])


@pytest.mark.parametrize("code", ["replay_expired", "not_found"])
def test_a_resume_that_finds_nothing_ends_the_waiting(driver: Driver, code: str) -> None:
    run = driver.start()
    driver.drop()
    driver.reopen()
    driver.reject(code)
    assert run.ending is not None
    assert run.ending.code == code


def test_a_resume_that_is_refused_for_now_goes_on_waiting_ever_longer(driver: Driver) -> None:
    driver.start()
    driver.drop()
    driver.reopen()
    times = []
    for _ in range(40):
        if resume(1) in driver.sent():
            times.append(driver.now)
            driver.reject("unavailable", retryable=True)
        driver.advance(1)
    pauses = [times[at + 1] - times[at] for at in range(len(times) - 1)]
    assert pauses == sorted(pauses)
    assert pauses[0] >= 5
    assert pauses[-1] > 7


def test_frames_behind_a_gap_that_are_void_do_not_keep_the_ending_from_being_asked_for(driver: Driver) -> None:
    run = driver.start()
    driver.output(3, "void")
    driver.drop()
    driver.sent()
    driver.reopen()
    driver.resumed(1, "failed")
    driver.advance(6)
    assert driver.sent() == [resume(1), resume(0)]
    driver.resumed(0, "failed")
    driver.frame("started", 1)
    driver.interrupt(2)
    assert (run.state, driver.reply()) == ("failed", [])


def test_nothing_comes_after_an_ending_that_had_to_wait(driver: Driver) -> None:
    run = driver.start()
    driver.interrupt(3)
    driver.output(4, "void")
    driver.output(2, "a")
    assert (run.state, driver.reply()) == ("failed", ["a"])


def test_a_replay_from_the_start_brings_what_is_not_void_of_what_was_held(driver: Driver) -> None:
    run = driver.start()
    driver.output(4, "void")
    driver.drop()
    driver.sent()
    driver.reopen()
    driver.resumed(1, "failed")
    driver.advance(6)
    driver.resumed(0, "failed")
    driver.frame("started", 1)
    driver.output(2, "a")
    driver.output(3, "b")
    assert driver.reply() == ["a", "b"]
    driver.interrupt(4)
    assert (run.state, driver.reply()) == ("failed", ["a", "b"])


def test_a_replay_from_the_start_that_never_ends_is_not_asked_for_for_ever(driver: Driver) -> None:
    run = driver.start()
    driver.output(2, "a")
    driver.drop()
    driver.sent()
    driver.reopen()
    for _ in range(20):
        for message in driver.sent():
            if message.get("action") == "resume":
                driver.resumed(message["after"], "completed")
                driver.frame("started", 1)
        driver.live(6)
    assert run.ending is not None
    assert run.ending.code == "no_ending"


def test_a_resume_that_is_refused_is_not_sent_again_at_once_whatever_chance_says(driver: Driver) -> None:
    driver.start()
    driver.drop()
    driver.reopen()
    driver.random = 0
    driver.sent()
    driver.reject("unavailable", retryable=True)
    driver.advance(4.9)
    assert driver.sent() == []


def test_a_run_that_was_given_up_is_asked_for_anew_by_a_resume(driver: Driver) -> None:
    driver.connect()
    session = driver.engine.sessions.get("s")
    given_up = driver.prompt()
    given_up.fail("no_answer", "")
    driver.engine.settle()
    driver.sent()
    again = driver.engine.resume("s", "r")
    assert driver.sent() == [resume(0)]
    assert driver.engine.resume("s", "r") is again
    driver.resumed(0)
    driver.frame("started", 1)
    driver.output(2, "a")
    driver.frame("completed", 3)
    assert (again.state, [event.data for event in again.events]) == ("completed", ["a"])
    assert driver.engine.resume("s", "r") is again
    assert session.runs == [again]
    assert given_up.state == "failed"


@pytest.mark.parametrize("code", ["unknown_agent", "upload_failed"])
def test_a_run_whose_ending_is_known_is_not_asked_for_anew(driver: Driver, code: str) -> None:
    driver.connect()
    held = driver.engine.sessions.get("s")
    run = driver.prompt()
    run.fail(code, "")
    driver.engine.settle()
    driver.sent()
    assert driver.engine.resume(held.session_id, "r") is run
    assert driver.sent() == []
