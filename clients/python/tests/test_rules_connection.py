"""How a connection is kept."""

import pytest
from driver import PING, Driver

from agentcore_gateway_client import GatewayError


def test_the_wait_before_a_new_try_doubles_up_to_30_seconds_with_full_jitter(driver: Driver) -> None:
    driver.connect()
    waits = []
    for _ in range(8):
        driver.drop()
        waits.append(driver.connection.snapshot().next_try_in)
        driver.advance(waits[-1])
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30]
    half = Driver(random=0.5)
    half.connect()
    half.drop()
    assert half.connection.snapshot().next_try_in == 0.25


def test_only_a_connection_that_said_something_starts_the_waits_anew(driver: Driver) -> None:
    driver.connect()
    driver.drop()
    driver.reopen()
    driver.drop()
    assert driver.connection.snapshot().next_try_in == 1
    driver.reopen()
    driver.receive(type="pong")
    driver.drop()
    assert driver.connection.snapshot().next_try_in == 0.5


def test_tries_go_on_for_weeks(driver: Driver) -> None:
    driver.connect()
    driver.connection.attempt = 100_000
    driver.drop()
    assert driver.connection.snapshot().next_try_in == 30


def test_close_ends_the_tries(driver: Driver) -> None:
    run = driver.start()
    driver.drop()
    driver.engine.close(GatewayError("closed", "Closed."))
    driver.advance(120)
    assert driver.connection.state == "closed"
    assert len(driver.lines.numbers) == 1
    assert run.ending is not None
    assert run.ending.code == "closed"


def test_it_pings_every_five_minutes(driver: Driver) -> None:
    driver.connect()
    for _ in range(2):
        driver.advance(301)
        assert driver.sent() == [PING]
        driver.receive(type="pong")


def test_where_nothing_answers_a_ping_asks_after_5_seconds_and_after_10_the_connection_is_given_up(driver: Driver) -> None:
    driver.connect()
    driver.prompt()
    driver.sent()
    driver.advance(4.9)
    assert driver.sent() == []
    driver.advance(0.2)
    assert driver.sent() == [PING]
    driver.advance(4.7)
    assert driver.connection.snapshot().problem.reason == "no answer"
    assert driver.lines.hung_up == [1]


def test_any_answer_shows_that_the_other_side_is_there(driver: Driver) -> None:
    driver.connect()
    driver.prompt()
    driver.advance(5.5)
    driver.receive(type="pong")
    driver.advance(9)
    assert driver.connection.is_open


def test_a_program_that_stood_still_asks_before_it_gives_up(driver: Driver) -> None:
    driver.connect()
    driver.prompt()
    driver.now += 3_600
    driver.engine.tick()
    assert driver.connection.is_open
    assert PING in driver.sent()


def test_a_connection_that_does_not_come_about_is_given_up(driver: Driver) -> None:
    driver.connection.open()
    driver.advance(30.1)
    assert driver.connection.snapshot().problem.reason == "no connection in time"
    assert driver.lines.hung_up == [1]


def test_before_two_hours_the_connection_is_replaced_and_the_old_one_goes_when_the_new_one_stands(driver: Driver) -> None:
    driver.random = 0
    driver.connect()
    while len(driver.lines.numbers) == 1:
        driver.advance(60)
        driver.receive(type="pong")
    assert 6_600 <= driver.now - 1_000 <= 6_700
    assert driver.lines.hung_up == []
    driver.connection.opened(2)
    assert driver.lines.hung_up == [1]
    assert driver.connection.is_open


def test_what_runs_goes_on_over_a_planned_change(driver: Driver) -> None:
    driver.random = 0
    driver.start()
    driver.connection._renew_at = driver.now
    driver.engine.tick()
    driver.router.receive(1, '{"type":"output","requestId":"r","sessionId":"s","seq":2,"events":["a"]}')
    driver.connection.opened(2)
    assert driver.sent()[-1]["after"] == 2
    driver.router.receive(1, '{"type":"output","requestId":"r","sessionId":"s","seq":3,"events":["late"]}')
    driver.output(3, "b")
    assert driver.reply() == ["a", "b"]


def test_a_planned_change_that_fails_leaves_the_old_connection(driver: Driver) -> None:
    driver.random = 0
    driver.connect()
    driver.connection._renew_at = driver.now
    driver.engine.tick()
    driver.drop()
    assert driver.connection.is_open
    driver.prompt()
    assert driver.sent() == [{"prompt": "hello", "sessionId": "s", "requestId": "r"}]


@pytest.mark.parametrize("jump", [-1e9, -3_600, -1, 1, 29])
def test_a_clock_on_the_wall_that_jumps_back_or_a_little_is_no_matter(driver: Driver, jump: float) -> None:
    driver.start()
    driver.wall_offset += jump
    driver.advance(3)
    assert driver.sent() == []


def test_after_a_sleep_the_next_try_is_made_at_once_and_an_open_connection_is_asked(driver: Driver) -> None:
    driver.start()
    driver.wall_offset += 3_600
    driver.advance(2)
    assert driver.sent() == [PING]
    for _ in range(8):
        driver.drop()
        driver.advance(driver.connection.snapshot().next_try_in)
    driver.drop()
    driver.wall_offset += 3_600
    driver.advance(1.1)
    assert driver.connection.state == "connecting"


def test_the_oldest_message_without_an_answer_counts(driver: Driver) -> None:
    driver.connect()
    for number in range(5):
        driver.prompt("hello", f"r{number}", f"s{number}")
        driver.advance(1.95)
    assert driver.connection.state == "waiting"


def test_clients_that_came_at_once_do_not_all_change_their_connection_at_once(driver: Driver) -> None:
    driver.connect()
    driver.live(5_950)
    assert len(driver.lines.numbers) == 2
