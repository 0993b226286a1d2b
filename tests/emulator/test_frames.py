"""The rules that the client holds the gateway to: they would notice."""

import json

import pytest

from frames import Reply, parse

NAMES = {"requestId": "r", "sessionId": "s"}


def frame(kind, seq, **members):
    return {"type": kind, **NAMES, "seq": seq, **members}


def failed(seq, code="interrupted"):
    return frame("failed", seq, code=code, message="m", retryable=True)


def reply(*frames):
    gathered = Reply()
    for each in frames:
        gathered.add(each)
    return gathered


STARTED, FIRST, SECOND = frame("started", 1), frame("output", 2, events=["a"]), frame("output", 3, events=["b", {"n": 1}])


def test_frames_are_put_in_order():
    whole = reply(SECOND, STARTED, frame("completed", 4), FIRST).check()
    assert (whole.events, whole.text) == (["a", "b", {"n": 1}], "ab")


def test_slices_are_one_event():
    slices = [frame("output", 2, part={"index": 0, "last": False}, text='"a'), frame("output", 3, part={"index": 1, "last": True}, text='b"')]
    assert reply(STARTED, *slices, frame("completed", 4)).events == ["ab"]


def test_names_belong_to_their_events():
    named = frame("output", 2, events=[1, 2], names={"1": "n"})
    last = frame("output", 3, part={"index": 0, "last": True}, text='"b"', name="m")
    assert [parse(json.dumps(each)) for each in (named, last)] == [named, last]
    assert reply(STARTED, named, last, frame("completed", 4)).names == [None, "n", "m"]


def test_a_gap_is_no_ending():
    gathered = reply(STARTED, SECOND, frame("completed", 4))
    assert (gathered.ending, gathered.last_seq) == (None, 1)


@pytest.mark.parametrize(
    "frames",
    [
        [STARTED, FIRST, frame("output", 2, events=["x"])],
        [STARTED, frame("completed", 2), frame("completed", 3)],
        [STARTED, frame("completed", 2), SECOND],
        [frame("completed", 1)],
        [STARTED, FIRST, failed(2, code="internal")],
    ],
    ids=["two-contents", "two-endings", "behind-the-ending", "without-a-start", "replaced-without-a-crash"],
)
def test_a_reply_that_breaks_a_rule_fails(frames):
    with pytest.raises(AssertionError):
        reply(*frames).check()


def test_what_a_dead_worker_had_pushed_is_void():
    assert reply(STARTED, FIRST, SECOND, failed(2)).check().frames == [STARTED, failed(2)]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({**STARTED, "more": 1}),
        json.dumps({"type": "started", **NAMES}),
        json.dumps({"message": "Internal server error", "connectionId": "c", "requestId": "r"}),
        json.dumps(frame("output", 2, events=["x" * 32768])),
        json.dumps(frame("output", 2, events=["x"], name="n")),
        json.dumps(frame("output", 2, events=["x"], names={"1": "n"})),
    ],
    ids=["a-member-too-many", "one-too-few", "of-api-gateway-itself", "too-large", "a-name-of-a-slice", "a-name-of-nothing"],
)
def test_a_message_that_breaks_a_rule_fails(text):
    with pytest.raises(AssertionError):
        parse(text)
