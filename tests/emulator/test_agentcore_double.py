"""The double of AgentCore itself: called with requests that botocore signed."""

import http.client
import json
import uuid
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from agentcore_double import SESSION_HEADER, AgentCoreDouble, Cut, Hold, Refuse

ARN = "arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/example-AbCdEf1234"
WORKER = Credentials("ASIAWORKER", "secret", "token")


@pytest.fixture
def allowed():
    """What the worker's role allows: pairs of action and resource."""
    resources = (ARN, f"{ARN}/runtime-endpoint/DEFAULT")
    return {(f"bedrock-agentcore:{action}", resource) for action in ("InvokeAgentRuntime", "StopRuntimeSession") for resource in resources}


@pytest.fixture
def double(agent_port, allowed):
    with AgentCoreDouble(
        runtime_arn=ARN,
        endpoint_name="DEFAULT",
        region="us-east-1",
        agent_port=agent_port,
        find_credentials={WORKER.access_key: WORKER}.get,
        is_allowed=lambda _key, action, resource: (action, resource) in allowed,
    ) as double:
        yield double


class Caller:
    """Signs and sends requests; what is given by name changes them."""

    def __init__(self, url):
        self._url = url
        # The agent remembers sessions: each test has its own.
        self.session = f"session-{uuid.uuid4()}"

    def request(self, operation="invocations", *, arn=ARN, qualifier="DEFAULT", session=None, body=None, credentials=WORKER, **changes):
        content = json.dumps(body or {"prompt": "Hello", "requestId": "r1"})
        url = f"{self._url}/runtimes/{quote(arn, safe='')}/{operation}?qualifier={qualifier}"
        request = AWSRequest("POST", url, headers={SESSION_HEADER: session or self.session, "content-type": "application/json"}, data=content)
        if changes.get("unsigned_payload"):
            request.context["payload_signing_enabled"] = False
            request.headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD"
        SigV4Auth(credentials, changes.get("service", "bedrock-agentcore"), changes.get("region", "us-east-1")).add_auth(request)
        headers = dict(request.headers) | changes.get("forged", {})
        return url, changes.get("tampered", content), headers

    def send(self, *arguments, **changes):
        url, body, headers = self.request(*arguments, **changes)
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
        connection.request("POST", url[len(self._url) :], body, headers)
        return connection.getresponse()


@pytest.fixture
def caller(double):
    return Caller(double.url)


def refusal(response):
    response.read()
    return response.status, response.headers["x-amzn-errortype"].partition(":")[0]


def events(response):
    return [json.loads(block.removeprefix("data: ")) for block in response.read().decode().split("\n\n") if block]


def test_a_signed_call_streams_the_agents_reply(caller, double):
    response = caller.send()
    assert (response.status, response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert "".join(events(response)) == 'Prompt 1 of this session: "Hello". Nothing was asked before.'
    (call,) = double.calls("r1")
    assert (call.session, call.status, call.overlaps) == (caller.session, 200, False)


def test_an_unsigned_payload_is_taken_too(caller):
    assert caller.send(unsigned_payload=True).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"credentials": Credentials("ASIAWORKER", "wrong", "token")},
        {"credentials": Credentials("ASIASTRANGER", "secret", "token")},
        {"credentials": Credentials("ASIAWORKER", "secret", "wrong")},
        {"service": "lambda"},
        {"region": "eu-west-1"},
        {"tampered": '{"prompt":"Something else"}'},
        {"forged": {SESSION_HEADER: "another-session-id-of-thirty-three"}},
        {"forged": {"X-Amz-Date": "20200101T000000Z"}},
        {"forged": {"Authorization": "Bearer token"}},
        {"forged": {"x-amz-unsigned": "1"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_not_signed_rightly_is_refused(caller, double, changes):
    assert refusal(caller.send(**changes)) == (403, "InvalidSignatureException")
    assert double.calls() == []


@pytest.mark.parametrize("resource", [ARN, f"{ARN}/runtime-endpoint/DEFAULT"])
def test_a_role_needs_the_permission_on_runtime_and_endpoint(caller, allowed, resource):
    allowed.remove(("bedrock-agentcore:InvokeAgentRuntime", resource))
    assert refusal(caller.send()) == (403, "AccessDeniedException")


@pytest.mark.parametrize("changes", [{"arn": ARN.replace("example", "other")}, {"qualifier": "PROD"}])
def test_an_unknown_runtime_or_endpoint_is_not_found(caller, changes):
    assert refusal(caller.send(**changes)) == (404, "ResourceNotFoundException")


def test_a_path_of_several_segments_is_no_operation(caller):
    url, body, headers = caller.request()
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("POST", f"/runtimes/{ARN}/invocations?qualifier=DEFAULT", body, headers)
    assert refusal(connection.getresponse()) == (404, "UnknownOperationException")


@pytest.mark.parametrize("session", ["short", "x" * 257])
def test_a_session_id_out_of_bounds_is_refused(caller, session):
    assert refusal(caller.send(session=session)) == (400, "ValidationException")


def test_an_agent_that_refuses_shows_as_424(caller):
    assert refusal(caller.send(body={"prompt": ""})) == (424, "RuntimeClientError")


def test_a_refusal_can_be_had_so_many_times(caller, double):
    double.behave("r1", Refuse(429, "ThrottlingException", times=2))
    assert [caller.send().status for _ in range(3)] == [429, 429, 200]
    assert [call.status for call in double.calls("r1")] == [429, 429, 200]


def test_a_reply_can_be_broken_off(caller, double):
    double.behave("r1", Cut(after=2))
    with pytest.raises(http.client.IncompleteRead) as broken:
        caller.send().read()
    assert broken.value.partial == b'data: "Prompt"\n\ndata: " 1"\n\n'


def test_a_reply_can_be_held_and_calls_that_overlap_are_noticed(caller, double):
    hold = double.behave("r1", Hold(after=2))
    first = caller.send()
    assert hold.reached.wait(5)
    caller.send(body={"prompt": "Me too", "requestId": "r2"}).read()
    hold.release()
    assert len(events(first)) > 2
    assert [call.overlaps for call in double.calls()] == [False, True]


def test_a_stopped_session_breaks_its_reply_off_and_is_gone(caller, double):
    hold = double.behave("r1", Hold(after=2))
    response = caller.send()
    assert hold.reached.wait(5)
    assert caller.send("stopruntimesession").status == 200
    with pytest.raises(http.client.IncompleteRead):
        response.read()
    assert refusal(caller.send("stopruntimesession")) == (404, "ResourceNotFoundException")
