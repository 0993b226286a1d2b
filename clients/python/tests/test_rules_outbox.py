"""Prompts until they are accepted, and stops."""

from collections.abc import Callable
from typing import Any

import pytest
from driver import API_GATEWAY_ERROR, PROMPT, Driver, resume

from agentcore_gateway_client import GatewayError


def test_a_prompt_that_was_asked_before_the_connection_stands_waits_for_it(driver: Driver) -> None:
    driver.connection.open()
    driver.prompt()
    assert driver.sent() == []
    driver.connection.opened(driver.line)
    assert driver.sent() == [PROMPT]


def test_the_next_prompt_of_a_session_waits_until_the_one_before_it_was_taken_those_of_others_do_not(driver: Driver) -> None:
    driver.connect()
    driver.prompt()
    driver.prompt("second", "r2")
    driver.prompt("other", "r3", "other")
    assert [message["requestId"] for message in driver.sent()] == ["r", "r3"]
    driver.accept()
    assert [message["requestId"] for message in driver.sent()] == ["r2"]


def test_a_message_of_api_gateway_makes_the_unanswered_prompt_go_again_with_its_id(driver: Driver) -> None:
    driver.connect()
    run = driver.prompt()
    driver.sent()
    driver.receive(API_GATEWAY_ERROR)
    assert driver.sent() == []
    driver.advance(2.1)
    assert driver.sent() == [PROMPT]
    driver.accept()
    assert run.state == "queued"
    assert driver.sent() == [resume(0)]


def test_an_unanswered_prompt_is_sent_eight_times_and_not_more(driver: Driver) -> None:
    driver.connect()
    run = driver.prompt()
    following = driver.prompt("second", "r2")
    count = 0
    for _ in range(130):
        count += driver.sent().count(PROMPT)
        if run.ending is None:
            driver.receive(API_GATEWAY_ERROR)
        driver.advance(1)
        driver.receive(type="pong")
    assert count == 8
    assert run.ending is not None
    assert run.ending.code == "no_answer"
    assert following.state == "sending"


def test_a_prompt_that_gets_no_answer_though_the_gateway_is_there_is_sent_again(driver: Driver) -> None:
    driver.connect()
    driver.prompt()
    driver.sent()
    driver.live(36)
    assert PROMPT in driver.sent()


def test_a_prompt_whose_answer_was_lost_goes_again_with_its_id_and_is_asked_for(driver: Driver) -> None:
    driver.connect()
    driver.prompt()
    driver.sent()
    driver.drop()
    driver.reopen()
    assert driver.sent() == [PROMPT]
    driver.accept()
    assert driver.sent() == [resume(0)]  # sent again it attaches nothing, and may have ended meanwhile


def test_a_request_id_of_the_callers_may_be_known_already_so_it_is_asked_for(driver: Driver) -> None:
    driver.connect()
    driver.engine.prompt("s", "r", dict(PROMPT), may_be_known=True)
    driver.sent()
    driver.accept()
    assert driver.sent() == [resume(0)]


def test_the_same_request_again_is_the_same_run(driver: Driver) -> None:
    driver.connect()
    assert driver.prompt() is driver.prompt()
    assert driver.sent() == [PROMPT]


def test_no_more_than_100_prompts_wait(driver: Driver) -> None:
    for number in range(100):
        driver.prompt("hello", f"r{number}", f"s{number}")
    with pytest.raises(GatewayError) as caught:
        driver.prompt()
    assert (caught.value.code, caught.value.retryable) == ("too_many_prompts", True)
    assert len(driver.engine.registry.active) == 100


@pytest.mark.parametrize(
    "options",
    [
        {"text": None},
        {"input": {}},
        {"text": None, "input": {}, "parameters": {}},
        {"parameters": {"n": float("nan")}},
    ],
)
def test_what_cannot_be_asked_is_an_error_at_once(driver: Driver, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - it is that of several rules
        driver.prompt(**options)
    assert driver.engine.registry.active == []


def test_half_a_surrogate_pair_can_be_sent(driver: Driver) -> None:
    driver.connect()
    driver.prompt("\ud83d")
    assert driver.sent()[0]["prompt"] == "\ud83d"


def test_a_refused_prompt_ends_and_lets_the_next_go(driver: Driver) -> None:
    driver.connect()
    run = driver.prompt()
    driver.prompt("second", "r2")
    driver.sent()
    driver.reject("unknown_agent")
    assert run.ending is not None
    assert (run.ending.outcome, run.ending.code, run.ending.retryable) == ("failed", "unknown_agent", False)
    assert not run.accepted
    assert [message["requestId"] for message in driver.sent()] == ["r2"]


@pytest.mark.parametrize("code", ["rate_limited", "unavailable"])
def test_a_refusal_that_may_pass_is_tried_again_with_growing_pauses_and_then_told(driver: Driver, code: str) -> None:
    driver.connect()
    run = driver.prompt()
    times = []
    while run.ending is None:
        if PROMPT in driver.sent():
            times.append(driver.now)
            driver.reject(code, retryable=True)
        driver.advance(0.5)
    pauses = [times[at + 1] - times[at] for at in range(len(times) - 1)]
    assert len(times) == 8
    assert pauses == sorted(pauses)
    assert pauses[-1] > 3 * pauses[0] > 0
    assert 90 <= sum(pauses) <= 100  # with the longest pauses that chance may choose
    assert (run.ending.code, run.ending.retryable) == (code, True)


def cut(driver: Driver) -> None:
    driver.drop()
    driver.reopen()


def wait(driver: Driver) -> None:
    driver.live(36)


def fail_in_api_gateway(driver: Driver) -> None:
    driver.receive(API_GATEWAY_ERROR)
    driver.live(4)


def stay_queued(driver: Driver) -> None:
    driver.accept()
    driver.live(300)
    driver.resumed(0, "queued")


@pytest.mark.parametrize("pass_over", [cut, wait, fail_in_api_gateway, stay_queued])
def test_refusals_of_later_copies_say_nothing_of_one_that_may_have_run(
    driver: Driver, pass_over: Callable[[Driver], None]
) -> None:
    driver.connect()
    run = driver.prompt()
    driver.sent()
    pass_over(driver)
    while run.ending is None:
        if PROMPT in driver.sent():
            driver.reject("rate_limited", retryable=True)
        driver.live(4)
    assert (run.ending.code, run.ending.retryable) == ("no_answer", False)


def test_stop(driver: Driver) -> None:
    run = driver.start()
    driver.engine.stop(run)
    driver.engine.stop(run)
    assert driver.sent() == [{"action": "stop", "sessionId": "s", "requestId": "r"}]
    driver.receive(type="stopping", requestId="r", sessionId="s")
    assert run.stopping == "recorded"
    driver.frame("stopped", 2)
    assert run.state == "stopped"


def test_a_stop_that_got_no_answer_is_sent_again(driver: Driver) -> None:
    run = driver.start()
    driver.engine.stop(run)
    driver.drop()
    driver.sent()
    driver.reopen()
    assert driver.sent() == [resume(1), {"action": "stop", "sessionId": "s", "requestId": "r"}]
    driver.receive(API_GATEWAY_ERROR)
    driver.advance(6)
    assert {"action": "stop", "sessionId": "s", "requestId": "r"} in driver.sent()


def test_a_stop_that_came_too_late_asks_how_the_run_ended(driver: Driver) -> None:
    run = driver.start()
    driver.engine.stop(run)
    driver.sent()
    driver.reject("not_found")
    assert driver.sent() == [resume(1)]
    driver.resumed(1)
    driver.output(2, "a")
    driver.frame("completed", 3)
    assert run.state == "completed"


def test_a_stop_that_came_too_late_is_not_the_refusal_of_a_prompt_whose_answer_was_lost(driver: Driver) -> None:
    driver.connect()
    run = driver.prompt()
    driver.drop()
    driver.engine.stop(run)
    driver.sent()
    driver.reopen()
    assert driver.sent() == [{"action": "stop", "sessionId": "s", "requestId": "r"}, PROMPT]
    driver.reject("not_found")
    assert driver.sent() == [resume(0)]
    driver.accept()
    driver.resumed(0)
    driver.frame("started", 1)
    driver.output(2, "a")
    driver.frame("completed", 3)
    assert (run.state, driver.reply()) == ("completed", ["a"])


def test_a_prompt_that_never_left_is_stopped_without_a_word(driver: Driver) -> None:
    driver.connection.open()
    run = driver.prompt()
    driver.engine.stop(run)
    driver.connection.opened(driver.line)
    assert (run.state, driver.sent()) == ("stopped", [])


def test_a_prompt_that_waited_hours_for_a_network_is_sent_when_there_is_one(driver: Driver) -> None:
    driver.connection.open()
    driver.prompt()
    driver.now += 5 * 3_600
    driver.connection.opened(driver.line)
    assert driver.sent() == [PROMPT]


def test_one_that_may_have_run_and_been_forgotten_is_not_sent_again(driver: Driver) -> None:
    driver.connect()
    run = driver.prompt()
    driver.drop()
    driver.now += 2 * 3_600
    driver.sent()
    driver.engine.tick()
    driver.connection.opened(driver.line)
    assert driver.sent() == []
    assert run.ending is not None
    assert run.ending.code == "no_answer"
