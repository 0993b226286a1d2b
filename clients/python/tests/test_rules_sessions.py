"""Runs of other devices, and what is kept in mind."""

import gc

from driver import Driver

from agentcore_gateway_client import GatewayError
from agentcore_gateway_client.core.run import RunState
from agentcore_gateway_client.core.session import SessionState

LATEST = {"action": "resume", "sessionId": "s", "after": 0}
Told = list[RunState | GatewayError | None]


class Listener:
    def __init__(self) -> None:
        self.runs: list[RunState] = []

    def put(self, run: RunState) -> None:
        self.runs.append(run)

    def close(self) -> None:
        pass


def ask(driver: Driver, session: str = "s") -> Told:
    told: Told = []
    driver.engine.resume_latest(driver.engine.sessions.get(session), told.append)
    return told


def follow(driver: Driver) -> tuple[SessionState, Listener]:
    session, listener = driver.engine.sessions.get("s"), Listener()
    session.listeners.add(listener)
    driver.engine.followed(session)
    return session, listener


def test_it_tells_what_runs_in_a_session(driver: Driver) -> None:
    driver.connect()
    told = ask(driver)
    assert driver.sent() == [LATEST]
    driver.resumed(0, "running", "theirs")
    [run] = told
    assert isinstance(run, RunState)
    driver.frame("started", 1, "theirs")
    driver.output(2, "a", request="theirs")
    assert [event.data for event in run.events] == ["a"]


def test_where_nothing_ever_ran_it_says_so(driver: Driver) -> None:
    driver.connect()
    told = ask(driver)
    driver.resumed(0, "idle", None)
    assert told == [None]


def test_a_run_that_was_given_up_is_told_anew(driver: Driver) -> None:
    run = driver.start()
    driver.output(2, "a")
    held = driver.engine.sessions.get("s")
    run.fail("no_ending", "")
    driver.engine.settle()
    told = ask(driver)
    assert driver.sent() == [{**LATEST, "after": 2}]
    driver.resumed(2, "completed")
    assert driver.sent() == [{**LATEST, "requestId": "r"}]
    [again] = told
    assert isinstance(again, RunState)
    driver.resumed(0)
    driver.frame("started", 1)
    driver.output(2, "a")
    driver.frame("completed", 3)
    assert (again.state, held.runs) == ("completed", [again])


def test_it_is_asked_again_on_the_next_connection_and_when_no_answer_comes(driver: Driver) -> None:
    driver.connect()
    ask(driver)
    driver.drop()
    driver.sent()
    driver.reopen()
    assert driver.sent() == [LATEST]
    driver.receive(type="pong")
    driver.advance(6)
    assert LATEST in driver.sent()


def test_a_refusal_is_the_answer_unless_it_may_pass(driver: Driver) -> None:
    driver.connect()
    told = ask(driver)
    driver.sent()
    driver.receive(type="rejected", code="unavailable", message="Not now.", retryable=True)
    driver.advance(6)
    assert driver.sent() == [LATEST]
    driver.receive(type="rejected", code="replay_expired", message="Gone.", retryable=False)
    [error] = told
    assert isinstance(error, GatewayError)
    assert error.code == "replay_expired"


def test_a_refusal_is_that_of_the_session_that_awaits_an_answer(driver: Driver) -> None:
    driver.connect()
    told, told_other = ask(driver), ask(driver, "other")
    driver.receive(type="rejected", code="unavailable", message="Not now.", retryable=True)
    assert [message["sessionId"] for message in driver.sent()] == ["s", "other"]
    driver.receive(type="rejected", code="replay_expired", message="Gone.", retryable=False)
    assert told == []
    [error] = told_other
    assert isinstance(error, GatewayError)
    driver.advance(6)
    assert driver.sent() == [LATEST]
    driver.resumed(0, "idle", None)
    assert told == [None]


def test_a_run_of_another_device_is_followed_from_its_start(driver: Driver) -> None:
    driver.connect()
    _, listener = follow(driver)
    driver.resumed(0, "idle", None)
    driver.sent()
    driver.output(7, "g", request="theirs")
    assert driver.sent() == [{"action": "resume", "sessionId": "s", "requestId": "theirs", "after": 0}]
    driver.frame("started", 1, "theirs")
    for seq, event in [(2, "b"), (3, "c"), (4, "d"), (5, "e"), (6, "f")]:
        driver.output(seq, event, request="theirs")
    [run] = listener.runs
    assert [event.data for event in run.events] == ["b", "c", "d", "e", "f", "g"]


def test_a_followed_session_is_attached_again_on_each_connection_and_one_that_nobody_follows_is_not(driver: Driver) -> None:
    driver.connect()
    _, listener = follow(driver)
    driver.resumed(0, "idle", None)
    driver.drop()
    driver.sent()
    driver.reopen()
    assert driver.sent() == [LATEST]
    driver.resumed(0, "idle", None)
    del listener, _
    gc.collect()
    driver.drop()
    driver.reopen()
    assert driver.sent() == []
    driver.advance(1)
    assert driver.engine.sessions.busy == []


def test_where_another_run_was_the_last_it_is_asked_for_from_its_start(driver: Driver) -> None:
    driver.start()
    kept = follow(driver)
    driver.resumed(1, "running")
    driver.frame("completed", 2)
    driver.drop()
    driver.sent()
    driver.reopen()
    assert driver.sent() == [{"action": "resume", "sessionId": "s", "after": 2}]
    driver.resumed(2, "completed", "theirs")
    assert driver.sent() == [{"action": "resume", "sessionId": "s", "requestId": "theirs", "after": 0}]
    assert kept[1].runs[-1].request_id == "theirs"


def test_frames_of_a_session_that_nobody_follows_are_nothing(driver: Driver) -> None:
    driver.connect()
    driver.output(2, "a", request="theirs")
    assert (driver.sent(), driver.engine.registry.active) == ([], [])


def test_what_ended_is_forgotten_but_for_its_id(driver: Driver) -> None:
    driver.connect()
    for number in range(1_200):
        driver.prompt("hello", f"r{number}", f"session {number}")
        driver.accept(f"r{number}", f"session {number}")
        driver.frame("completed", 1, f"r{number}", f"session {number}")
    driver.runs.clear()
    gc.collect()
    engine = driver.engine
    assert [*engine.registry.active, *engine.sessions.busy, *engine.outbox._all()] == []
    assert len(engine.registry._ended) == 1_000
    assert len(engine.sessions._known) == 0


def test_a_session_that_is_held_remembers_its_last_50_runs(driver: Driver) -> None:
    driver.connect()
    session = driver.engine.sessions.get("s")
    for number in range(60):
        driver.prompt("hello", f"r{number}")
        driver.accept(f"r{number}")
        driver.frame("completed", 1, f"r{number}")
    assert [run.request_id for run in session.runs][-50:] == [f"r{number}" for number in range(10, 60)]
    assert len(session.runs) <= 51
