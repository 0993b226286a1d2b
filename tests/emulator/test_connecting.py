"""Who may connect where nobody authenticates, and what a connection can be asked without an agent."""

import pytest
from websockets.exceptions import InvalidStatus

from conftest import ALLOWED_ORIGIN
from waiting import until


def status_of_refusal(connect, **options):
    with pytest.raises(InvalidStatus) as refused:
        connect(**options)
    return refused.value.response.status_code


@pytest.mark.parametrize("origin", [None, ALLOWED_ORIGIN])
def test_a_client_without_an_origin_and_an_allowed_page_may_connect(connect, origin):
    connect(origin=origin).catch_up()


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", ALLOWED_ORIGIN + ".evil.example.com"])
def test_a_page_of_another_origin_may_not_connect(connect, origin):
    # API Gateway passes the function's status on; the emulator makes 403 of every refusal.
    assert status_of_refusal(connect, origin=origin) == 403


def test_a_session_id_that_breaks_the_rule_is_refused(connect):
    assert status_of_refusal(connect, query="?sessionId=") == 403


def test_a_ping_is_answered_without_a_function(client, gateway):
    running = {process.pid for process in gateway.processes("message")}
    client.send({"action": "ping"})
    assert client.answer() == {"type": "pong"}
    assert {process.pid for process in gateway.processes("message")} == running


def test_an_echo_gives_the_data_back(client):
    client.send({"action": "echo", "data": {"a": [1, None]}})
    assert client.answer() == {"type": "echo", "data": {"a": [1, None]}}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"prompt": " "}, "invalid_request"),
        ({"prompt": "a", "input": {}}, "invalid_request"),
        ({"action": "dance"}, "invalid_request"),
        ({"prompt": "Hello", "agent": "nobody"}, "unknown_agent"),
        ({"action": "stop", "sessionId": "nothing-runs-here"}, "not_found"),
        ({"action": "resume"}, "invalid_request"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_rejected_with_its_reason(client, message, code):
    client.send(message)
    rejected = client.answer("rejected")
    assert (rejected["code"], rejected["retryable"]) == (code, False)


def test_a_connection_that_closes_is_forgotten(connect, gateway, emulator):
    table = emulator.client("dynamodb")

    def connections():
        items = table.scan(TableName=gateway.table, ConsistentRead=True)["Items"]
        return {item["pk"]["S"] for item in items if item["pk"]["S"].startswith("CONNECTION#")}

    before = connections()
    client = connect()
    (own,) = connections() - before
    client.cut()
    until(lambda: own not in connections(), "the connection's item is gone")
