"""What a client is told when the agent fails, with the statuses and errors of AgentCore."""

import pytest

from agentcore_double import Cut, Refuse
from client import new_id


def failure(client, prompt="Hello", request=None):
    """How a prompt fails: code, and whether another try may help."""
    ending = client.ending(client.ask(prompt, request=request)).ending
    assert ending["type"] == "failed"
    return ending["code"], ending["retryable"]


@pytest.mark.parametrize(
    ("status", "error", "code", "retryable"),
    [
        (400, "ValidationException", "agent_error", False),
        (403, "AccessDeniedException", "agent_unavailable", False),
        (404, "ResourceNotFoundException", "agent_unavailable", False),
        (409, "ConflictException", "agent_error", False),
        (424, "RuntimeClientError", "agent_error", True),
        (500, "InternalServerException", "agent_unavailable", True),
        (503, "ServiceUnavailableException", "agent_unavailable", True),
        (402, "ServiceQuotaExceededException", "agent_throttled", True),
        (409, "RetryableConflictException", "agent_throttled", True),
        (429, "ThrottlingException", "agent_throttled", True),
    ],
)
def test_each_refusal_has_its_code(client, agentcore, status, error, code, retryable):
    request = new_id()
    agentcore.behave(request, Refuse(status, error))
    assert failure(client, request=request) == (code, retryable)
    # Only a quota certainly kept the prompt from the agent, so only then it is tried again.
    assert (len(agentcore.calls(request)) > 1) == (code == "agent_throttled")


def test_a_quota_that_frees_up_costs_nothing_but_time(client, agentcore):
    request = new_id()
    agentcore.behave(request, Refuse(429, "ThrottlingException", times=1))
    client.ask("Hello", request=request)
    assert client.ending(request).ending["type"] == "completed"
    assert [call.status for call in agentcore.calls(request)] == [429, 200]


def test_a_failure_in_mid_stream_is_told_in_the_agents_own_words(client):
    request = client.ask("fail")
    reply = client.ending(request)
    assert reply.text == "This reply breaks off in the"
    assert reply.events[-1]["error_type"] == "RuntimeError"
    assert (reply.ending["code"], reply.ending["message"]) == ("agent_error", "the prompt asked for a failure")


def test_a_reply_that_breaks_off_has_failed(client, agentcore):
    request = new_id()
    agentcore.behave(request, Cut(after=3))
    assert failure(client, request=request) == ("agent_error", True)


def test_an_agent_that_falls_silent_has_failed(client, held):
    request, hold = held(after=3)
    assert failure(client, request=request) == ("agent_timeout", True)
    hold.release()


def test_a_session_goes_on_after_a_failure(client):
    assert failure(client, "fail") == ("agent_error", True)
    assert client.ending(client.ask("Hello")).text == 'Prompt 2 of this session: "Hello". You asked before: "fail".'
