"""Who signed a handshake, on a deployment with `auth = "iam"`.

The emulator passes no caller on. So the functions are invoked with events as API Gateway sends them, and what is theirs is
seen in the table and by the agent.
"""

import json
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from client import new_id
from waiting import until

EVENTS = Path(__file__).resolve().parents[1] / "fixtures/events"


def recorded(name):
    return json.loads((EVENTS / f"{name}.json").read_text())


CALLERS = recorded("identities")


class Signed:
    """A connection that a caller has opened."""

    def __init__(self, deployment, caller):
        self.id = new_id() + "="
        self._deployment = deployment
        event = recorded("connect_iam")
        event["requestContext"] |= {"connectionId": self.id, "identity": caller["identity"]}
        self.status = self._invoke("connections", event)["statusCode"]

    @property
    def principal(self):
        """Whose the connection is, as its record says."""
        table = self._deployment.emulator.client("dynamodb")
        key = {"pk": {"S": f"CONNECTION#{self.id}"}, "sk": {"S": "-"}}
        item = table.get_item(TableName=self._deployment.table, Key=key, ConsistentRead=True).get("Item")
        return item and item["principal"]["S"]

    def say(self, message):
        """What `message` or `connections` answers, to an event that does not say whose it is."""
        event = recorded("message")
        del event["requestContext"]["authorizer"]
        route = message.get("action", "$default")
        event["requestContext"] |= {"connectionId": self.id, "routeKey": route}
        event["body"] = json.dumps(message)
        function = "message" if route == "$default" else "connections"
        return json.loads(self._invoke(function, event)["body"])

    def _invoke(self, function, event):
        functions = self._deployment.emulator.client("lambda")
        answer = functions.invoke(FunctionName=self._deployment.function(function), Payload=json.dumps(event))
        assert "FunctionError" not in answer, answer
        return json.load(answer["Payload"])


@pytest.mark.parametrize("name", CALLERS)
def test_the_principal_is_who_signed_the_handshake(signed_gateway, name):
    connection = Signed(signed_gateway, CALLERS[name])
    assert (connection.status, connection.principal) == (200, CALLERS[name]["principal"])


def test_two_identities_of_a_pool_with_one_session_id_have_two_sessions(signed_gateway, agentcore):
    session = new_id()
    asked = []
    for name in ("Cognito identity ada", "Cognito identity bob"):
        connection, request = Signed(signed_gateway, CALLERS[name]), new_id()
        answer = connection.say({"prompt": "Hello", "sessionId": session, "requestId": request})
        assert answer == {"type": "accepted", "requestId": request, "sessionId": session}
        until(lambda request=request: agentcore.calls(request), "the agent is called")
        asked.append((connection, request))
    ada, bob = (agentcore.calls(request)[0].session for _, request in asked)
    assert ada != bob
    signed_gateway.when_idle()
    # What is over for the one has not come yet for the other.
    (_, request), (connection, _) = asked
    assert connection.say({"action": "stop", "sessionId": session, "requestId": request})["type"] == "stopping"


def test_a_handshake_without_a_caller_is_refused(connect, signed_gateway):
    with pytest.raises(InvalidStatus) as refused:
        connect(deployment=signed_gateway)
    assert refused.value.response.status_code in (401, 403)


def test_without_reading_records_no_prompt_is_accepted(signed_gateway):
    connection = Signed(signed_gateway, CALLERS["role"])
    with signed_gateway.without("message", "dynamodb:GetItem"):
        rejected = connection.say({"prompt": "Hello", "sessionId": new_id(), "requestId": "r1"})
    assert (rejected["type"], rejected["code"], rejected["requestId"]) == ("rejected", "unavailable", "r1")
    assert "dynamodb:GetItem" in signed_gateway.denials("message")
