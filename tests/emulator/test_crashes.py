"""Workers that die or cannot start, prompts that cannot be run, and messages that are none."""

import json
from dataclasses import dataclass

import pytest

from agentcore_double import Hold
from client import Client, new_id
from conftest import COUNT, COUNTED
from waiting import until

# Within which a client is told that a worker died: its lease of 60 s, and what the queue and the emulator's poller add.
TOLD = 90
TABLE = [f"dynamodb:{operation}" for operation in ("GetItem", "PutItem", "UpdateItem", "Query")]


@dataclass
class Orphan:
    """A reply whose worker was killed in its middle."""

    client: Client
    request: str


def orphan(gateway, agentcore):
    client = Client(gateway.websocket_url, session=new_id())
    request = new_id()
    hold = agentcore.behave(request, Hold(after=10))
    client.ask(COUNT, request=request)
    client.output(request, events=5)
    gateway.kill("worker")
    hold.release()
    return Orphan(client, request)


@pytest.fixture(scope="module")
def orphans(gateway, agentcore):
    """Two replies, killed one after the other, so that both leases run out in the same minute. Of the first the message is lost too."""
    lost = orphan(gateway, agentcore)
    gateway.drop_prompts()
    left = orphan(gateway, agentcore)
    yield lost, left
    for each in (lost, left):
        each.client.__exit__()


def test_the_next_worker_tells_that_the_first_one_died(orphans, agentcore, gateway):
    _, left = orphans
    reply = left.client.ending(left.request, seconds=TOLD)
    assert (reply.ending["code"], reply.ending["retryable"]) == ("interrupted", True)
    assert COUNTED.startswith(reply.text)
    gateway.when_idle()
    assert len(agentcore.calls(left.request)) == 1
    assert left.client.ending(left.client.ask("Hello")).ending["type"] == "completed"


def test_without_a_next_worker_resume_ends_the_run_of_a_dead_one(orphans, agentcore, gateway, bus):
    lost, left = orphans
    # It died later, so both leases have run out.
    left.client.ending(left.request, seconds=TOLD)
    with gateway.without("connections", "dynamodb:PutItem"):
        # The ending cannot be written, so there is none.
        assert resumed(lost)["code"] == "unavailable"
        assert "dynamodb:PutItem" in gateway.denials("connections")
    assert resumed(lost)["state"] == "failed"
    assert lost.client.ending(lost.request).ending["code"] == "interrupted"
    assert len(agentcore.calls(lost.request)) == 1
    # Whoever gives the ending tells of it.
    until(lambda: [event["detail"]["code"] for event in bus.of(lost.request)] == ["interrupted"], "the bus has the event")


def resumed(lost):
    lost.client.send({"action": "resume", "sessionId": lost.client.session, "requestId": lost.request, "after": 0})
    return lost.client.answer()


def test_a_prompt_whose_worker_cannot_start_is_ended_by_the_closer(client, gateway, agentcore):
    with gateway.unable_to_start("worker"), gateway.visibility(1):
        request = client.ask("Hello")
        ending = client.ending(request, seconds=60).ending
        until(lambda: not gateway.waiting_prompts() and not gateway.given_up(), "the prompt is gone")
    assert (ending["type"], ending["code"], ending["retryable"], ending["seq"]) == ("failed", "internal", True, 1)
    assert gateway.dead_letters() == []
    assert agentcore.calls(request) == []
    assert client.resume(request)["state"] == "failed"
    assert client.ending(client.ask("Hello")).ending["type"] == "completed"


def test_a_prompt_that_nobody_can_end_becomes_a_dead_letter_and_runs_when_redriven(client, gateway, agentcore):
    # Worker and closer reach no table, and cannot hide the message for longer either, so that it comes again at once.
    refused = (*TABLE, "sqs:ChangeMessageVisibility")
    with gateway.without("worker", *refused), gateway.without("closer", *refused), gateway.visibility(1):
        request = client.ask("Hello")
        # Each would try for a while each time.
        until(lambda: gateway.kill("worker") or gateway.kill("closer") or gateway.dead_letters(), "the prompt is a dead letter", seconds=60)
    client.catch_up()
    assert client.reply(request).frames == []
    assert agentcore.calls(request) == []
    gateway.redrive()
    assert client.ending(request).ending["type"] == "completed"
    assert len(agentcore.calls(request)) == 1
    assert gateway.dead_letters() == []


def test_a_prompt_that_has_ended_and_comes_again_runs_nothing(client, gateway, agentcore, held):
    request, hold = held()
    client.ask(COUNT, request=request)
    client.output(request)
    (message,) = gateway.waiting_prompts()
    hold.release()
    frames = client.ending(request).frames
    gateway.when_idle()
    gateway.send(message["Body"], message["MessageGroupId"])
    gateway.when_idle()
    client.catch_up()
    assert len(agentcore.calls(request)) == 1
    reply = client.reply(request)
    # Whether the ending was pushed the second worker cannot know: it comes once more, and is the same.
    assert (reply.frames, reply.repeated) == (frames, [len(frames)])


def test_a_message_that_is_no_prompt_is_dropped_and_holds_nobody_up(client, gateway, held):
    request, hold = held()
    client.ask(COUNT, request=request)
    client.output(request)
    (message,) = gateway.waiting_prompts()
    bodies = ["no JSON", "{}", "[]", json.dumps(json.loads(message["Body"]) | {"version": 0}), json.dumps({"type": "prompt", "version": 1})]
    for body in bodies:
        gateway.send(body, message["MessageGroupId"])
    behind = client.ask("Hello")
    hold.release()
    client.ending(request)
    assert client.ending(behind).ending["type"] == "completed"
    gateway.when_idle()
    assert gateway.dead_letters() == []
    until(lambda: gateway.log("worker").count("that is no prompt") == len(bodies), "each is in the worker's log")


def test_a_message_of_a_later_release_is_kept_for_it(gateway):
    later = json.dumps({"type": "prompt", "version": 2, "request": {"id": 1}})
    with gateway.without("worker", "sqs:ChangeMessageVisibility"), gateway.without("closer", "sqs:ChangeMessageVisibility"), gateway.visibility(1):
        gateway.send(later, "a-group")
        until(gateway.dead_letters, "it is a dead letter", seconds=60)
    (kept,) = gateway.dead_letters()
    assert kept["Body"] == later
    gateway.drop_prompts()


def test_logs_hold_no_prompts_replies_or_sessions(client, gateway):
    secret = new_id()
    client.ending(client.ask(f"My secret is {secret}"))
    until(lambda: "REPORT" in gateway.log("worker"), "the worker has logged")
    for function in ("message", "connections", "worker", "closer"):
        log = gateway.log(function)
        assert secret not in log
        assert client.session not in log
