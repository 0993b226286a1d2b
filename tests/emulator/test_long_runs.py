"""Agents that go on by themselves after their call. What each permission is for: test_permissions.py."""

import json

import pytest

from conftest import LONG
from detached_agent import COMPLETED
from waiting import until


def test_an_agent_goes_on_by_itself_after_its_call(client, gateway, agentcore, bus, run):
    request, agent = run
    (call,) = agentcore.calls(request)
    assert call.finished.is_set()
    gateway.when_idle()
    assert {"queueUrl", "region", "endpointUrl", "group", "run", "token"} == set(agent.reply)
    assert agent.reply["queueUrl"] == gateway.replies_queue
    agent.send("First,", {"step": 2.0})
    assert client.output(request, events=2).events == ["First,", {"step": 2.0}]
    agent.send()
    until(lambda: client.catch_up() or client.progress, "a heartbeat is told")
    agent.send("then", end=COMPLETED)
    reply = client.ending(request)
    assert (reply.events, reply.ending["type"]) == (["First,", {"step": 2.0}, "then"], "completed")
    (event,) = until(lambda: bus.of(request), "the bus has the event")
    assert (event["detail"]["outcome"], event["detail"]["agent"]) == ("completed", LONG)
    until(lambda: not gateway.waiting_replies(), "all messages are relayed")
    assert client.ending(client.ask("Hello")).ending["type"] == "completed"


def test_another_prompt_of_the_session_is_busy_and_the_run_is_not_disturbed(client, agentcore, run):
    request, agent = run
    ending = client.ending(client.ask("And now?")).ending
    assert (ending["code"], ending["retryable"]) == ("busy", True)
    agent.send("Done.", end=COMPLETED)
    assert client.ending(request).text == "Done."
    assert len(agentcore.calls(request)) == 1


def test_a_client_that_comes_back_after_the_end_gets_what_it_missed(client, gateway, connect, run):
    request, agent = run
    agent.send("while you watch,")
    last_seq = client.output(request).last_seq
    client.cut()
    until(lambda: not gateway.attached(client.session), "nobody is attached")
    for part in ("while you", "do not,"):
        agent.send(part)
    agent.send("and done", end=COMPLETED)
    until(lambda: "active" not in gateway.session_item(client.session), "the run has ended")
    back = connect(continues=client)
    assert back.resume(request, after=last_seq)["state"] == "completed"
    assert back.ending(request).events == ["while you watch,", "while you", "do not,", "and done"]


def test_a_stop_ends_the_run_at_once_and_its_agent_with_its_next_message(client, gateway, agentcore, run):
    request, agent = run
    agent.send("one")
    client.output(request)
    client.stop(request)
    client.answer("stopping")
    assert client.ending(request).ending["type"] == "stopped"
    (call,) = agentcore.calls(request)
    assert not call.stopped.is_set()
    agent.send("two")
    assert call.stopped.wait(10), "the agent is stopped"
    until(lambda: "unstopped" not in gateway.session_item(client.session), "the session is free")
    assert client.ending(client.ask("Hello")).ending["type"] == "completed"
    assert client.reply(request).text == "one"


def test_the_next_prompt_stops_the_agent_of_a_stopped_run_before_it_runs(client, agentcore, run):
    request, _ = run
    client.stop(request)
    client.answer("stopping")
    client.ending(request)
    behind = client.ask("Hello")
    assert client.ending(behind).ending["type"] == "completed"
    (call,) = agentcore.calls(request)
    assert call.stopped.is_set() and not agentcore.calls(behind)[0].overlaps


# What the relay cannot do when it is killed: put what it has written into the session, or push it.
@pytest.mark.parametrize("action", ["dynamodb:UpdateItem", "execute-api:ManageConnections"])
def test_a_relay_that_is_killed_in_the_middle_of_a_batch_loses_and_doubles_nothing(client, gateway, run, action):
    request, agent = run
    agent.send("one")
    client.output(request)
    with gateway.visibility(1):
        with gateway.without("relay", action):
            before = gateway.denials("relay").count(action)
            agent.send("two", "three")
            until(lambda: gateway.denials("relay").count(action) > before, f"{action} was refused")
            gateway.kill("relay")
        agent.send("four", end=COMPLETED)
        assert client.ending(request, seconds=30).events == ["one", "two", "three", "four"]
    until(lambda: not gateway.waiting_replies(), "all messages are relayed")


def test_a_run_whose_agent_has_died_is_ended_by_the_closer_though_nobody_is_connected(client, gateway, connect, bus, run):
    request, agent = run
    agent.send("one")
    client.output(request)
    client.cut()
    until(lambda: not gateway.attached(client.session), "nobody is attached")
    gateway.set_time(client.session, "active.lease_until", seconds=-1)
    gateway.watch_now(client.session)
    (event,) = until(lambda: bus.of(request), "the bus has the event")
    assert (event["detail"]["outcome"], event["detail"]["code"]) == ("failed", "interrupted")
    back = connect(continues=client)
    assert back.resume(request, after=client.reply(request).last_seq)["state"] == "failed"
    assert back.ending(request).ending["code"] == "interrupted"
    # Too late.
    agent.send("two", end=COMPLETED)
    until(lambda: not gateway.waiting_replies(), "the message is dropped")


def test_who_cannot_show_the_token_is_not_heard_and_no_token_is_in_a_log(client, gateway, run):
    request, agent = run
    stranger = agent.message(0, ["Believe me."], COMPLETED)
    body = json.loads(stranger["MessageBody"]) | {"token": "A" * 43}
    gateway.send(json.dumps(body), stranger["MessageGroupId"], gateway.replies_queue)
    until(lambda: "wrong token" in gateway.log("relay"), "it is in the relay's log")
    agent.send("It is me.", end=COMPLETED)
    assert client.ending(request).text == "It is me."
    for function in ("message", "connections", "worker", "relay", "closer"):
        log = gateway.log(function)
        assert agent.reply["token"] not in log and client.session not in log and "It is me" not in log
