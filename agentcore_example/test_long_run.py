"""Tests of long runs. Where time matters it is made up, and passes at once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import queue
import selectors
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest
from bedrock_agentcore.runtime import BedrockAgentCoreApp
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

import agent
import long_run
from long_run import EventTooLarge, LongRun, NotOffered, QueueRefused, RunLost
from test_agent import events, running_process

QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/replies.fifo"
RUN = "run-000102030405060708090a0b0c0d0e0f"
TOKEN = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoyMzQ1Njc"
REPLY = {
    "queueUrl": QUEUE_URL,
    "region": "us-east-1",
    "group": "f" * 32,
    "run": RUN,
    "token": TOKEN,
}
PAYLOAD = {"prompt": "Go on", "gatewayReply": REPLY}
ENVIRONMENT = {"GATEWAY_REPLY_QUEUE_URL": QUEUE_URL}
STOPPED = {
    "outcome": "failed",
    "code": "agent_error",
    "message": "The agent was stopped.",
    "retryable": True,
}


def deduplication_id(index: int) -> str:
    return hashlib.sha256(f"{RUN}:{TOKEN}:{index}".encode()).hexdigest()


Block = Callable[[LongRun], Awaitable[None]]


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test finds the credentials of whoever runs it, or a proxy."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


class Clock(selectors.DefaultSelector):
    """Waits for no time: when nothing is left to do, it is later at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(None if timeout is None else 0)
        if not ready and timeout is not None:
            # A turn of the loop takes some time too, or a rest of it would never pass.
            self.now += max(timeout, 1e-6)
        return ready


class MadeUpTimeLoop(asyncio.SelectorEventLoop):
    """A loop in which no time passes while a thread is at work."""

    def __init__(self) -> None:
        self._clock = Clock()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        async def call() -> Any:
            return func(*args)

        return self.create_task(call())


def now() -> float:
    return round(asyncio.get_running_loop().time(), 3)


class Queue:
    """The reply queue: keeps each message once, with the time when it came."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.times: list[float] = []
        self.parameters: list[dict[str, str]] = []
        self.attempts = 0

    def send_message(self, **parameters: str) -> object:
        self.attempts += 1
        self.refuse()
        self.take(parameters)
        return {}

    def refuse(self) -> None:
        """Raise, if it does not take the message now."""

    def take(self, parameters: dict[str, str]) -> None:
        once = "MessageDeduplicationId"
        if all(parameters[once] != known[once] for known in self.parameters):
            self.parameters.append(parameters)
            self.bodies.append(parameters["MessageBody"])
            self.times.append(now())

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    @property
    def events(self) -> list[Any]:
        return [event for message in self.messages for event in message["events"]]

    @property
    def end(self) -> Any:
        """How the run has ended, which only the last message may say."""
        *earlier, last = self.messages
        assert not any("end" in message for message in earlier)
        return last["end"]


class OutOfReach(Queue):
    """Cannot be reached before a time."""

    def __init__(self, until: float) -> None:
        super().__init__()
        self._until = until

    def refuse(self) -> None:
        if now() < self._until:
            raise EndpointConnectionError(endpoint_url=QUEUE_URL)


class Forgetful(Queue):
    """Takes each message, and does not say so when it comes for the first time."""

    def take(self, parameters: dict[str, str]) -> None:
        known = len(self.parameters)
        super().take(parameters)
        if len(self.parameters) > known:
            raise ReadTimeoutError(endpoint_url=QUEUE_URL)


class Busy:
    """Counts the asynchronous tasks, as the SDK's app does."""

    def __init__(self) -> None:
        self.tasks: set[int] = set()

    def add_async_task(self, name: str) -> int:
        self.tasks.add(1)
        return 1

    def complete_async_task(self, task_id: int) -> bool:
        self.tasks.remove(task_id)
        return True


def carry_out(block: Block, client: Any, payload: Any = PAYLOAD) -> None:
    """Carry out a run in made-up time. Whatever happens, nothing stays busy."""
    app = Busy()
    reply = payload["gatewayReply"]
    environment = ENVIRONMENT | {"GATEWAY_REPLY_QUEUE_URL": reply["queueUrl"]}
    if "endpointUrl" in reply:
        environment["GATEWAY_REPLY_ENDPOINT_URL"] = reply["endpointUrl"]

    async def main() -> None:
        async with LongRun(payload, app, environment=environment, client=client) as run:
            assert app.tasks
            await block(run)

    try:
        with asyncio.Runner(loop_factory=MadeUpTimeLoop) as runner:
            runner.run(main())
    finally:
        assert not app.tasks
        assert not long_run._running


def carried_out(block: Block) -> Queue:
    """Carry out a run that is completed, and return what the queue got."""
    taken = Queue()
    carry_out(block, taken)
    return taken


# --- Messages


def test_a_message_is_what_the_contract_says() -> None:
    async def block(run: LongRun) -> None:
        await run.send("Grüße")
        await run.send({"step": [1, 2.5, None]})

    taken = carried_out(block)
    body = (
        f'{{"type":"reply","version":1,"run":"{RUN}","token":"{TOKEN}","index":0,'
        '"events":["Grüße",{"step":[1,2.5,null]}],"end":{"outcome":"completed"}}'
    )
    (parameters,) = taken.parameters
    assert parameters == {
        "QueueUrl": QUEUE_URL,
        "MessageBody": body,
        "MessageGroupId": "f" * 32,
        "MessageDeduplicationId": deduplication_id(0),
    }


def test_the_marker_names_the_run() -> None:
    run = LongRun(PAYLOAD, Busy(), environment=ENVIRONMENT)
    assert run.marker == {"detached": RUN}


def test_names_are_given_by_the_place_of_their_event() -> None:
    async def block(run: LongRun) -> None:
        await run.send(1)
        await run.send(2, name="updates")
        await run.send(3, name="message")
        await run.send(4, "")
        await run.send(5, 'a "name"')

    (message,) = carried_out(block).messages
    assert message["names"] == {"1": "updates", "4": 'a "name"'}


def test_characters_that_sqs_refuses_come_escaped_and_others_as_they_are() -> None:
    text = "\0\x08\t\n\x1f\x7f 京都 \ufffd\ufffe\uffff\ud83d \U0001f3ef\U0010ffff"

    async def block(run: LongRun) -> None:
        await run.send({text: text})

    taken = carried_out(block)
    # XML 1.0, 2.2 "Characters", which is what the API of SQS refers to.
    assert not set(taken.bodies[0]) - {"\t", "\n", "\r"} & {
        chr(code) for code in (*range(0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
    }
    assert "京都" in taken.bodies[0]
    assert taken.events == [{text: text}]


@pytest.mark.parametrize(
    ("event", "name"),
    [(float("nan"), None), ({"a": object()}, None), ("text", 7)],
)
def test_what_is_not_json_is_refused_and_ends_nothing(event: Any, name: Any) -> None:
    async def block(run: LongRun) -> None:
        await run.send("before")
        with pytest.raises((TypeError, ValueError)):
            await run.send(event, name)
        await run.send("after")

    taken = carried_out(block)
    assert taken.events == ["before", "after"]
    assert taken.end == {"outcome": "completed"}


# --- Time


def test_events_wait_a_second_for_others() -> None:
    async def block(run: LongRun) -> None:
        await asyncio.sleep(3)
        await run.send(1)
        await asyncio.sleep(0.9)
        await run.send(2)
        await asyncio.sleep(5)
        await run.send(3)
        await asyncio.sleep(5)

    taken = carried_out(block)
    assert [message["events"] for message in taken.messages] == [[1, 2], [3], []]
    assert taken.times == pytest.approx([4, 9.9, 13.9], abs=0.01)


def test_200_kb_do_not_wait() -> None:
    async def block(run: LongRun) -> None:
        for _ in range(5):
            await run.send("x" * 60_000)

    taken = carried_out(block)
    assert [len(message["events"]) for message in taken.messages] == [3, 2]
    assert taken.times == pytest.approx([0, 0], abs=0.01)


def test_a_heartbeat_says_after_20_seconds_that_the_agent_lives() -> None:
    async def block(run: LongRun) -> None:
        await asyncio.sleep(45)
        await run.send("at last")
        await asyncio.sleep(20)

    taken = carried_out(block)
    assert taken.times == pytest.approx([20, 40, 46, 65], abs=0.01)
    assert [message["events"] for message in taken.messages] == [
        [],
        [],
        ["at last"],
        [],
    ]
    assert [message["index"] for message in taken.messages] == [0, 1, 2, 3]
    assert taken.messages[0].keys() == {
        "type",
        "version",
        "run",
        "token",
        "index",
        "events",
    }


# --- Sizes


def room_of(name: str | None = None) -> int:
    """How many characters the text of an event may have that is alone in a message."""
    body = (
        f'{{"type":"reply","version":1,"run":"{RUN}","token":"{TOKEN}","index":0,'
        '"events":[""]}'
    )
    return 1_048_576 - len(body) - (len(f',"names":{{"0":"{name}"}}') if name else 0)


@pytest.mark.parametrize("name", [None, "updates"])
def test_a_message_of_1_mib_is_sent(name: str | None) -> None:
    async def block(run: LongRun) -> None:
        await run.send("x" * room_of(name), name)

    first, last = carried_out(block).bodies
    assert len(first) == 1_048_576
    assert json.loads(last)["end"] == {"outcome": "completed"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("x" * (room_of() + 1), None),
        ("x" * (room_of("updates") + 1), "updates"),
        ("ü" * (room_of() // 2 + 1), None),
        ("\n" * (room_of() // 2 + 1), None),
        ("x" * 10_000_000, None),
    ],
)
def test_an_event_beyond_that_ends_the_run(text: str, name: str | None) -> None:
    taken = Queue()

    async def block(run: LongRun) -> None:
        await run.send("before")
        await run.send(text, name)

    with pytest.raises(EventTooLarge, match="^An event must fit a message of 1048576"):
        carry_out(block, taken)
    assert taken.events == ["before"]
    assert taken.end == {
        "outcome": "failed",
        "code": "output_too_large",
        "message": "An event must fit a message of 1048576 bytes.",
        "retryable": False,
    }


def test_a_block_that_overhears_it_cannot_go_on() -> None:
    taken = Queue()

    async def block(run: LongRun) -> None:
        with pytest.raises(EventTooLarge):
            await run.send("x" * 10_000_000)
        with pytest.raises(RuntimeError, match="not under way"):
            await run.send("more")

    carry_out(block, taken)
    assert taken.end["code"] == "output_too_large"


def test_a_large_event_is_alone_and_keeps_its_place() -> None:
    async def block(run: LongRun) -> None:
        for event in ["a", "b" * 900_000, "c", "d" * 900_000]:
            await run.send(event)

    taken = carried_out(block)
    assert [event[0] for event in taken.events] == ["a", "b", "c", "d"]
    assert [len(message["events"]) for message in taken.messages] == [1, 1, 1, 1]


# --- Endings


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no such\nplace"), "no such\nplace"),
        (ValueError(), "ValueError"),
        (ValueError("ü" * 501), "ü" * 500),
    ],
)
def test_an_exception_ends_the_run_in_its_words(error: Exception, words: str) -> None:
    taken = Queue()

    async def block(run: LongRun) -> None:
        await run.send("before")
        raise error

    with pytest.raises(ValueError) as raised:
        carry_out(block, taken)
    assert raised.value is error
    assert taken.events == ["before"]
    assert taken.end == STOPPED | {"message": words}


async def cancelled_later(run: LongRun, seconds: float) -> NoReturn:
    """Be cancelled after that time, and wait for it."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_later(seconds, task.cancel)
    await asyncio.Event().wait()
    raise AssertionError


def test_a_cancelled_block_ends_the_run_at_once() -> None:
    taken = Queue()

    async def block(run: LongRun) -> None:
        await run.send("before")
        await cancelled_later(run, 0.5)

    with pytest.raises(asyncio.CancelledError):
        carry_out(block, taken)
    assert taken.events == ["before"]
    assert taken.end == STOPPED
    assert taken.times == pytest.approx([0.5], abs=0.01)


def test_a_cancelled_block_does_not_wait_for_a_queue_out_of_reach() -> None:
    taken = OutOfReach(until=1000)
    ended_at = 0.0

    async def block(run: LongRun) -> None:
        nonlocal ended_at
        await run.send("before")
        try:
            await cancelled_later(run, 100)
        finally:
            ended_at = now()

    async def main() -> float:
        with pytest.raises(asyncio.CancelledError):
            async with LongRun(
                PAYLOAD, Busy(), environment=ENVIRONMENT, client=taken
            ) as run:
                await block(run)
        return now() - ended_at

    with asyncio.Runner(loop_factory=MadeUpTimeLoop) as runner:
        assert runner.run(main()) == pytest.approx(5, abs=0.01)


@pytest.fixture
def longest_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between attempts it is always waited for as long as may be."""
    monkeypatch.setattr(long_run.random, "uniform", lambda _, longest: longest)


@pytest.mark.usefixtures("longest_pauses")
def test_a_cancelled_block_uses_the_time_that_there_is() -> None:
    # By itself it would try again at 86.5 and 106.5 seconds.
    taken = OutOfReach(until=104)

    async def block(run: LongRun) -> None:
        await run.send("before")
        await cancelled_later(run, 100)

    with pytest.raises(asyncio.CancelledError):
        carry_out(block, taken)
    assert taken.events == ["before"]
    assert taken.end == STOPPED


def test_an_ending_that_waits_for_the_queue_can_be_cancelled() -> None:
    taken = OutOfReach(until=1000)
    block_ended = asyncio.Event()

    async def main() -> None:
        async def work() -> None:
            async with LongRun(
                PAYLOAD, Busy(), environment=ENVIRONMENT, client=taken
            ) as run:
                await run.send("all")
                block_ended.set()

        task = asyncio.create_task(work())
        await block_ended.wait()
        await asyncio.sleep(10)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert now() == pytest.approx(15, abs=0.01)

    with asyncio.Runner(loop_factory=MadeUpTimeLoop) as runner:
        runner.run(main())


@pytest.mark.usefixtures("longest_pauses")
def test_a_process_that_is_stopped_uses_that_time_for_all_runs() -> None:
    taken = OutOfReach(until=102)

    async def work(run: LongRun) -> None:
        await run.send("before")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(4)

    async def main() -> None:
        LongRun(PAYLOAD, Busy(), environment=ENVIRONMENT, client=taken).detach(work)
        async with long_run.lifespan(None):
            await asyncio.sleep(100)

    with asyncio.Runner(loop_factory=MadeUpTimeLoop) as runner:
        runner.run(main())
    assert taken.end == STOPPED
    assert taken.times == pytest.approx([102, 102], abs=0.3)


def test_all_runs_of_a_process_are_stopped_also_those_that_are_slow_to_let_go() -> None:
    taken = Queue()

    async def work(run: LongRun) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            # As cleaning up may do.
            await asyncio.sleep(3)

    async def main() -> None:
        LongRun(PAYLOAD, Busy(), environment=ENVIRONMENT, client=taken).detach(work)
        async with long_run.lifespan(None):
            await asyncio.sleep(2)
        assert now() == pytest.approx(5, abs=0.01)

    with asyncio.Runner(loop_factory=MadeUpTimeLoop) as runner:
        runner.run(main())
    assert taken.end == STOPPED
    assert taken.times == pytest.approx([2], abs=0.01)


def test_a_run_has_one_block() -> None:
    async def main() -> None:
        run = LongRun(PAYLOAD, Busy(), environment=ENVIRONMENT, client=Queue())
        with pytest.raises(RuntimeError, match="not under way"):
            await run.send("too early")
        async with run:
            pass
        with pytest.raises(RuntimeError, match="not under way"):
            await run.send("too late")
        with pytest.raises(RuntimeError, match="has begun before"):
            await run.__aenter__()

    with asyncio.Runner(loop_factory=MadeUpTimeLoop) as runner:
        runner.run(main())


# --- A queue that does not take them


async def speak_for_300_seconds(run: LongRun) -> None:
    for second in range(300):
        await run.send(second)
        await asyncio.sleep(1)


def test_a_queue_out_of_reach_for_four_minutes_loses_nothing() -> None:
    # The first message goes after a second, and is tried for 4 minutes.
    taken = OutOfReach(until=241)
    carry_out(speak_for_300_seconds, taken)
    assert taken.events == list(range(300))
    indices = [message["index"] for message in taken.messages]
    assert indices == list(range(len(indices)))
    assert taken.end == {"outcome": "completed"}


def test_a_message_that_was_taken_unnoticed_is_the_same_again() -> None:
    taken = Forgetful()
    carry_out(speak_for_300_seconds, taken)
    assert taken.events == list(range(300))
    assert taken.attempts == 2 * len(taken.messages)


def test_after_four_minutes_the_run_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    taken = OutOfReach(until=1000)
    lost_at = 0.0

    async def block(run: LongRun) -> None:
        nonlocal lost_at
        await run.send("in vain")
        try:
            # It does not send, and would work for hours in vain.
            await asyncio.sleep(10_000)
        finally:
            lost_at = now()

    with pytest.raises(RunLost, match=f"^message 0 of {RUN} was not taken in time: "):
        carry_out(block, taken)
    assert lost_at == pytest.approx(241, abs=0.01)
    assert taken.attempts > 10
    # It is said when it begins and when it is over, and not each time.
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]


def test_who_waits_to_send_hears_that_the_run_is_lost() -> None:
    async def block(run: LongRun) -> None:
        for _ in range(100):
            await run.send("x" * 100_000)

    with pytest.raises(RunLost):
        carry_out(block, OutOfReach(until=1000))


def test_every_task_that_waits_to_send_hears_it() -> None:
    async def fill(run: LongRun) -> None:
        for _ in range(100):
            await run.send("x" * 100_000)

    async def block(run: LongRun) -> None:
        tasks = [asyncio.create_task(fill(run)) for _ in range(2)]
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.wait(tasks, timeout=1)
            assert all(isinstance(task.exception(), RunLost) for task in tasks)

    with pytest.raises(RunLost):
        carry_out(block, OutOfReach(until=1000))


def test_a_task_whose_run_is_lost_can_go_on() -> None:
    async def main() -> None:
        client = OutOfReach(until=1000)
        with pytest.raises(RunLost):
            async with LongRun(PAYLOAD, Busy(), environment=ENVIRONMENT, client=client):
                await asyncio.sleep(10_000)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    with asyncio.Runner(loop_factory=MadeUpTimeLoop) as runner:
        runner.run(main())


def test_an_agent_that_is_faster_than_the_queue_waits() -> None:
    taken = OutOfReach(until=200)
    sent: list[float] = []

    async def block(run: LongRun) -> None:
        for _ in range(20):
            await run.send("x" * 90_000)
            sent.append(now())

    carry_out(block, taken)
    # One message is under way and one is full; the others waited in the agent.
    assert sum(time < 200 for time in sent) == 4
    assert len(taken.events) == 20


def test_the_token_and_the_events_are_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)

    async def block(run: LongRun) -> None:
        await run.send("confidential")
        await asyncio.sleep(1000)

    with pytest.raises(RunLost) as lost:
        carry_out(block, OutOfReach(until=1000))
    reply = long_run.GatewayReply.from_payload(PAYLOAD)
    error = f"{lost.value!r} {lost.value.__cause__!r}"
    for text in (caplog.text, error, repr(reply)):
        assert RUN in text
        assert TOKEN not in text
        assert "confidential" not in text


# --- Which queue


@pytest.mark.parametrize("payload", [None, [], "gatewayReply", {"prompt": "Hello"}])
def test_a_payload_without_an_offer_is_told_from_others(payload: Any) -> None:
    assert LongRun.offered(PAYLOAD)
    assert not LongRun.offered(payload)
    with pytest.raises(NotOffered, match="has no object gatewayReply"):
        LongRun(payload, Busy(), environment=ENVIRONMENT)


@pytest.mark.parametrize("member", ["queueUrl", "region", "group", "run", "token"])
@pytest.mark.parametrize("value", [None, 1, ""])
def test_an_offer_with_a_wrong_member_is_refused(member: str, value: Any) -> None:
    payload = {"gatewayReply": REPLY | {member: value}}
    with pytest.raises(NotOffered, match=f"^gatewayReply.{member} must be a string"):
        LongRun(payload, Busy(), environment=ENVIRONMENT)


ENDPOINT = "http://127.0.0.1:8787/replies"


QUEUE = {"GATEWAY_REPLY_QUEUE_URL": QUEUE_URL}
BOTH = QUEUE | {"GATEWAY_REPLY_ENDPOINT_URL": ENDPOINT}


@pytest.mark.parametrize(
    ("reply", "environment", "given", "named"),
    [
        (
            {"queueUrl": QUEUE_URL + "/"},
            QUEUE,
            f"gatewayReply.queueUrl is '{QUEUE_URL}/'",
            f"GATEWAY_REPLY_QUEUE_URL is '{QUEUE_URL}'",
        ),
        (
            {"endpointUrl": ENDPOINT},
            QUEUE,
            f"gatewayReply.endpointUrl is '{ENDPOINT}'",
            "GATEWAY_REPLY_ENDPOINT_URL is absent",
        ),
        (
            {},
            BOTH,
            "gatewayReply.endpointUrl is absent",
            f"GATEWAY_REPLY_ENDPOINT_URL is '{ENDPOINT}'",
        ),
        (
            {"endpointUrl": ENDPOINT + "/"},
            BOTH,
            f"gatewayReply.endpointUrl is '{ENDPOINT}/'",
            f"GATEWAY_REPLY_ENDPOINT_URL is '{ENDPOINT}'",
        ),
    ],
)
def test_a_queue_that_the_environment_does_not_name_is_refused(
    reply: dict[str, str], environment: dict[str, str], given: str, named: str
) -> None:
    with pytest.raises(QueueRefused) as refused:
        LongRun({"gatewayReply": REPLY | reply}, Busy(), environment=environment)
    assert str(refused.value) == f"{given}, but {named}: they must be the same"


@pytest.mark.parametrize("environment", [{}, {"GATEWAY_REPLY_QUEUE_URL": ""}])
def test_an_environment_that_names_no_queue_refuses_all(
    environment: dict[str, str],
) -> None:
    with pytest.raises(QueueRefused, match="^GATEWAY_REPLY_QUEUE_URL is not set: "):
        LongRun(PAYLOAD, Busy(), environment=environment)


# --- Over a socket, as boto3 speaks


class Sqs:
    """Speaks the JSON protocol of SQS: answers as it is told, then takes messages."""

    def __init__(self, answers: list[tuple[int, str]]) -> None:
        self.answers = answers
        self.requests: queue.Queue[tuple[Any, dict[str, str]]] = queue.Queue()
        self.url = ""

    @property
    def payload(self) -> dict[str, Any]:
        return {
            "prompt": "work for 3600 seconds",
            "gatewayReply": REPLY
            | {
                "queueUrl": f"{self.url}/replies.fifo",
                "endpointUrl": self.url,
            },
        }

    @property
    def environment(self) -> dict[str, str]:
        return {
            "GATEWAY_REPLY_QUEUE_URL": f"{self.url}/replies.fifo",
            "GATEWAY_REPLY_ENDPOINT_URL": self.url,
        }

    def message(self) -> dict[str, Any]:
        """Wait for the next message that came."""
        _, parameters = self.requests.get(timeout=60)
        return json.loads(parameters["MessageBody"])

    def answer(self, headers: Any, parameters: dict[str, str]) -> tuple[int, Any]:
        self.requests.put((headers, parameters))
        if self.answers:
            status, code = self.answers.pop(0)
            return status, {"__type": f"com.amazonaws.sqs#{code}", "message": "No."}
        digest = hashlib.md5(parameters["MessageBody"].encode()).hexdigest()
        return 200, {"MessageId": "1", "MD5OfMessageBody": digest}


@contextmanager
def running_sqs(*answers: tuple[int, str]) -> Iterator[Sqs]:
    """Serve a queue, which first answers with these errors."""
    sqs = Sqs(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            parameters = json.loads(
                self.rfile.read(int(self.headers["content-length"]))
            )
            status, answer = sqs.answer(self.headers, parameters)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/x-amz-json-1.0")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sqs.url = f"http://127.0.0.1:{server.server_port}/replies"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield sqs
        finally:
            server.shutdown()
            thread.join()


async def greet(run: LongRun) -> None:
    await run.send("Hello")


def test_boto3_sends_it_to_the_endpoint_without_an_account() -> None:
    with running_sqs() as sqs:
        carry_out(greet, None, sqs.payload)
        headers, parameters = sqs.requests.get_nowait()
    assert headers["x-amz-target"] == "AmazonSQS.SendMessage"
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert "authorization" not in headers
    assert parameters.pop("MessageBody").startswith('{"type":"reply","version":1,')
    assert parameters == {
        "QueueUrl": f"{sqs.url}/replies.fifo",
        "MessageGroupId": "f" * 32,
        "MessageDeduplicationId": deduplication_id(0),
    }


def test_with_credentials_it_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with running_sqs() as sqs:
        carry_out(greet, None, sqs.payload)
        headers, _ = sqs.requests.get_nowait()
    assert "/us-east-1/sqs/aws4_request" in headers["authorization"]


@pytest.mark.parametrize(
    "answer",
    [
        (400, "ThrottlingException"),
        (400, "RequestThrottled"),
        (403, "RequestThrottled"),
        (400, "KmsThrottled"),
        (408, "RequestTimeout"),
        (429, "TooManyRequests"),
        (500, "InternalFailure"),
        (503, "ServiceUnavailable"),
    ],
)
def test_what_may_pass_is_tried_again(answer: tuple[int, str]) -> None:
    with running_sqs(answer, answer) as sqs:
        carry_out(greet, None, sqs.payload)
        assert [sqs.message()["index"] for _ in range(3)] == [0, 0, 0]
        assert sqs.requests.empty()


@pytest.mark.parametrize(
    "answer",
    [
        (403, "AccessDeniedException"),
        (400, "AccessDenied"),
        (400, "QueueDoesNotExist"),
        (400, "InvalidMessageContents"),
    ],
)
def test_what_is_refused_is_final(answer: tuple[int, str]) -> None:
    async def block(run: LongRun) -> None:
        await run.send("Hello")
        await asyncio.sleep(1000)

    with running_sqs(answer) as sqs:
        with pytest.raises(RunLost, match=f"^message 0 of {RUN} is refused: .*No."):
            carry_out(block, None, sqs.payload)
        assert sqs.message()["index"] == 0
        assert sqs.requests.empty()


def test_no_credentials_are_final_where_aws_wants_some() -> None:
    with pytest.raises(RunLost, match="is refused: Unable to locate credentials"):
        carry_out(greet, None)


def test_the_loop_goes_on_while_a_message_is_sent() -> None:
    arrived, loop_was_here = threading.Event(), threading.Event()

    class Slow:
        def send_message(self, **parameters: str) -> object:
            arrived.set()
            assert loop_was_here.wait(60)
            return {}

    async def main() -> None:
        async def look() -> None:
            while not arrived.is_set():
                await asyncio.sleep(0)
            loop_was_here.set()

        looking = asyncio.create_task(look())
        async with LongRun(PAYLOAD, Busy(), environment=ENVIRONMENT, client=Slow()):
            pass
        await looking

    asyncio.run(main())


# --- With the SDK, and as a process


def status(client: httpx.Client) -> str:
    return client.get("/ping").json()["status"]


def test_the_app_is_busy_until_the_end_has_been_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release, runs = threading.Event(), queue.SimpleQueue[LongRun]()

    async def work(run: LongRun) -> None:
        runs.put(run)
        await run.send("begun")
        # Blocks in a thread, as agents do.
        await asyncio.to_thread(release.wait, 60)
        await run.send("done")

    async def main(sqs: Sqs) -> None:
        app = BedrockAgentCoreApp(lifespan=long_run.lifespan)

        @app.entrypoint
        async def invoke(payload: dict[str, Any]) -> Any:
            return LongRun(payload, app, environment=sqs.environment).detach(work)

        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://agent"
        ) as client:

            async def status() -> str:
                return (await client.get("/ping")).json()["status"]

            assert await status() == "Healthy"
            response = await client.post("/invocations", json=sqs.payload)
            assert response.headers["content-type"] == "application/json"
            assert response.text == f'{{"detached": "{RUN}"}}'
            assert await status() == "HealthyBusy"
            # The SDK has a thread of its own for it.
            run = await asyncio.to_thread(runs.get, timeout=60)
            release.set()
            await asyncio.wait_for(asyncio.wrap_future(run._over), 60)
            assert await status() == "Healthy"

    with running_sqs() as sqs:
        asyncio.run(main(sqs))
        messages = [sqs.message() for _ in range(sqs.requests.qsize())]
    assert [e for message in messages for e in message["events"]] == ["begun", "done"]
    assert messages[-1]["end"] == {"outcome": "completed"}


def test_a_stream_may_end_with_the_marker() -> None:
    release, runs = threading.Event(), queue.SimpleQueue[LongRun]()

    async def work(run: LongRun) -> None:
        runs.put(run)
        await asyncio.to_thread(release.wait, 60)
        await run.send("done")

    async def main(sqs: Sqs) -> None:
        app = BedrockAgentCoreApp()

        @app.entrypoint
        async def invoke(payload: dict[str, Any]) -> AsyncIterator[Any]:
            yield "A moment."
            yield LongRun(payload, app, environment=sqs.environment).detach(work)

        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://agent"
        ) as client:
            response = await client.post("/invocations", json=sqs.payload)
        assert events(response) == ["A moment.", {"detached": RUN}]
        # The SDK has a thread of its own for it.
        run = await asyncio.to_thread(runs.get, timeout=60)
        release.set()
        await asyncio.wait_for(asyncio.wrap_future(run._over), 60)

    with running_sqs() as sqs:
        asyncio.run(main(sqs))
        assert sqs.message()["events"] == ["done"]


def test_an_exception_of_detached_work_is_told_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    taken = Queue()

    async def work(run: LongRun) -> None:
        raise LookupError("nothing found")

    async def main() -> None:
        run = LongRun(PAYLOAD, Busy(), environment=ENVIRONMENT, client=taken)
        run.detach(work)
        await asyncio.wrap_future(run._over)

    with asyncio.Runner(loop_factory=MadeUpTimeLoop) as runner:
        runner.run(main())
    assert taken.end["message"] == "nothing found"
    assert f"{RUN} has failed" in caplog.text


def test_the_agent_reports_as_it_goes() -> None:
    reply = agent.OfflineConversation(0).reply("work for 30 seconds")
    taken = carried_out(lambda run: agent.report(run, reply))
    assert taken.events == [
        *[f"Second {second} of 30. " for second in range(1, 31)],
        "Done.",
    ]
    # It is not kept until the end: what two seconds bring comes as one message.
    assert taken.times == pytest.approx([*range(1, 31, 2), 30], abs=0.01)


def test_a_signal_ends_the_runs_of_the_agent() -> None:
    with (
        running_sqs() as sqs,
        running_process(**sqs.environment) as (process, client),
    ):
        response = client.post("/invocations", json=sqs.payload)
        assert response.json() == {"detached": RUN}
        assert status(client) == "HealthyBusy"
        # The first events show that it is at work.
        messages = [sqs.message()]
        assert messages[0]["events"][0] == "Second 1 of 3600. "
        process.send_signal(signal.SIGTERM)
        while "end" not in messages[-1]:
            messages.append(sqs.message())
        assert messages[-1]["end"] == STOPPED
        assert [message["index"] for message in messages] == [*range(len(messages))]
        assert process.wait(60) == -signal.SIGTERM


def test_the_agent_sends_to_no_queue_that_its_environment_does_not_name() -> None:
    with running_sqs() as sqs, running_process() as (_, client):
        response = client.post("/invocations", json=sqs.payload)
        assert response.status_code == 500
        assert response.json()["error"].startswith("GATEWAY_REPLY_QUEUE_URL is not set")
        assert status(client) == "Healthy"
        assert sqs.requests.empty()


def test_without_an_offer_the_agent_streams_the_same_reply() -> None:
    body = {"prompt": "Work for 3600 seconds"}
    with (
        running_process() as (_, client),
        client.stream("POST", "/invocations", json=body) as response,
    ):
        assert next(response.iter_raw()) == b'data: "Second 1 of 3600. "\n\n'
