"""Messages of agents that break the rules of docs/long-runs.md, section 4: what becomes of each."""

import json

import pytest
from agents import Agent, marker
from sender import COMPLETED

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024


class Stage:
    """A gateway whose agent goes on by itself at once, and says what the test says."""

    def __init__(self, gateway, agent):
        self._gateway = gateway
        self._agent = agent

    async def begin(self, session="s"):
        """A long run: the client that asked for it, and who may send for it."""
        device = self._gateway.device(session)
        await device.connect()
        await device.ask("r")
        return device, await self._agent.sender()


@pytest.fixture
async def stage(start):
    agent = Agent(marker)
    return Stage(await start(agent.answer, "--long-runs"), agent)


async def completes(device, *events):
    reply = await device.ending("r")
    assert reply.events == list(events)
    assert reply.ending["type"] == "completed"


async def test_a_message_has_a_mebibyte_and_not_a_byte_more(stage):
    device, sender = await stage.begin()
    room = MIB - len(sender.message(0, ""))
    assert await sender.refusal(sender.message(0, "x" * (room + 1))) == "InvalidParameterValue"
    await sender.send(0, "x" * room)
    await sender.send(1, end=COMPLETED)
    await completes(device, "x" * room)


async def test_bytes_are_counted_and_not_characters(stage):
    device, sender = await stage.begin()
    room = MIB - len(sender.message(0, ""))

    def message(count):
        return sender.message(0, "").replace('""', f'"{"é" * count}"')

    assert await sender.refusal(message(room // 2 + 1)) == "InvalidParameterValue"
    await sender.send_body(message(room // 2))
    await sender.send(1, end=COMPLETED)
    await completes(device, "é" * (room // 2))


async def test_who_has_not_the_runs_own_token_is_denied(stage):
    device, sender = await stage.begin()
    other_device, other = await stage.begin("other")
    token = sender.reply["token"]
    # Not its last character: that may not be any.
    wrong = ("B" if token[0] == "A" else "A") + token[1:]
    assert await sender.refusal(sender.message(0, "no", token=wrong)) == "AccessDenied"
    assert await sender.refusal(sender.message(0, "no", token=other.reply["token"])) == "AccessDenied"
    assert await sender.refusal(sender.message(0, "no", run=other.reply["run"])) == "AccessDenied"
    assert await sender.refusal(sender.message(0, "no", run="run-" + 32 * "0")) == "AccessDenied"
    for end_of, at in ((sender, device), (other, other_device)):
        await end_of.send(0, "yes", end=COMPLETED)
        await completes(at, "yes")


@pytest.mark.parametrize(
    "body",
    [
        "no JSON",
        "[]",
        "{}",
        '{"type":"reply","version":1}',
        lambda sender: sender.message(0, type="prompt"),
        lambda sender: sender.message(-1),
        lambda sender: sender.message(0, token="no token"),
        lambda sender: sender.message(0, events="none"),
        lambda sender: sender.message(0, end={"outcome": "stopped"}),
        lambda sender: sender.message(0, end={"outcome": "failed", "code": "busy", "message": "", "retryable": True}),
        lambda sender: sender.message(0)[:-1],
        lambda sender: sender.message(0, float("nan")),
    ],
)
async def test_what_is_no_message_of_a_reply_is_refused(stage, body):
    device, sender = await stage.begin()
    assert await sender.refusal(body if isinstance(body, str) else body(sender)) == "InvalidMessageContents"
    await sender.send(0, "yes", end=COMPLETED)
    await completes(device, "yes")


async def test_an_index_that_has_been_is_dropped_and_one_that_is_missing_is_waited_for(stage):
    device, sender = await stage.begin()
    await sender.send(0, "zero")
    await sender.send_body(sender.message(0, "again"))
    await device.has("r", 1)
    await sender.send(3, "three", end=COMPLETED)
    await sender.send(2, "two")
    await sender.send_body(sender.message(0, "back"))
    await sender.send(1, "one")
    await completes(device, "zero", "one", "two", "three")


async def test_behind_the_end_nothing_is_taken(stage):
    device, sender = await stage.begin()
    await sender.send(0, "yes", end=COMPLETED)
    await completes(device, "yes")
    assert await sender.refusal(sender.message(1, "late")) == "AccessDenied"
    assert await sender.refusal(sender.message(1, end=COMPLETED)) == "AccessDenied"


async def test_what_is_sent_with_the_end_still_to_be_relayed_is_not_delivered(stage):
    device, sender = await stage.begin()
    # The end waits for the message before it, so the third is taken.
    await sender.send(1, "end", end=COMPLETED)
    await sender.send(2, "behind", end=COMPLETED)
    await sender.send(0, "begin")
    await completes(device, "begin", "end")


async def test_the_same_message_again_is_taken_and_delivered_once(stage):
    device, sender = await stage.begin()
    for _ in range(3):
        await sender.send(0, "once")
    await sender.send(1, end=COMPLETED)
    await completes(device, "once")


async def test_events_are_delivered_to_the_character(stage):
    device, sender = await stage.begin()
    body = sender.message(0, "HERE", end=COMPLETED).replace('"HERE"', '{"total": 1200.00, "n":1e2}, "\\ud83d\\ude00"')
    await sender.send_body(body)
    reply = await device.ending("r")
    assert json.dumps(reply.events) == json.dumps([{"total": 1200.0, "n": 100.0}, "😀"])
    texts = [text for text in device.texts if '"events"' in text]
    assert len(texts) == 1
    assert '"events":[{"total": 1200.00, "n":1e2},"\\ud83d\\ude00"]' in texts[0]
