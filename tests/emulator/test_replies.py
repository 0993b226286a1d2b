"""What agents answer besides the plain stream of the Python SDK."""

from agentcore_double import Answer
from client import new_id

NAMED = b"""event: updates
data: {"node": "plan"}

data: 2

event: messages/partial
data: "three"

"""


def answered(client, agentcore, answer):
    """The whole reply to a prompt that AgentCore answers so."""
    request = new_id()
    agentcore.behave(request, answer)
    client.ask("Hello", request=request)
    return client.ending(request)


def test_an_encoded_stream_comes_as_if_it_were_not_with_the_names_of_its_events(client, agentcore):
    for encoding in (None, "gzip"):
        reply = answered(client, agentcore, Answer("text/event-stream", NAMED, encoding=encoding))
        assert reply.events == [{"node": "plan"}, 2, "three"]
        assert reply.names == ["updates", None, "messages/partial"]
        assert reply.ending["type"] == "completed"


def test_a_failure_in_mid_stream_is_told_and_its_secrets_are_not(client, agentcore):
    words = "arn:aws:iam::123456789012:role/agent may not call the model of 123456789012"
    body = b"data: 1\n\nevent: error\ndata: " + words.encode() + b"\n\ndata: [DONE]\n\n"
    reply = answered(client, agentcore, Answer("text/event-stream", body))
    assert reply.events == [1, words, "[DONE]"]
    assert reply.names == [None, "error", None]
    ending = reply.ending
    assert (ending["code"], ending["retryable"]) == ("agent_error", True)
    assert ending["message"] == "*** may not call the model of ***"


def test_an_agent_that_survives_its_error_completes(client, agentcore):
    body = b'event: error\ndata: a tool failed\n\ndata: "but never mind"\n\n'
    assert answered(client, agentcore, Answer("text/event-stream", body)).ending["type"] == "completed"


def test_lines_and_another_success_are_an_answer(client, agentcore):
    reply = answered(client, agentcore, Answer("application/x-ndjson", b'{"a": 1}\n\n2\n', status=202))
    assert (reply.events, reply.ending["type"]) == ([{"a": 1}, 2], "completed")


def test_what_cannot_be_read_fails_for_good(client, agentcore):
    for answer in (Answer("application/json", b"1", encoding="br"), Answer("text/event-stream", b'{"error": "no"}')):
        ending = answered(client, agentcore, answer).ending
        assert (ending["code"], ending["retryable"]) == ("agent_error", False)
