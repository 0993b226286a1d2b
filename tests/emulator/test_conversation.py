"""Prompts, replies, resume, stop and devices, where everybody may connect."""

from client import new_id
from conftest import COUNT, COUNTED

HELLO = 'Prompt 1 of this session: "Hello". Nothing was asked before.'


def test_a_prompt_is_answered_with_the_agents_events_as_they_come(client, held):
    request, hold = held()
    client.ask(COUNT, request=request)
    reply = client.output(request, events=10)
    assert reply.ending is None
    hold.release()
    assert client.ending(request).ending["type"] == "completed"
    assert reply.text == COUNTED
    assert len(reply.events) == 40


def test_the_agent_gets_prompt_session_request_and_parameters(client, agentcore):
    request = client.ask("Hello", parameters={"temperature": 0.5})
    assert client.ending(request).text == HELLO
    (call,) = agentcore.calls(request)
    assert call.body == {"prompt": "Hello", "sessionId": call.session, "requestId": request, "temperature": 0.5}


def test_an_input_is_passed_on_as_it_is(client, agentcore):
    request = new_id()
    client.send({"input": {"prompt": "Hello", "requestId": request, "n": 1}, "sessionId": client.session, "requestId": request})
    client.answer("accepted")
    assert client.ending(request).text == HELLO
    (call,) = agentcore.calls(request)
    assert call.body == {"prompt": "Hello", "requestId": request, "n": 1}


def test_every_character_of_json_reaches_the_agent(client):
    # SQS takes neither U+FFFE nor U+FFFF in a message.
    prompt = "\ufffe\uffff\u2028\u0001\x7f\U0001f600\""
    request = client.ask(prompt)
    assert f'"{prompt}"' in client.ending(request).text


def test_a_client_that_names_no_session_gets_one(connect):
    client = connect(session=None)
    first = client.ask("Hello")
    assert client.session
    assert client.ending(first).text == HELLO
    second = client.ask("And now?")
    assert client.ending(second).text.startswith("Prompt 2 of this session")


def test_prompts_of_a_session_reach_the_agent_one_at_a_time_and_in_order(client, agentcore):
    requests = [client.ask(f"This is number {number}") for number in range(1, 6)]
    replies = [client.ending(request).text for request in requests]
    assert [reply.split(":")[0] for reply in replies] == [f"Prompt {number} of this session" for number in range(1, 6)]
    calls = [call for call in agentcore.calls() if call.request in requests]
    assert [call.request for call in calls] == requests
    assert not any(call.overlaps for call in calls)


def test_a_request_that_is_sent_again_runs_once(client, agentcore, held):
    request, hold = held()
    client.ask(COUNT, request=request)
    client.output(request)
    assert client.ask(COUNT, request=request) == request
    hold.release()
    client.ending(request)
    # Whatever the second message caused, it would come before the next prompt of the session.
    client.ending(client.ask("Hello"))
    assert len(agentcore.calls(request)) == 1
    assert client.reply(request).repeated == []


def test_after_a_cut_connection_resume_yields_the_rest_exactly_once(connect, held):
    lost = connect()
    request, hold = held()
    lost.ask(COUNT, request=request)
    seen = lost.output(request, events=5).last_seq
    lost.cut()
    client = connect(continues=lost)
    resumed = client.resume(request, after=seen)
    assert resumed == {"type": "resumed", "requestId": request, "sessionId": client.session, "after": seen, "state": "running"}
    hold.release()
    reply = client.ending(request)
    assert reply.text == COUNTED
    assert reply.repeated == []


def test_a_reply_that_has_ended_can_be_had_again(connect):
    first = connect()
    request = first.ask(COUNT)
    whole = first.ending(request)
    second = connect(session=first.session)
    assert second.resume()["state"] == "completed"
    assert second.ending(request).frames == whole.frames


def test_a_session_that_nobody_used_is_idle(client):
    resumed = client.resume()
    assert (resumed["requestId"], resumed["state"]) == (None, "idle")


def test_a_running_request_can_be_stopped_and_so_is_the_agent(client, agentcore, held):
    request, hold = held()
    client.ask(COUNT, request=request)
    client.output(request)
    client.stop()
    assert client.answer("stopping")["requestId"] == request
    reply = client.ending(request)
    assert reply.ending["type"] == "stopped"
    assert COUNTED.startswith(reply.text)
    (call,) = agentcore.calls(request)
    assert call.finished.wait(10)
    (stop,) = [stop for stop in agentcore.calls(operation="StopRuntimeSession") if stop.session == call.session]
    # Its answer is behind the end of the reply that it breaks off.
    assert stop.finished.wait(10)
    assert stop.status == 200


def test_a_request_that_waits_can_be_stopped_before_it_starts(client, agentcore, held):
    running, hold = held()
    client.ask(COUNT, request=running)
    client.output(running)
    waiting = client.ask("Hello")
    client.stop(waiting)
    assert client.answer("stopping")["requestId"] == waiting
    hold.release()
    assert client.ending(running).ending["type"] == "completed"
    assert [frame["type"] for frame in client.ending(waiting).frames] == ["stopped"]
    assert agentcore.calls(waiting) == []


def test_a_request_that_has_ended_cannot_be_stopped(client):
    request = client.ask("Hello")
    client.ending(request)
    client.stop(request)
    assert client.answer("rejected")["code"] == "not_found"


def test_every_device_of_a_session_gets_every_frame(connect, held):
    phone = connect()
    laptop = connect(session=phone.session, query=f"?sessionId={phone.session}")
    request, hold = held()
    phone.ask(COUNT, request=request)
    laptop.output(request, events=5)
    late = connect(session=phone.session)
    assert late.resume(request)["state"] == "running"
    hold.release()
    frames = phone.ending(request).frames
    assert laptop.ending(request).frames == frames
    assert late.ending(request).frames == frames


def test_sessions_keep_their_conversations_apart(connect):
    one, other = connect(), connect()
    for client in (one, other):
        assert client.ending(client.ask("Hello")).text == HELLO
