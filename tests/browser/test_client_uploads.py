"""Prompts that are too large for one message, by the client alone: a fake socket, a fake HTTP request, and a clock that the test
moves."""

import json

import pytest

from test_client_rules import Driver, resumed

FAKE_REQUEST = """
globalThis.XMLHttpRequest = class {
  static all = [];
  upload = {};
  headers = {};
  open(method, url) { Object.assign(this, { method, url }); XMLHttpRequest.all.push(this); }
  setRequestHeader(name, value) { this.headers[name.toLowerCase()] = value; }
  send(body) { this.text = new TextDecoder().decode(body); this.bytes = body.length; }
  abort() { this.aborted = true; this.onabort?.(); }
};
"""
TEXT = "ä" * 20_000  # 40,000 bytes


class Uploads(Driver):
    def __init__(self, page):
        page.add_script_tag(content=FAKE_REQUEST)
        super().__init__(page)
        self.connect()
        self.receive(type="resumed", requestId=None, sessionId="s", after=0, state="idle")
        self.sent()

    def offer(self, upload="u1", url="http://gateway/uploads/u1?token=t"):
        self.receive(type="upload", uploadId=upload, url=url, expiresInMs=300_000)

    def puts(self):
        return self.do("return XMLHttpRequest.all.map(({ method, url, headers, text, bytes, aborted = false }) => ({ method, url, headers, text, bytes, aborted }))")

    def answer_put(self, status):
        self.do("const put = XMLHttpRequest.all.at(-1); put.status = argument; put.onload()", status)

    def upload(self, request="r"):
        return self.do("const { bytes, sent, id } = client.requests.get(argument + ' s').upload; return { bytes, sent, id }", request)


@pytest.fixture
def driver(context):
    return Uploads(context.new_page())


def test_a_large_prompt_is_uploaded_and_then_named(driver):
    driver.prompt(TEXT)
    content = json.dumps({"prompt": TEXT}, ensure_ascii=False, separators=(",", ":"))
    assert driver.sent() == [{"action": "upload", "bytes": len(content.encode()), "requestId": "r"}]
    driver.offer()
    [put] = driver.puts()
    assert (put["method"], put["url"]) == ("PUT", "http://gateway/uploads/u1?token=t")
    assert put["headers"] == {"content-type": "application/json", "if-none-match": "*"}
    assert (put["text"], put["bytes"]) == (content, len(content.encode()))
    assert driver.sent() == []
    driver.answer_put(200)
    assert driver.sent() == [{"upload": "u1", "sessionId": "s", "requestId": "r"}]
    driver.accept()
    driver.run_frame("started", 1)
    driver.run_frame("completed", 2)
    assert driver.request()["state"] == "completed"


def test_all_that_the_agent_is_to_get_is_uploaded_and_nothing_else(driver):
    driver.do("client.prompt({ prompt: argument, parameters: { a: 1 } }, { requestId: 'r', agent: 'critic' })", TEXT)
    driver.offer()
    assert json.loads(driver.puts()[0]["text"]) == {"prompt": TEXT, "parameters": {"a": 1}}
    driver.sent()
    driver.answer_put(200)
    assert driver.sent() == [{"upload": "u1", "agent": "critic", "sessionId": "s", "requestId": "r"}]
    driver.accept()
    driver.do("client.prompt({ input: { messages: [argument] } }, { requestId: 'r2' })", TEXT)
    driver.offer("u2")
    assert json.loads(driver.puts()[1]["text"]) == {"input": {"messages": [TEXT]}}


def test_what_fits_a_frame_is_sent_as_it_is(driver):
    rest = len(json.dumps({"prompt": "", "sessionId": "s", "requestId": "r"}, separators=(",", ":")))
    driver.prompt("x" * (32_768 - rest))
    assert [list(message) for message in driver.sent()] == [["prompt", "sessionId", "requestId"]]
    driver.accept()
    driver.prompt("x" * (32_768 - rest), "rr")
    assert [list(message) for message in driver.sent()] == [["action", "bytes", "requestId"]]


def test_later_prompts_wait_for_an_upload_so_that_the_order_stays(driver):
    driver.prompt(TEXT)
    driver.prompt("second", "r2")
    driver.offer()
    driver.advance(5)
    assert [message.get("action") for message in driver.sent()] == ["upload"]
    driver.answer_put(200)
    assert [message["requestId"] for message in driver.sent()] == ["r"]
    driver.accept()
    assert [message["requestId"] for message in driver.sent()] == ["r2"]


def test_it_is_told_how_much_has_been_uploaded(driver):
    driver.do("client.addEventListener('upload', ({ detail }) => seen.push(`upload ${detail.request.upload.sent}`))")
    driver.prompt(TEXT)
    driver.offer()
    for sent in (10_000, 30_000):
        driver.do("XMLHttpRequest.all.at(-1).upload.onprogress({ loaded: argument })", sent)
    driver.answer_put(200)
    assert driver.do("return seen") == ["upload 0", "upload 0", "upload 10000", "upload 30000", "upload 40013"]
    assert driver.upload() == {"bytes": 40_013, "sent": 40_013, "id": "u1"}


@pytest.mark.parametrize("failure", ["onerror", 403, 409, 503])
def test_an_upload_that_fails_is_tried_again_at_a_new_address(driver, failure):
    driver.prompt(TEXT)
    driver.offer()
    driver.sent()
    if isinstance(failure, int):
        driver.answer_put(failure)
    else:
        driver.do("XMLHttpRequest.all.at(-1)[argument]()", failure)
    assert driver.sent() == []
    driver.advance(3)
    assert [message["action"] for message in driver.sent()] == ["upload"]
    driver.offer("u2", "http://gateway/uploads/u2?token=t")
    driver.answer_put(200)
    assert [message["upload"] for message in driver.sent()] == ["u2"]


def test_an_upload_that_takes_too_long_is_not_begun_anew(driver):
    driver.prompt(TEXT)
    driver.prompt("second", "r2")
    driver.offer()
    driver.do("XMLHttpRequest.all.at(-1).ontimeout()")
    said = driver.do("const { state, code, reason, retryable } = client.requests.get('r s'); return { state, code, reason, retryable }")
    assert said == {"state": "rejected", "code": "upload_failed", "reason": "The upload took too long. Nothing was asked.", "retryable": True}
    assert driver.sent()[-1]["requestId"] == "r2"


def test_an_upload_that_fails_while_the_connection_is_lost_waits_before_it_is_tried_again(driver):
    driver.prompt(TEXT)
    driver.offer()
    driver.drop()
    driver.do("XMLHttpRequest.all.at(-1).onerror()")
    assert driver.do("const { sentAt, dueAt } = client.requests.get('r s'); return dueAt > sentAt && sentAt > 0")


def test_the_address_of_a_prompt_that_was_stopped_is_not_taken_by_the_next(driver):
    driver.prompt(TEXT)
    driver.do("client.stop('r')")
    driver.prompt(TEXT, "r2")
    driver.offer("u1", "http://gateway/uploads/u1?token=t")
    assert driver.puts() == []
    driver.offer("u2", "http://gateway/uploads/u2?token=t")
    assert [put["url"] for put in driver.puts()] == ["http://gateway/uploads/u2?token=t"]


def test_the_refusal_of_an_address_for_a_prompt_that_was_stopped_is_no_address(driver):
    driver.prompt(TEXT)
    driver.do("client.stop('r')")
    driver.prompt(TEXT, "r2")
    driver.receive(type="rejected", requestId="r", code="unavailable", message="No room.", retryable=True)
    driver.offer("u2", "http://gateway/uploads/u2?token=t")
    assert len(driver.puts()) == 1


def test_a_prompt_of_another_tab_is_followed_though_this_page_does_not_have_it(driver):
    driver.do("client.track({ requestId: 'r', message: null })")
    driver.advance(2)
    assert driver.request()["code"] == "not_sent"
    driver.run_frame("started", 1)
    driver.run_frame("completed", 2)
    assert driver.request()["state"] == "completed"


def test_after_five_tries_the_prompt_is_rejected_with_the_reason_and_the_next_is_sent(driver):
    driver.prompt(TEXT)
    driver.prompt("second", "r2")
    for _ in range(5):
        driver.offer()
        driver.answer_put(403)
        driver.advance(20)
    said = driver.do("const { state, code, reason, retryable } = client.requests.get('r s'); return { state, code, reason, retryable }")
    assert said == {"state": "rejected", "code": "upload_failed", "reason": "The upload was refused (403). Nothing was asked.", "retryable": True}
    assert len(driver.puts()) == 5
    assert driver.sent()[-1]["requestId"] == "r2"


def test_a_refusal_that_may_pass_is_asked_again_and_one_that_does_not_is_told(driver):
    driver.prompt(TEXT)
    driver.sent()
    driver.receive(type="rejected", requestId="r", code="unavailable", message="There is no room.", retryable=True)
    driver.advance(3)
    assert [message["action"] for message in driver.sent()] == ["upload"]
    driver.receive(type="rejected", requestId="r", code="too_large", message="An upload has 20 MB at most.", retryable=False)
    assert driver.request()["state"] == "rejected"
    assert driver.do("return client.requests.get('r s').reason") == "An upload has 20 MB at most."


def test_where_there_are_no_uploads_that_is_said(driver):
    driver.prompt(TEXT)
    driver.receive(type="rejected", requestId="r", code="invalid_request", message="\"action\" must be …", retryable=False)
    assert driver.request()["code"] == "too_large"
    assert "takes no uploads" in driver.do("return client.requests.get('r s').reason")


def test_an_upload_goes_on_while_the_connection_is_lost(driver):
    driver.prompt(TEXT)
    driver.offer()
    driver.drop()
    driver.answer_put(200)
    driver.reopen()
    assert driver.sent()[-1] == {"upload": "u1", "sessionId": "s", "requestId": "r"}
    assert len(driver.puts()) == 1


def test_an_address_that_never_came_is_asked_for_again(driver):
    driver.prompt(TEXT)
    driver.drop()
    driver.reopen()
    assert driver.sent()[-1]["action"] == "upload"
    driver.offer()
    driver.answer_put(200)
    assert driver.sent()[-1]["upload"] == "u1"


def test_a_prompt_whose_answer_was_lost_names_the_same_upload_again(driver):
    driver.prompt(TEXT)
    driver.offer()
    driver.answer_put(200)
    driver.drop()
    driver.reopen()
    assert driver.sent()[-1] == {"upload": "u1", "sessionId": "s", "requestId": "r"}
    assert len(driver.puts()) == 1


def test_a_stop_ends_an_upload_and_nothing_is_asked(driver):
    driver.prompt(TEXT)
    driver.prompt("second", "r2")
    driver.offer()
    driver.sent()
    driver.do("client.stop('r')")
    assert driver.request()["state"] == "stopped"
    assert driver.puts()[0]["aborted"]
    assert [message["requestId"] for message in driver.sent()] == ["r2"]


def test_an_address_that_is_none_is_not_used_and_one_that_nobody_asked_for_neither(driver):
    driver.offer()
    driver.prompt(TEXT)
    driver.offer(url="javascript:alert(1)")
    assert driver.puts() == []


def test_a_large_prompt_that_was_not_uploaded_before_a_reload_is_said_not_to_be_sent(driver):
    driver.do("client.track({ requestId: 'r', message: null })")
    driver.do("client.track({ requestId: 'r2', message: { upload: 'u1', sessionId: 's', requestId: 'r2' } })")
    driver.advance(2)
    assert (driver.request()["state"], driver.request()["code"]) == ("rejected", "not_sent")
    assert driver.sent() == [{"upload": "u1", "sessionId": "s", "requestId": "r2"}]
    resumed(driver, 0)
