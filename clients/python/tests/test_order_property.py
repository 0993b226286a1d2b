"""Whatever a network does to the frames of a run, its events come each once and in order."""

from __future__ import annotations

from typing import Any

from driver import Driver
from hypothesis import given
from hypothesis import strategies as st

Frame = dict[str, Any]


def frame(kind: str, seq: int, **members: Any) -> Frame:
    return {"type": kind, "requestId": "r", "sessionId": "s", "seq": seq, **members}


class Gateway:
    """Has the journal of one run, of which the worker may have died: what is void was pushed, but is not there."""

    def __init__(self, batches: list[int], void: int | None) -> None:
        numbers = iter(range(sum(batches)))
        events = [[next(numbers) for _ in range(size)] for size in batches]
        outputs = [frame("output", seq, events=batch) for seq, batch in enumerate(events, 2)]
        pushed = [frame("started", 1), *outputs]
        kept = len(pushed) if void is None else min(void, len(pushed))
        ending = frame("completed", kept + 1)
        if void is not None:
            ending = frame("failed", kept + 1, code="interrupted", message="The worker died.", retryable=True)
        self.pushed = [*pushed, ending]
        self.journal = [*pushed[:kept], ending]
        self.state = str(ending["type"])

    @property
    def events(self) -> list[int]:
        return [event for part in self.journal for event in part.get("events", ())]


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=8),
    st.none() | st.integers(1, 9),
    st.data(),
)
def test_events_come_each_once_and_in_order(batches: list[int], void: int | None, data: st.DataObject) -> None:
    gateway, driver = Gateway(batches, void), Driver()
    driver.connect()
    run = driver.prompt()
    driver.accept()
    given_so_far: list[int] = []
    arriving = data.draw(st.lists(st.sampled_from(gateway.pushed), max_size=30), label="arriving")
    for one in arriving:
        driver.receive(one)
        events = driver.reply()
        # Until the ending says what is void, what was given stays, and only grows.
        if run.ending is None:
            assert events[: len(given_so_far)] == given_so_far
            given_so_far = events
    for _ in range(12):
        if run.ending is not None:
            break
        drop = data.draw(st.booleans(), label="drop")
        if drop:
            driver.drop()
            driver.sent()  # nobody answers that any more
            driver.reopen()
        replay(driver, gateway, data)
        driver.live(2 if drop else 70)
    settle(driver, gateway)
    assert run.ending is not None
    assert run.state == gateway.state
    assert driver.reply() == gateway.events
    assert run.ending.kept == len(gateway.events)


def replay(driver: Driver, gateway: Gateway, data: st.DataObject) -> None:
    """Answers what was asked last, for a newer resume ends an older one; perhaps not to the end."""
    for message in driver.sent()[-1:]:
        if message.get("action") == "resume":
            driver.resumed(message["after"], gateway.state)
            rest = [one for one in gateway.journal if one["seq"] > message["after"]]
            for one in rest[: data.draw(st.integers(min(1, len(rest)), len(rest)), label="replayed")]:
                driver.receive(one)


def settle(driver: Driver, gateway: Gateway) -> None:
    """From now on the network is whole: the client finds the ending by itself."""
    driver.drop()
    driver.sent()
    driver.reopen()
    for _ in range(8):
        for message in driver.sent():
            if message.get("action") == "resume":
                driver.resumed(message["after"], gateway.state)
                for one in gateway.journal:
                    if one["seq"] > message["after"]:
                        driver.receive(one)
        driver.live(6)
