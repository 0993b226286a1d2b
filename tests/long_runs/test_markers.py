"""What an agent may answer where it is offered a long run, and where it is not; and who may offer one."""

import pytest
from agents import Agent, marker
from botocore.exceptions import ClientError
from sender import COMPLETED, Sender

pytestmark = pytest.mark.anyio

ANOTHER = "run-000102030405060708090a0b0c0d0e0f"


async def ask(gateway):
    device = gateway.device("s")
    await device.connect()
    await device.ask("r")
    return device


async def test_events_before_a_marker_are_delivered_and_nothing_behind_it_is_read(start):
    for events in (
        ["first", "second", marker],
        ["first", "second", marker, "behind"],
        ["first", "second", marker, marker],
        ["first", "second", marker, {"detached": ANOTHER}],
        ["first", "second", marker, {"error": "behind"}],
    ):
        agent = Agent(*events)
        device = await ask(await start(agent.answer, "--long-runs"))
        await device.has("r", 2)
        await (await agent.sender()).send(0, "third", end=COMPLETED)
        reply = await device.ending("r")
        assert (reply.ending["type"], reply.events) == ("completed", ["first", "second", "third"])
        assert len(agent.payloads) == 1


async def test_a_marker_of_another_run_is_none(start):
    for before in ([], ["first"]):
        agent = Agent(*before, {"detached": ANOTHER}, "behind")
        device = await ask(await start(agent.answer, "--long-runs"))
        reply = await device.ending("r")
        assert (reply.ending["type"], reply.ending["code"]) == ("failed", "agent_error")
        assert reply.events == before
        with pytest.raises(ClientError, match="AccessDenied"):
            await (await agent.sender()).send(0, "late", end=COMPLETED)


async def test_what_is_only_like_a_marker_is_an_event(start):
    alike = [{"detached": "house"}, {"detached": True}, {"detached": ANOTHER, "more": 1}, [{"detached": ANOTHER}]]
    agent = Agent(*alike)
    reply = await (await ask(await start(agent.answer, "--long-runs"))).ending("r")
    assert (reply.ending["type"], reply.events) == ("completed", alike)


async def test_without_long_runs_none_is_offered_and_a_marker_is_an_event(start):
    agent = Agent({"detached": ANOTHER}, "behind")
    gateway = await start(agent.answer)
    reply = await (await ask(gateway)).ending("r")
    assert (reply.ending["type"], reply.events) == ("completed", [{"detached": ANOTHER}, "behind"])
    assert set(agent.payloads[0]) == {"prompt", "sessionId", "requestId"}
    offer = {"queueUrl": gateway.queue_url, "region": "local", "endpointUrl": gateway.endpoint_url}
    sender = Sender(offer | {"group": 32 * "0", "run": ANOTHER, "token": 43 * "A"})
    with pytest.raises(ClientError, match="404"):
        await sender.send(0, "anything")


async def test_no_client_can_offer_a_long_run(start):
    agent = Agent("never")
    gateway = await start(agent.answer, "--long-runs")
    device = gateway.device("s")
    await device.connect()
    offer = {"queueUrl": "https://queue.example/", "region": "r", "group": "g", "run": ANOTHER, "token": "t"}
    for prompt in (
        {"input": {"gatewayReply": offer}},
        {"input": {"gatewayReply": None, "prompt": "work"}},
        {"prompt": "work", "parameters": {"gatewayReply": offer}},
        {"prompt": "work", "parameters": {"gatewayReply": ""}},
    ):
        await device.send(requestId="r", **prompt)
        assert (await device.answer("rejected"))["code"] == "invalid_request"
    assert agent.payloads == []


async def test_a_request_with_a_body_of_its_own_is_offered_none(start):
    agent = Agent({"detached": ANOTHER})
    device = (await start(agent.answer, "--long-runs")).device("s")
    await device.connect()
    await device.send(requestId="r", input={"question": "Why?"})
    reply = await device.ending("r")
    assert reply.events == [{"detached": ANOTHER}]
    assert agent.payloads == [{"question": "Why?"}]


async def test_a_message_that_comes_before_the_marker_waits_for_it(start):
    async def answer(payload):
        yield "first"
        await Sender(payload["gatewayReply"]).send(0, "third")
        yield "second"
        yield marker(payload)
        await Sender(payload["gatewayReply"]).send(1, end=COMPLETED)

    device = await ask(await start(answer, "--long-runs"))
    reply = await device.ending("r")
    assert (reply.ending["type"], reply.events) == ("completed", ["first", "second", "third"])
