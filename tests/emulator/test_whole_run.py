"""The run that began before all tests, and what is left of deployments. These are the last tests: nobody waits for the run for long,
and nothing needs what is destroyed."""

from leftovers import leftovers
from waiting import until


def test_a_run_outlives_its_worker_by_minutes(whole_run, agentcore):
    sent, reply = whole_run.result()
    assert reply.events == list(range(sent)) and reply.ending["type"] == "completed"
    # It was called once, and the call was over at once.
    (call,) = agentcore.calls(whole_run.request)
    worker = whole_run.gateway.emulator.client("lambda").get_function_configuration(FunctionName=whole_run.gateway.function("worker"))
    assert worker["Timeout"] == 60 and call.finished.is_set()
    # Who looks after it finds that it has ended, and forgets it.
    if whole_run.gateway.watched():
        whole_run.gateway.watch_now(whole_run.client.session)
    until(lambda: not whole_run.gateway.watched(), "nobody looks after it any more")
    # A message is deleted after its push: the client may have its ending a moment before.
    until(lambda: not whole_run.gateway.waiting_replies(), "all messages are relayed")


def test_destroy_leaves_nothing_of_long_runs(whole_run, long_gateway, emulator):
    whole_run.result()
    assert any(name.endswith("-replies.fifo") for name in leftovers(emulator, long_gateway.project)["sqs QueueUrls"])
    long_gateway.destroy()
    assert leftovers(emulator, long_gateway.project) == {}


def test_destroy_leaves_nothing_of_a_gateway_that_asks_for_tokens(authenticated_gateway, emulator):
    assert leftovers(emulator, authenticated_gateway.project) != {}
    authenticated_gateway.destroy()
    assert leftovers(emulator, authenticated_gateway.project) == {}
