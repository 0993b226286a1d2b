"""The run that began before all tests. These are the last tests, so that nobody waits for it for long."""

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
