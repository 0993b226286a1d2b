"""Each permission is there for something: without it just that fails, and with it again all is well.

Not here, for the emulator does not hold its event source mapping to the role of the function: `sqs:ReceiveMessage`,
`sqs:DeleteMessage` and `sqs:GetQueueAttributes`. `dynamodb:PutItem` of `connections` is in test_crashes.py.
"""

import json
import time

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus

from client import new_id
from conftest import COUNT, LONG
from detached_agent import COMPLETED
from waiting import until


@pytest.fixture(autouse=True)
def all_is_well_again(connect, gateway):
    yield
    # A worker that is refused something tries for a while.
    gateway.kill("worker")
    gateway.kill("closer")
    gateway.kill("connections")
    gateway.kill("relay")
    gateway.drop_prompts()
    gateway.drop_replies()
    client = connect()
    assert client.ending(client.ask("Hello")).ending["type"] == "completed"


def refused(gateway, function, action, times=1):
    """Waits until a function was refused what its role lacks."""
    until(lambda: gateway.denials(function).count(action) >= times, f"{action} was refused")


# --- message


def test_without_sending_no_prompt_is_accepted(client, gateway):
    with gateway.without("message", "sqs:SendMessage"):
        client.send({"prompt": "Hello", "sessionId": client.session, "requestId": "r1"})
        rejected = client.answer("rejected")
    assert (rejected["code"], rejected["requestId"], rejected["retryable"]) == ("unavailable", "r1", True)
    refused(gateway, "message", "sqs:SendMessage")


# --- connections


def test_without_updating_items_no_connection_joins_a_session(connect, gateway):
    with gateway.without("connections", "dynamodb:UpdateItem"):
        with pytest.raises(InvalidStatus):
            connect(query=f"?sessionId={new_id()}")
    refused(gateway, "connections", "dynamodb:UpdateItem")


@pytest.mark.parametrize("action", ["dynamodb:GetItem", "dynamodb:Query"])
def test_without_reading_items_nothing_is_resumed(client, gateway, action):
    request = client.ask("Hello")
    client.ending(request)
    with gateway.without("connections", action):
        client.send({"action": "resume", "sessionId": client.session, "requestId": request})
        assert client.answer("rejected")["code"] == "unavailable"
    refused(gateway, "connections", action)
    assert client.resume(request)["state"] == "completed"


def test_without_deleting_items_a_closed_connection_is_not_forgotten(connect, gateway):
    with gateway.without("connections", "dynamodb:DeleteItem"):
        connect().cut()
        refused(gateway, "connections", "dynamodb:DeleteItem")


def test_without_managing_connections_nothing_is_replayed(client, gateway):
    request = client.ask("Hello")
    client.ending(request)
    with gateway.without("connections", "execute-api:ManageConnections"):
        client.send({"action": "resume", "sessionId": client.session, "requestId": request})
        refused(gateway, "connections", "execute-api:ManageConnections")
        assert client.unread_answers == []


# --- worker


@pytest.mark.parametrize("action", ["dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:Query"])
def test_without_the_table_no_agent_is_called(client, gateway, agentcore, action):
    with gateway.without("worker", action):
        request = client.ask("Hello")
        refused(gateway, "worker", action)
        client.catch_up()
        assert client.reply(request).frames == []
        assert agentcore.calls(request) == []


def test_without_reading_the_session_no_stop_is_heeded(client, gateway, held):
    request, hold = held()
    client.ask(COUNT, request=request)
    client.output(request)
    with gateway.without("worker", "dynamodb:GetItem"):
        client.stop(request)
        client.answer("stopping")
        before = gateway.denials("worker").count("dynamodb:GetItem")
        refused(gateway, "worker", "dynamodb:GetItem", times=before + 1)
        client.catch_up()
        assert client.reply(request).ending is None
    assert client.ending(request).ending["type"] == "stopped"
    hold.release()


def test_without_managing_connections_a_reply_is_only_in_the_journal(client, gateway, agentcore):
    with gateway.without("worker", "execute-api:ManageConnections"):
        request = client.ask("Hello")
        refused(gateway, "worker", "execute-api:ManageConnections")
        until(lambda: agentcore.calls(request), "the agent is called")
        until(lambda: client.resume(request)["state"] == "completed", "the run has ended", seconds=30)
    assert client.ending(request).ending["type"] == "completed"


def test_without_invoking_the_prompt_fails(client, gateway, agentcore):
    with gateway.without("worker", "bedrock-agentcore:InvokeAgentRuntime"):
        request = client.ask("Hello")
        ending = client.ending(request).ending
    assert (ending["type"], ending["code"], ending["retryable"]) == ("failed", "agent_unavailable", False)
    assert agentcore.calls(request) == []


def test_without_stopping_sessions_the_agent_goes_on_though_the_run_is_stopped(client, gateway, agentcore, held):
    request, hold = held()
    client.ask(COUNT, request=request)
    client.output(request)
    before = len(agentcore.refusals)
    with gateway.without("worker", "bedrock-agentcore:StopRuntimeSession"):
        client.stop(request)
        client.answer("stopping")
        assert client.ending(request).ending["type"] == "stopped"
        until(lambda: len(agentcore.refusals) > before, "the stop was refused")
    (call,) = agentcore.calls(request)
    assert not call.finished.is_set()
    hold.release()
    assert call.finished.wait(10)


def test_without_putting_events_the_bus_is_not_told_and_the_client_is(client, gateway, bus):
    with gateway.without("worker", "events:PutEvents"):
        request = client.ask("Hello")
        assert client.ending(request).ending["type"] == "completed"
        refused(gateway, "worker", "events:PutEvents")
        gateway.when_idle()
    assert bus.of(request) == []
    until(lambda: "the event bus was not told" in gateway.log("worker"), "it is in the worker's log")


def test_without_changing_visibility_a_crash_would_be_noticed_late(client, gateway, held):
    def hidden_for():
        request, hold = held()
        client.ask(COUNT, request=request)
        client.output(request)
        (message,) = gateway.waiting_prompts()
        hold.release()
        client.ending(request)
        return message["VisibleAt"] - time.time()

    assert hidden_for() < 61
    with gateway.without("worker", "sqs:ChangeMessageVisibility"):
        assert hidden_for() > 600
    refused(gateway, "worker", "sqs:ChangeMessageVisibility")


# --- closer


@pytest.fixture
def template(client, gateway, held):
    """A prompt of the client that is being run: its message, its request, and what holds its reply."""
    request, hold = held()
    client.ask(COUNT, request=request)
    client.output(request)
    (message,) = gateway.waiting_prompts()
    yield message, request
    hold.release()
    client.ending(request)


def give_up(gateway, message, request):
    """Puts the prompt of a message, as another request, into the queue of those that no worker could take."""
    body = json.dumps(json.loads(message["Body"]) | {"requestId": request})
    gateway.send(body, message["MessageGroupId"], gateway.given_up_queue)


@pytest.mark.parametrize("action", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"])
def test_without_the_table_nothing_is_ended(client, gateway, template, action):
    message, _ = template
    request = new_id()
    with gateway.without("closer", action):
        give_up(gateway, message, request)
        refused(gateway, "closer", action)
        client.catch_up()
        assert client.reply(request).frames == []
    # It still tries.
    assert client.ending(request).ending["code"] == "busy"


def test_without_updating_items_a_stop_of_what_was_given_up_stays(client, gateway, template):
    message, _ = template
    request = new_id()
    client.stop(request)
    client.answer("stopping")
    with gateway.without("closer", "dynamodb:UpdateItem"):
        give_up(gateway, message, request)
        assert client.ending(request).ending["type"] == "stopped"
    refused(gateway, "closer", "dynamodb:UpdateItem")


def test_without_managing_connections_what_was_given_up_ends_only_in_the_journal(client, gateway, template):
    message, _ = template
    request = new_id()
    with gateway.without("closer", "execute-api:ManageConnections"):
        give_up(gateway, message, request)
        refused(gateway, "closer", "execute-api:ManageConnections")
        # It tries for as long as a device may take, and no longer.
        until(lambda: not gateway.given_up(), "it is ended", seconds=90)
    client.catch_up()
    assert client.reply(request).frames == []
    assert client.resume(request)["state"] == "failed"
    assert client.ending(request).ending["code"] == "busy"


def test_without_putting_events_the_bus_is_not_told_of_what_was_given_up(client, gateway, bus, template):
    message, _ = template
    request = new_id()
    with gateway.without("closer", "events:PutEvents"):
        give_up(gateway, message, request)
        assert client.ending(request).ending["code"] == "busy"
        refused(gateway, "closer", "events:PutEvents")
        until(lambda: not gateway.given_up(), "it is ended")
    assert bus.of(request) == []


def test_without_changing_visibility_a_living_run_is_looked_at_when_the_queue_says(gateway, template):
    message, running = template

    def hidden_for():
        looks = gateway.log("closer").count("REPORT")
        give_up(gateway, message, running)
        until(lambda: gateway.log("closer").count("REPORT") > looks, "the closer has looked")
        (waiting,) = gateway.given_up()
        gateway.drop_prompts()
        return waiting["VisibleAt"] - time.time()

    # A seventh of the longest run, of 900 s, for it still comes seven times.
    assert 110 < hidden_for() < 130
    with gateway.without("closer", "sqs:ChangeMessageVisibility"):
        assert hidden_for() > 340
    refused(gateway, "closer", "sqs:ChangeMessageVisibility")


# --- runs that go on by themselves: worker, relay and closer


def test_without_sending_to_the_watch_a_run_is_not_left_to_its_agent(client, gateway, detaching):
    request, agent = detaching()
    with gateway.without("worker", "sqs:SendMessage"):
        before = gateway.denials("worker").count("sqs:SendMessage")
        client.ask("Take your time", request=request, agent=LONG)
        # It has been refused, and has gone on to be refused again.
        refused(gateway, "worker", "sqs:SendMessage", times=before + 2)
        assert not gateway.is_detached(client.session)
        agent.send("Done.", end=COMPLETED)
    # It still tries; then the message comes again.
    assert client.ending(request, seconds=30).text == "Done."


@pytest.mark.parametrize("action", ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"])
def test_without_the_table_nothing_is_relayed(client, gateway, run, action):
    request, agent = run
    with gateway.without("relay", action):
        agent.send("Done.", end=COMPLETED)
        refused(gateway, "relay", action)
        client.catch_up()
        assert client.reply(request).ending is None
    assert client.ending(request, seconds=30).text == "Done."


def test_without_managing_connections_what_an_agent_says_is_only_in_the_journal(client, gateway, run):
    request, agent = run
    with gateway.without("relay", "execute-api:ManageConnections"):
        agent.send("Done.", end=COMPLETED)
        refused(gateway, "relay", "execute-api:ManageConnections")
        until(lambda: client.resume(request)["state"] == "completed", "the run has ended", seconds=30)
    assert client.ending(request).text == "Done."


def test_without_changing_visibility_what_has_to_come_again_comes_when_the_queue_says(gateway, run):
    _, agent = run

    def hidden_for():
        return [message["VisibleAt"] - time.time() for message in gateway.waiting_replies()]

    def skip_to(index):
        """Sends a message whose predecessors are missing."""
        message = agent.message(index, ["late"])
        gateway.send(message["MessageBody"], message["MessageGroupId"], gateway.replies_queue)

    skip_to(7)
    until(lambda: [1 < seconds < 3 for seconds in hidden_for()] == [True], "it comes again in 2 s")
    gateway.drop_replies()
    with gateway.without("relay", "sqs:ChangeMessageVisibility"):
        skip_to(8)
        refused(gateway, "relay", "sqs:ChangeMessageVisibility")
        assert [seconds > 50 for seconds in hidden_for()] == [True]


def test_without_stopping_sessions_an_agent_whose_run_was_stopped_goes_on(client, gateway, agentcore, run):
    request, agent = run
    client.stop(request)
    client.answer("stopping")
    client.ending(request)
    before = len(agentcore.refusals)
    (call,) = agentcore.calls(request)
    with gateway.without("relay", "bedrock-agentcore:StopRuntimeSession"):
        agent.send("I am still here")
        until(lambda: len(agentcore.refusals) > before, "the stop was refused")
        until(lambda: not gateway.waiting_replies(), "the message is dropped")
    assert not call.stopped.is_set()
    # Whoever tried may still be at it, and for a while nobody else is.
    gateway.set_time(client.session, "unstopped.stopper_until", seconds=-1)
    agent.send("and here")
    assert call.stopped.wait(10), "the next message stops it"


def test_without_putting_events_the_bus_is_not_told_of_what_an_agent_has_ended(client, gateway, bus, run):
    request, agent = run
    with gateway.without("relay", "events:PutEvents"):
        agent.send(end=COMPLETED)
        assert client.ending(request).ending["type"] == "completed"
        refused(gateway, "relay", "events:PutEvents")
        until(lambda: not gateway.waiting_replies(), "the message is relayed")
    assert bus.of(request) == []


def test_without_changing_visibility_a_run_is_looked_after_when_the_queue_says(client, gateway, run):
    def hidden_for():
        return [message["VisibleAt"] - time.time() for message in gateway.watched()]

    def is_so(hidden, holds):
        return bool(hidden) and all(holds(seconds) for seconds in hidden)

    gateway.set_time(client.session, "active.lease_until", seconds=100)
    gateway.watch_now(client.session)
    until(lambda: is_so(hidden_for(), lambda seconds: 90 < seconds < 102), "it is looked at when the lease is over")
    before = gateway.denials("closer").count("sqs:ChangeMessageVisibility")
    with gateway.without("closer", "sqs:ChangeMessageVisibility"):
        gateway.watch_now(client.session)
        refused(gateway, "closer", "sqs:ChangeMessageVisibility", times=before + 1)
        assert is_so(hidden_for(), lambda seconds: seconds > 280)


# --- an agent that goes on by itself


def test_an_agent_may_send_to_the_queue_of_replies_and_do_nothing_else(gateway, agent_role, run):
    _, agent = run
    agent.send("This it may.")
    queues, replies = agent_role.client("sqs"), {"QueueUrl": gateway.replies_queue}
    prompt = {"MessageBody": "{}", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    calls = [
        lambda: queues.receive_message(**replies),
        lambda: queues.delete_message(**replies, ReceiptHandle="some"),
        lambda: queues.change_message_visibility(**replies, ReceiptHandle="some", VisibilityTimeout=0),
        lambda: queues.get_queue_attributes(**replies),
        lambda: queues.purge_queue(**replies),
        lambda: queues.send_message(QueueUrl=gateway.prompts_queue, **prompt),
        lambda: queues.send_message(QueueUrl=gateway.watch_queue, MessageBody="{}"),
        lambda: agent_role.client("dynamodb").get_item(TableName=gateway.table, Key={"pk": {"S": "-"}, "sk": {"S": "-"}}),
    ]
    for call in calls:
        with pytest.raises(ClientError) as refusal:
            call()
        assert refusal.value.response["Error"]["Code"].startswith("AccessDenied")
