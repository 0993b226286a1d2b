"""Prompts that are too large for one message."""

import json

import pytest
from driver import Driver

from agentcore_gateway_client.core.message import MAX_MESSAGE_BYTES

TEXT = "ä" * 100_000  # 200,000 bytes


@pytest.fixture
def uploads(driver: Driver) -> Driver:
    driver.connect()
    return driver


def offer(driver: Driver, upload: str = "u1", url: str = "http://gateway/uploads/u1?token=t") -> None:
    driver.receive(type="upload", uploadId=upload, url=url, expiresInMs=300_000)


def asked(driver: Driver) -> list[str]:
    """What the messages that were sent are, by their first member."""
    return [str(message.get("action", next(iter(message)))) for message in driver.sent()]


def test_a_large_prompt_is_uploaded_and_then_named(uploads: Driver) -> None:
    run = uploads.prompt(TEXT, parameters={"a": 1}, agent="critic")
    content = json.dumps({"prompt": TEXT, "parameters": {"a": 1}}, ensure_ascii=False, separators=(",", ":")).encode()
    assert uploads.sent() == [{"action": "upload", "bytes": len(content), "requestId": "r"}]
    offer(uploads)
    [put] = uploads.lines.puts
    assert (put.url, put.body, put.timeout) == ("http://gateway/uploads/u1?token=t", content, 300)
    assert put.headers == {"Content-Type": "application/json", "If-None-Match": "*"}
    assert uploads.sent() == []
    put.done(200)
    assert uploads.sent() == [{"upload": "u1", "agent": "critic", "sessionId": "s", "requestId": "r"}]
    uploads.accept()
    uploads.frame("started", 1)
    uploads.frame("completed", 2)
    assert run.state == "completed"


def test_what_fits_a_message_is_sent_as_it_is(uploads: Driver) -> None:
    rest = len(json.dumps({"prompt": "", "sessionId": "s", "requestId": "r"}, separators=(",", ":")))
    uploads.prompt("x" * (MAX_MESSAGE_BYTES - rest))
    assert asked(uploads) == ["prompt"]
    uploads.accept()
    uploads.prompt("x" * (MAX_MESSAGE_BYTES - rest), "rr")
    assert asked(uploads) == ["upload"]


def test_later_prompts_of_the_session_wait_for_an_upload_so_that_the_order_stays(uploads: Driver) -> None:
    uploads.prompt(TEXT)
    uploads.prompt("second", "r2")
    uploads.prompt("other", "r3", "other")
    offer(uploads)
    assert asked(uploads) == ["upload", "prompt"]
    uploads.lines.puts[0].done(200)
    uploads.accept()
    assert [message["requestId"] for message in uploads.sent()] == ["r", "r2"]


def test_one_address_is_asked_for_at_a_time(uploads: Driver) -> None:
    uploads.prompt(TEXT)
    uploads.prompt(TEXT, "r2", "other")
    assert [message["requestId"] for message in uploads.sent()] == ["r"]
    offer(uploads)
    assert [message["requestId"] for message in uploads.sent()] == ["r2"]


@pytest.mark.parametrize("status", [None, 403, 409, 503])
def test_an_upload_that_fails_is_tried_again_at_a_new_address(uploads: Driver, status: int | None) -> None:
    uploads.prompt(TEXT)
    offer(uploads)
    uploads.sent()
    uploads.lines.puts[0].done(status)
    assert uploads.sent() == []
    uploads.advance(3)
    assert asked(uploads) == ["upload"]
    offer(uploads, "u2")
    uploads.lines.puts[1].done(200)
    assert uploads.sent()[0]["upload"] == "u2"


def test_an_upload_that_takes_too_long_is_not_begun_anew(uploads: Driver) -> None:
    run = uploads.prompt(TEXT)
    uploads.prompt("second", "r2")
    offer(uploads)
    uploads.live(300)
    uploads.sent()
    uploads.lines.puts[0].done(None)
    uploads.engine.tick()
    assert run.ending is not None
    assert (run.ending.code, run.ending.retryable) == ("upload_failed", True)
    assert uploads.sent()[-1]["requestId"] == "r2"


def test_after_eight_tries_it_fails_with_the_reason_and_the_next_is_sent(uploads: Driver) -> None:
    run = uploads.prompt(TEXT)
    uploads.prompt("second", "r2")
    for _ in range(8):
        offer(uploads)
        uploads.lines.puts[-1].done(403)
        uploads.live(31)
    assert run.ending is not None
    assert (run.ending.code, run.ending.message) == ("upload_failed", "The upload was refused (403). Nothing was asked.")
    assert len(uploads.lines.puts) == 8
    assert {"prompt": "second", "sessionId": "s", "requestId": "r2"} in uploads.sent()


def test_a_refusal_that_may_pass_is_asked_again_and_one_that_does_not_is_told(uploads: Driver) -> None:
    run = uploads.prompt(TEXT)
    uploads.sent()
    uploads.reject("unavailable", retryable=True)
    uploads.advance(3)
    assert asked(uploads) == ["upload"]
    uploads.reject("too_large", message="An upload has 20 MB at most.")
    assert run.ending is not None
    assert (run.ending.code, run.ending.message) == ("too_large", "An upload has 20 MB at most.")


def test_where_there_are_no_uploads_that_is_said(uploads: Driver) -> None:
    run = uploads.prompt(TEXT)
    uploads.reject("invalid_request")
    assert run.ending is not None
    assert run.ending.code == "too_large"
    assert "takes no uploads of 0.2 MB" in (run.ending.message or "")


def test_an_upload_goes_on_while_the_connection_is_lost(uploads: Driver) -> None:
    uploads.prompt(TEXT)
    offer(uploads)
    uploads.sent()
    uploads.drop()
    uploads.lines.puts[0].done(200)
    uploads.reopen()
    assert uploads.sent() == [{"upload": "u1", "sessionId": "s", "requestId": "r"}]


def test_an_address_that_never_came_is_asked_for_again(uploads: Driver) -> None:
    uploads.prompt(TEXT)
    uploads.sent()
    uploads.drop()
    uploads.reopen()
    assert asked(uploads) == ["upload"]


def test_an_address_that_never_came_is_no_copy_of_the_prompt(uploads: Driver) -> None:
    run = uploads.prompt(TEXT)
    uploads.drop()
    uploads.reopen()
    offer(uploads)
    uploads.lines.puts[0].done(200)
    while run.ending is None:
        if asked(uploads)[-1:] == ["upload"]:
            uploads.reject("rate_limited", retryable=True)
        uploads.live(4)
    assert (run.ending.code, run.ending.retryable) == ("rate_limited", True)


def test_a_prompt_whose_answer_was_lost_names_the_same_upload_again(uploads: Driver) -> None:
    uploads.prompt(TEXT)
    offer(uploads)
    uploads.lines.puts[0].done(200)
    uploads.sent()
    uploads.drop()
    uploads.reopen()
    assert uploads.sent() == [{"upload": "u1", "sessionId": "s", "requestId": "r"}]
    assert len(uploads.lines.puts) == 1


def test_the_address_of_a_prompt_that_was_stopped_is_not_taken_by_the_next(uploads: Driver) -> None:
    run = uploads.prompt(TEXT)
    uploads.engine.stop(run)
    assert run.state == "stopped"
    uploads.prompt(TEXT, "r2")
    offer(uploads)
    assert uploads.lines.puts == []
    offer(uploads, "u2", "http://gateway/uploads/u2?token=t")
    assert [put.url for put in uploads.lines.puts] == ["http://gateway/uploads/u2?token=t"]


def test_the_refusal_of_an_address_for_a_prompt_that_was_stopped_is_no_address(uploads: Driver) -> None:
    uploads.engine.stop(uploads.prompt(TEXT))
    uploads.prompt(TEXT, "r2")
    uploads.reject("unavailable", retryable=True)
    offer(uploads, "u2")
    assert len(uploads.lines.puts) == 1


def test_a_stop_ends_an_upload_and_nothing_is_asked(uploads: Driver) -> None:
    run = uploads.prompt(TEXT)
    uploads.prompt("second", "r2")
    offer(uploads)
    uploads.sent()
    uploads.engine.stop(run)
    assert run.state == "stopped"
    assert [message["requestId"] for message in uploads.sent()] == ["r2"]
    uploads.lines.puts[0].done(200)
    assert uploads.sent() == []


def test_an_address_that_is_none_is_not_used_and_one_that_nobody_asked_for_neither(uploads: Driver) -> None:
    offer(uploads)
    uploads.prompt(TEXT)
    offer(uploads, url="file:///etc/passwd")
    assert uploads.lines.puts == []
