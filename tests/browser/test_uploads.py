"""Files with a prompt, and prompts of any size: against a gateway that the test plays, and against the real one."""

import base64
import json
import random
import re
import struct
import zlib

import pytest
from playwright.sync_api import expect

from conftest import PAGE
from test_page import ask, last_turn


def png(width, height):
    """A picture of noise, which does not get smaller by compression: three bytes for each point."""
    noise = random.Random(1)
    rows = b"".join(b"\0" + noise.randbytes(3 * width) for _ in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


SMALL = png(20, 10)  # some 600 bytes
LARGE = png(1300, 1290)  # 5 MB


class Played:
    """A gateway that the test plays: it offers addresses, takes what is put there, and answers each prompt with "done"."""

    def __init__(self, page, gateway, refusal=None, put=200):
        self.messages, self.puts, self.status, self.refusal = [], [], put, refusal
        page.route_web_socket(re.compile("."), self.serve)
        page.route(re.compile("/uploads/"), self.take)
        self.origin = gateway.http
        page.goto(gateway.http)

    def serve(self, socket):
        def on_message(text):
            message = json.loads(text)
            self.messages.append(message)
            for frame in self.answers(message):
                socket.send(json.dumps(frame))

        socket.on_message(on_message)

    def answers(self, message):
        if message.get("action") == "upload":
            number = len(self.puts) + 1
            offer = {"type": "upload", "uploadId": f"u{number}", "url": f"{self.origin}uploads/u{number}?token=t", "expiresInMs": 300_000}
            return [{**self.refusal, "requestId": message["requestId"]} if self.refusal else offer]
        if "action" in message:
            return []
        ids = {key: message[key] for key in ("requestId", "sessionId")}
        return [{"type": "accepted", **ids}, {"type": "started", "seq": 1, **ids}, {"type": "output", "seq": 2, "events": ["done"], **ids}, {"type": "completed", "seq": 3, **ids}]

    def take(self, route):
        self.puts.append(route.request)
        route.fulfill(status=self.status)

    def asked(self):
        """The prompts, each with what was uploaded for it."""
        prompts = [message for message in self.messages if "action" not in message]
        uploads = {f"u{number}": json.loads(put.post_data) for number, put in enumerate(self.puts, 1)}
        return [{**message, **uploads.get(message.get("upload"), {})} for message in prompts]


def attach(page, *files):
    page.locator("#files").set_input_files([{"name": name, "mimeType": kind, "buffer": data} for name, kind, data in files])


def chips(page):
    return page.get_by_role("list", name="Attached files").get_by_role("listitem")


def test_a_picture_goes_with_a_prompt_in_the_form_of_the_examples(context, gateway):
    page = context.new_page()
    played = Played(page, gateway)
    attach(page, ("a cat.png", "image/png", SMALL))
    expect(chips(page)).to_have_count(1)
    expect(chips(page)).to_contain_text("a cat.png")
    expect(chips(page).locator("img")).to_be_visible()
    ask(page, "What is in this picture?")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    expect(page.get_by_role("list", name="Attached files")).to_be_hidden()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("")
    [prompt] = played.asked()
    data = base64.b64encode(SMALL).decode()
    assert prompt["input"] == {"prompt": "What is in this picture?", "media": {"type": "image", "format": "png", "name": "a cat.png", "data": data}}
    assert played.puts == []
    turn = last_turn(page)
    expect(turn.locator(".ask")).to_contain_text("What is in this picture?")
    expect(turn.locator(".ask")).to_contain_text("a cat.png")
    expect(turn.locator(".ask img")).to_be_visible()


def test_several_files_are_a_list_and_each_can_be_taken_away(context, gateway):
    page = context.new_page()
    played = Played(page, gateway)
    attach(page, ("a.png", "image/png", SMALL), ("b.PDF", "application/pdf", b"%PDF"), ("c.csv", "text/csv", b"1,2"))
    attach(page, ("d.svg", "image/svg+xml", b"<svg/>"))
    expect(chips(page)).to_have_count(4)
    page.get_by_role("button", name="Remove a.png").click()
    expect(chips(page)).to_have_count(3)
    expect(page.get_by_label("Prompt", exact=True)).to_be_focused()
    page.get_by_label("Prompt", exact=True).press("Enter")  # files alone are enough
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    [prompt] = played.asked()
    media = prompt["input"]["media"]
    assert [(one["type"], one["format"], base64.b64decode(one["data"])) for one in media] == [
        ("document", "pdf", b"%PDF"),
        ("document", "csv", b"1,2"),
        ("image", "svg", b"<svg/>"),
    ]


def test_files_are_pasted_and_dropped(context, gateway):
    page = context.new_page()
    Played(page, gateway)
    for event, target in (("paste", "#prompt"), ("drop", "#turns")):
        page.locator(target).evaluate(
            """(target, event) => {
              const data = new DataTransfer();
              data.items.add(new File(["x"], `${event}.txt`, { type: "text/plain" }));
              const init = { bubbles: true, cancelable: true };
              target.dispatchEvent(event === "paste" ? new ClipboardEvent(event, { ...init, clipboardData: data }) : new DragEvent(event, { ...init, dataTransfer: data }));
            }""",
            event,
        )
    expect(chips(page)).to_have_text([re.compile("paste.txt"), re.compile("drop.txt")])


def test_pasted_text_stays_text(context, gateway):
    page = context.new_page()
    Played(page, gateway)
    page.locator("#prompt").evaluate(
        """(target) => {
          const data = new DataTransfer();
          data.setData("text/plain", "words");
          data.items.add(new File(["x"], "words.png", { type: "image/png" }));
          target.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: data }));
        }"""
    )
    expect(chips(page)).to_have_count(0)


def test_files_that_no_agent_would_take_are_refused_at_once(context, gateway):
    page = context.new_page()
    Played(page, gateway)
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File([new ArrayBuffer(70_000_001)], "film.mp4", { type: "video/mp4" }));
          const field = document.getElementById("files");
          field.files = data.files;
          field.dispatchEvent(new Event("change"));
        }"""
    )
    expect(page.locator("#prompt-error")).to_have_text("film.mp4 is too large: all files of a prompt may have 70.0 MB.")
    expect(chips(page)).to_have_count(0)


def test_what_is_too_large_for_a_message_is_uploaded_unnoticed(context, gateway):
    page = context.new_page()
    played = Played(page, gateway)
    attach(page, ("large.png", "image/png", LARGE))
    ask(page, "What is in this picture?")
    ask(page, "And now?")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    first, second = played.asked()
    assert base64.b64decode(first["input"]["media"]["data"]) == LARGE
    assert second["prompt"] == "And now?"
    [put] = played.puts
    assert (put.method, put.headers["content-type"], put.headers["if-none-match"]) == ("PUT", "application/json", "*")
    asked = [message for message in played.messages if message.get("action") == "upload"]
    assert asked == [{"action": "upload", "bytes": len(put.post_data_buffer), "requestId": first["requestId"]}]


def test_the_progress_of_an_upload_is_shown_and_it_can_be_stopped(context, gateway):
    page = context.new_page()
    played = Played(page, gateway)
    page.unroute(re.compile("/uploads/"))
    page.route(re.compile("/uploads/"), lambda route: None)  # it hangs
    ask(page, "x" * 200_000)
    expect(last_turn(page).locator(".badge")).to_have_text(re.compile(r"^uploading 200 kB, \d+ %$"))
    last_turn(page).get_by_role("button", name="Stop").click()
    expect(last_turn(page)).to_have_attribute("data-state", "stopped")
    ask(page, "short")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    assert [prompt.get("prompt") for prompt in played.asked()] == ["short"]


def test_a_large_prompt_that_is_refused_is_told_in_a_sentence(context, gateway):
    page = context.new_page()
    Played(page, gateway, refusal={"type": "rejected", "code": "too_large", "message": "An upload has 20 MB at most.", "retryable": False})
    ask(page, "x" * 200_000)
    expect(last_turn(page)).to_have_attribute("data-state", "rejected")
    expect(last_turn(page).locator(".reason")).to_have_text("too_large: An upload has 20 MB at most.")


def test_after_a_reload_the_files_of_a_prompt_are_still_shown(context, gateway):
    page = context.new_page()
    Played(page, gateway)
    attach(page, ("large.png", "image/png", LARGE))
    ask(page, "What is in this picture?")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    page.reload()
    expect(last_turn(page).locator(".ask")).to_contain_text("large.png")
    expect(last_turn(page).locator(".ask img")).to_be_visible()
    expect(last_turn(page).locator(".ask .size")).to_have_text("5.0 MB")
    assert page.evaluate("JSON.stringify(localStorage).length") < 100_000


def test_a_raw_prompt_that_is_too_large_for_a_frame_is_uploaded(context, gateway):
    page = context.new_page()
    played = Played(page, gateway)
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#pill")).to_have_text("Connected")
    history = {"input": {"messages": [{"role": "user", "content": "x" * 1000}] * 200}, "requestId": "mine"}
    page.locator("#raw").fill(json.dumps(history))
    expect(page.locator("#raw-size")).to_contain_text("a prompt is uploaded")
    page.get_by_role("button", name="Send raw").click()
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    [prompt] = played.asked()
    assert (prompt["input"], prompt["requestId"]) == (history["input"], "mine")


# ---- the real gateway


@pytest.fixture
def sizes(gateway_with):
    """A gateway with uploads of up to 8 MB, which a picture of 5 MB just fits."""
    return gateway_with("--max-upload-bytes", "8000000")


def test_a_picture_of_5_mb_reaches_the_agent(context, sizes):
    page = context.new_page()
    page.goto(sizes.http)
    attach(page, ("large.png", "image/png", LARGE))
    ask(page, "What is in this picture?")
    turn = last_turn(page)
    expect(turn).to_have_attribute("data-state", "completed")
    expect(turn.locator(".ask img")).to_be_visible()
    expect(page.locator("#frames")).to_contain_text("of a prompt were uploaded")


def test_a_history_of_200_kb_reaches_the_agent(page):
    history = [{"role": "user", "content": f"{number} " + "ä" * 500} for number in range(200)]
    page.get_by_role("button", name="Connect").click()
    page.locator("#options-summary").click()
    page.get_by_role("switch", name="whole input, as JSON").check()
    ask(page, json.dumps({"prompt": "Go on", "messages": history}))
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    page.get_by_role("switch", name="whole input, as JSON").uncheck()
    ask(page, "x" * 200_000)
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    expect(last_turn(page).locator(".reply")).to_contain_text("xxx")


def test_an_upload_beyond_the_limit_is_refused_with_a_reason(context, sizes):
    page = context.new_page()
    page.goto(sizes.http)
    attach(page, ("film.mp4", "video/mp4", bytes(7_000_000)))
    ask(page, "What happens here?")
    expect(last_turn(page)).to_have_attribute("data-state", "rejected")
    expect(last_turn(page).locator(".reason")).to_contain_text("too_large")


def test_a_page_from_disk_uploads_too(context, gateway_with):
    gateway = gateway_with("--allow-origin", "null")
    page = context.new_page()
    page.goto(PAGE.as_uri())
    page.get_by_label("WebSocket URL").fill(gateway.ws)
    ask(page, "x" * 200_000)
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
