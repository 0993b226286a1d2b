"""Telling of runs that have ended: by an event bus, a rule and a queue. Without the permission: test_permissions.py."""

from agentcore_double import Refuse
from client import new_id
from conftest import COUNT
from event_bus import DETAIL_TYPE, SOURCE
from waiting import until


def told(bus, request):
    """The only event about a request, as soon as it is there."""
    (event,) = until(lambda: bus.of(request), "the bus has the event")
    return event


def test_the_bus_is_told_of_a_run_that_is_complete(client, bus):
    request = client.ask("Hello")
    client.ending(request)
    event = told(bus, request)
    assert (event["source"], event["detail-type"]) == (SOURCE, DETAIL_TYPE)
    detail = event["detail"]
    assert 0 < detail.pop("durationMs") < 60_000
    assert detail == {
        "principal": "anonymous",
        "sessionId": client.session,
        "requestId": request,
        "agent": "default",
        "outcome": "completed",
        "connections": 1,
    }


def test_the_bus_is_told_that_nobody_was_connected_to_see_it(client, gateway, bus, held):
    request, hold = held()
    # Its worker looks each second who is there, and the rest of this takes longer: an event goes out each millisecond.
    client.ask("count to 3000", request=request)
    client.output(request)
    client.cut()
    until(lambda: not gateway.attached(client.session), "nobody is attached")
    hold.release()
    assert told(bus, request)["detail"]["connections"] == 0


def test_the_bus_is_told_why_a_run_has_failed(client, agentcore, bus):
    request = new_id()
    agentcore.behave(request, Refuse(404, "ResourceNotFoundException"))
    client.ask("Hello", request=request)
    client.ending(request)
    detail = told(bus, request)["detail"]
    assert (detail["outcome"], detail["code"]) == ("failed", "agent_unavailable")


def test_the_bus_is_told_of_a_stop(client, bus, held):
    request, hold = held()
    client.ask(COUNT, request=request)
    client.output(request)
    client.stop(request)
    client.answer("stopping")
    client.ending(request)
    hold.release()
    detail = told(bus, request)["detail"]
    assert detail["outcome"] == "stopped" and "code" not in detail


def test_the_closer_tells_of_what_no_worker_could_take(client, gateway, bus):
    with gateway.unable_to_start("worker"), gateway.visibility(1):
        request = client.ask("Hello")
        client.ending(request, seconds=60)
    detail = told(bus, request)["detail"]
    assert (detail["outcome"], detail["code"], detail["durationMs"]) == ("failed", "internal", 0)
