"""The client without asyncio, against a real gateway."""

import threading

import pytest

from agentcore_gateway_client import GatewayError, RunFailed
from agentcore_gateway_client.sync import connect


def test_a_reply_comes_piece_by_piece(url: str) -> None:
    with connect(url) as gateway, gateway.prompt("count to 30") as run:
        assert [event.data for event in run] == [f"{number} " for number in range(1, 31)]
        assert list(run.text()) == [f"{number} " for number in range(1, 31)]
        assert run.ending.outcome == run.state == "completed"
        assert run.result() == "".join(run.text())
        assert len(run.events) == 30


def test_text_that_is_spread_comes_at_once_when_the_run_has_ended(url: str) -> None:
    with connect(url) as gateway, gateway.prompt("count to 30") as run:
        assert "".join(run.text(smooth=True)) == run.result()
        assert list(run.text(smooth=True)) == [run.result()]


def test_a_failure_is_raised_after_the_last_event(url: str) -> None:
    with connect(url) as gateway:
        pieces: list[str] = []
        with pytest.raises(RunFailed) as caught:
            pieces.extend(gateway.prompt("fail").text())
        assert caught.value.code == "agent_error"
        assert caught.value.message == "the demo agent was asked to fail"


def test_stop_and_resume(url: str) -> None:
    with connect(url, session_id="sync") as gateway:
        run = gateway.prompt("count to 3000")
        next(iter(run))
        assert run.stop().outcome == "stopped"
    with connect(url, session_id="sync") as gateway:
        gateway.connected()
        again = gateway.resume()
        assert again is not None
        assert (again.request_id, again.ending.outcome, again.session_id) == (run.request_id, "stopped", "sync")
        assert again.events == run.events


def test_a_second_close_does_nothing_and_what_is_asked_after_it_is_refused(url: str) -> None:
    with connect(url) as gateway:
        gateway.close()
        gateway.close()
    for ask in (lambda: gateway.prompt("Hello"), gateway.resume, gateway.connected):
        with pytest.raises(GatewayError) as caught:
            ask()
        assert caught.value.code == "closed"
    assert gateway.connection.state == "closed"


def test_what_is_known_of_a_run_is_known_after_the_close_too(url: str) -> None:
    with connect(url) as gateway:
        whole = gateway.prompt("count to 3")
        assert whole.result() == "1 2 3 "
        cut = gateway.prompt("count to 10000")
        next(iter(cut))
    assert (whole.result(), whole.stop().outcome) == ("1 2 3 ", "completed")
    assert list(whole.text(smooth=True)) == ["1 2 3 "]
    assert (cut.ending.code, cut.state) == ("closed", "failed")
    with pytest.raises(RunFailed):
        list(cut)


def test_what_can_never_work_is_an_error_at_once_and_leaves_no_thread() -> None:
    before = threading.active_count()
    with pytest.raises(ValueError, match="not an address"):
        connect("")
    assert threading.active_count() == before


def test_no_connection_is_told() -> None:
    with connect("ws://127.0.0.1:1") as gateway, pytest.raises(GatewayError) as caught:
        gateway.connected()
    assert (caught.value.code, caught.value.retryable) == ("not_connected", True)
