"""The log: every frame both ways, filter, copy, bounds."""

import json
import re

from playwright.sync_api import expect

from test_page import ask, last_turn, play, reply_of

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [↑↓•] .+")


def types(page, way):
    return page.locator(f"#frames li:visible .type.{way}")


def run_a_prompt(page, prompt):
    ask(page, prompt)
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    expect(page.locator("#frames .type", has_text="completed")).not_to_have_count(0)


def test_every_frame_is_logged_both_ways_with_its_time(page):
    run_a_prompt(page, "count to 3")
    expect(types(page, "local")).to_have_text(["open"])
    expect(types(page, "sent")).to_have_text(["resume", "prompt"])
    assert {"resumed", "accepted", "started", "output", "completed"} == set(types(page, "received").all_text_contents())
    for time in page.locator("#frames time").all_text_contents():
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}", time)


def test_filter_by_type_and_by_text(page):
    run_a_prompt(page, "count to 3")
    rows = page.locator("#frames li").count()
    page.get_by_label("Filter the log by type").select_option("↑ sent")
    expect(page.locator("#frames li:visible")).to_have_count(2)
    expect(page.locator("#log-count")).to_have_text(f"2 of {rows}")
    page.get_by_label("Filter the log by type").select_option("completed")
    expect(page.locator("#frames li:visible .type")).to_have_text(["completed"])
    page.get_by_label("Filter the log by type").select_option("All types")
    page.get_by_label("Filter the log by text").fill("COUNT to 3")
    expect(page.locator("#frames li:visible .type")).to_have_text(["prompt"])
    page.get_by_label("Filter the log by text").fill("")
    expect(page.locator("#frames li:visible")).to_have_count(rows)


def test_a_filter_holds_for_what_comes_later(page):
    page.get_by_label("Filter the log by text").fill('"started"')
    run_a_prompt(page, "count to 3")
    # A frame may come twice, around the resume with which the page begins.
    assert set(page.locator("#frames li:visible .type").all_text_contents()) == {"started"}


def test_copy_all_what_is_shown_and_one(page, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    run_a_prompt(page, "count to 3")
    page.get_by_role("button", name="Copy all").click()
    expect(page.locator("#copy-log")).to_have_text("Copied")
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert len(lines) == page.locator("#frames li").count()
    assert all(LINE.fullmatch(line) for line in lines)

    expect(page.locator("#copy-log")).to_have_text("Copy all")
    page.get_by_label("Filter the log by type").select_option("completed")
    page.get_by_role("button", name="Copy shown").click()
    expect(page.locator("#copy-log")).to_have_text("Copied")
    [line] = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert json.loads(line.split(" ↓ ")[1])["type"] == "completed"

    page.locator("#frames li:visible summary").click()
    page.locator("#frames .whole").get_by_role("button", name="Copy").click()
    expect(page.locator("#frames .whole button").first).to_have_text("Copied")
    assert json.loads(page.evaluate("navigator.clipboard.readText()"))["type"] == "completed"


def test_clear(page):
    run_a_prompt(page, "count to 3")
    page.locator("#clear-log").click()
    expect(page.locator("#frames li")).to_have_count(0)
    run_a_prompt(page, "again")


def test_a_long_stream_keeps_the_last_frames_and_the_whole_reply(context, gateway):
    page = context.new_page()
    count = 5_000

    def answers(message):
        if "prompt" not in message:
            return []
        ids = {key: message[key] for key in ("requestId", "sessionId")}
        frames = [{"type": "accepted", **ids}, {"type": "started", **ids, "seq": 1}]
        frames += [{"type": "output", **ids, "seq": seq, "events": [f"{seq} "]} for seq in range(2, count)]
        return [*frames, {"type": "completed", **ids, "seq": count}]

    play(page, gateway, answers)
    ask(page, "flood")
    expect(last_turn(page)).to_have_attribute("data-state", "completed")
    assert reply_of(last_turn(page)) == " ".join(str(seq) for seq in range(2, count))
    expect(page.locator("#log-count")).to_have_text("2000")
    expect(page.locator("#frames li")).to_have_count(2000)
    expect(page.locator("#frames .type").last).to_have_text("completed")


def test_a_message_is_laid_out_and_can_be_seen_as_it_came(page):
    run_a_prompt(page, "count to 3")
    page.locator("#frames summary", has_text="prompt").first.click()
    pre = page.locator("#frames pre")
    assert pre.text_content().startswith('{\n  "prompt": "count to 3"')
    page.get_by_role("button", name="As it came").click()
    assert pre.text_content().startswith('{"prompt":"count to 3"')


def test_the_log_is_exported_as_lines_of_json(page):
    run_a_prompt(page, "count to 3")
    page.get_by_label("Filter the log by type").select_option("↓ received")
    with page.expect_download() as download:
        page.locator("#export-log").click()
    assert download.value.suggested_filename == "gateway-log.jsonl"
    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert {line["direction"] for line in lines} == {"received"}
    assert lines[-1]["message"]["type"] == lines[-1]["type"] == "completed"


def test_who_reads_further_up_is_left_there_and_jumps_to_the_latest(page):
    for _ in range(4):
        run_a_prompt(page, "count to 40")
    log, latest = page.locator("#frames"), page.locator("#log-latest")
    expect(latest).to_be_hidden()
    log.evaluate("(log) => { log.scrollTop = 0 }")
    expect(latest).to_be_visible()
    run_a_prompt(page, "count to 3")
    assert log.evaluate("(log) => log.scrollTop") == 0
    latest.click()
    expect(latest).to_be_hidden()
    assert log.evaluate("(log) => log.scrollHeight - log.scrollTop - log.clientHeight") < 40


def test_the_log_has_a_usable_height_and_can_be_made_larger(page):
    run_a_prompt(page, "count to 200")
    log = page.locator("#log")
    before = log.bounding_box()["height"]
    assert before >= 350
    page.get_by_role("button", name="Enlarge").click()
    assert log.bounding_box()["height"] > before + 100
    page.get_by_role("button", name="Enlarge").click()
    assert log.evaluate("(log) => getComputedStyle(log).resize") == "vertical"


def test_clearing_the_log_can_be_undone(page):
    run_a_prompt(page, "count to 3")
    count = page.locator("#frames li").count()
    page.locator("#clear-log").click()
    expect(page.locator("#frames li")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#frames li")).to_have_count(count)
