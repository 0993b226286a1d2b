"""Checks of runs: each holds for the real gateway, and fails for one that breaks the rule."""

import json

import pytest
from conftest import outcome
from faulty import Fault

RULES = ["reply", "order", "once", "resume", "devices", "stop", "silence", "uploads"]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("fault", [None, Fault()], ids=["alone", "behind the proxy"])
def test_the_gateway_passes(url, name, fault):
    assert outcome(url, name, fault)[0] == "ok"


@pytest.mark.parametrize("name", [name for name in RULES if name != "stop"])
def test_an_agent_that_fails_is_a_finding(url, name):
    result, words = outcome(url, name, prompt="fail", long_prompt="fail", silent_prompt="fail")
    assert result == "broken" and "agent_error: the demo agent was asked to fail" in words


@pytest.mark.parametrize("name", RULES)
def test_an_agent_that_is_not_known_is_a_finding(url, name):
    result, words = outcome(url, name, agent="nobody")
    assert result == "broken" and "unknown_agent" in words


class Frames(Fault):
    """What `change` makes of each message to the client, a list, is sent in its place."""

    def __init__(self, change):
        self._change = change

    async def to_client(self, line, frame, text):
        for message in self._change(line, frame):
            await line.client.send(json.dumps(message))
        line.sent.append(frame)


def was_sent(line, **members):
    return any(isinstance(sent, dict) and members.items() <= sent.items() for sent in line.sent)


def a_frame_is_lost(line, frame):
    return [] if frame.get("seq") == 2 else [frame]


def the_ending_is_lost(line, frame):
    return [] if frame["type"] == "completed" else [frame]


def two_frames_are_swapped(line, frame):
    if frame.get("seq") == 2:
        return []
    return [frame, frame | {"seq": 2, "type": "output", "events": []}] if frame.get("seq") == 3 else [frame]


def a_number_comes_twice(line, frame):
    return [frame, frame | {"events": ["other"]}] if frame.get("seq") == 2 else [frame]


def something_comes_behind_the_ending(line, frame):
    return [frame, frame | {"seq": frame["seq"] + 1}] if frame["type"] == "completed" else [frame]


def it_does_not_start(line, frame):
    return [frame | {"type": "output", "events": []}] if frame["type"] == "started" else [frame]


def accepted_names_another_request(line, frame):
    return [frame | {"requestId": "another"}] if frame["type"] == "accepted" else [frame]


def it_is_refused(line, frame):
    rejected = {"type": "rejected", "code": "unavailable", "message": "The queue is away.", "retryable": True}
    return [rejected] if frame["type"] == "accepted" else [frame]


def a_frame_belongs_to_nothing(line, frame):
    return [{name: value for name, value in frame.items() if name != "requestId"}] if frame["type"] == "started" else [frame]


def it_is_interrupted(line, frame):
    failed = {"type": "failed", "code": "interrupted", "message": "The worker died.", "retryable": True}
    return [frame | failed] if frame["type"] == "completed" else [frame]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (a_frame_is_lost, "not all frames before the ending came"),
        (the_ending_is_lost, "the ending did not come"),
        (two_frames_are_swapped, "not in the order of seq"),
        (a_number_comes_twice, "two frames with seq 2 differ"),
        (something_comes_behind_the_ending, "came behind the ending"),
        (it_does_not_start, "and not started"),
        (accepted_names_another_request, "accepted names another"),
        (it_is_refused, "unavailable: The queue is away."),
        (a_frame_belongs_to_nothing, "without a requestId"),
        (it_is_interrupted, "should be completed, and is failed (interrupted"),
    ],
)
def test_a_reply_that_is_not_whole_or_in_order(url, change, words):
    result, told = outcome(url, "reply", Frames(change), patience=1, longest_run=4)
    assert result == "broken" and words in told


class OneFrameLate(Fault):
    """The first run's last frame comes behind the second run."""

    def __init__(self):
        self._held = None

    async def to_client(self, line, frame, text):
        if frame["type"] == "completed" and self._held is None:
            self._held = text
            return
        await line.client.send(text)
        if frame["type"] == "completed" and self._held:
            await line.client.send(self._held)
            self._held = ""


def test_runs_of_a_session_that_overlap(url):
    result, words = outcome(url, "order", OneFrameLate())
    assert result == "broken" and "in the order [1, 2, 1, 3]" in words


def a_repeated_prompt_runs(line, frame):
    again = frame["type"] == "accepted" and was_sent(line, type="accepted", requestId=frame["requestId"])
    return [frame, *(sent for sent in line.sent if isinstance(sent, dict) and sent.get("seq") == 1)] if again else [frame]


def test_a_prompt_that_runs_twice(url):
    result, words = outcome(url, "once", Frames(a_repeated_prompt_runs))
    assert result == "broken" and "ran again: started" in words


def first_line_only(change):
    return lambda line, frame: change(line, frame) if line.number == 0 else [frame]


def others_only(change):
    return lambda line, frame: [frame] if line.number == 0 else change(line, frame)


def other_output(line, frame):
    return [frame | {"events": ["other"]}] if frame["type"] == "output" else [frame]


def nothing_of_runs(line, frame):
    return [] if "seq" in frame else [frame]


def only_the_first_of_two(line, frame):
    return [] if frame.get("seq") == 3 else [frame]


def the_replay_begins_at_the_start(line, frame):
    return [frame | {"after": 0}] if frame["type"] == "resumed" else [frame]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (others_only(only_the_first_of_two), "not all frames before the ending"),
        (others_only(nothing_of_runs), "the ending did not come"),
        (lambda line, frame: other_output(line, frame) if line.number == 2 else [frame], "differs"),
        (others_only(the_replay_begins_at_the_start), "another frame, than was asked for"),
        (others_only(lambda line, frame: [] if frame["type"] == "resumed" else [frame]), "resumed did not come"),
    ],
)
def test_a_resume_that_does_not_bring_all(url, change, words):
    result, told = outcome(url, "resume", Frames(change), patience=1, longest_run=4)
    assert result == "broken" and words in told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (others_only(nothing_of_runs), "did not get all"),
        (others_only(a_frame_is_lost), "did not get all"),
        (others_only(two_frames_are_swapped), "not in the order"),
        (others_only(other_output), "got other frames"),
        (first_line_only(nothing_of_runs), "the ending did not come"),
    ],
)
def test_devices_that_do_not_get_the_same(url, change, words):
    result, told = outcome(url, "devices", Frames(change), patience=1, longest_run=4)
    assert result == "broken" and words in told


class Stops(Fault):
    """Answers stops itself, those of a session's first run or of the others, and does nothing."""

    def __init__(self, first):
        self._first = first

    async def to_gateway(self, line, parts):
        message = json.loads("".join(parts))
        if message.get("action") != "stop" or (message["requestId"] == json.loads(line.sent[0])["requestId"]) != self._first:
            await super().to_gateway(line, parts)
            return
        await line.client.send(json.dumps({"type": "stopping", "requestId": message["requestId"], "sessionId": message["sessionId"]}))


@pytest.mark.parametrize("first", [True, False], ids=["running", "waiting"])
def test_a_stop_that_does_nothing(url, first):
    result, words = outcome(url, "stop", Stops(first), long_prompt="count to 150")
    assert result == "broken" and "should be stopped, and is completed" in words


def test_a_reply_that_is_over_before_its_worker_looks_for_a_stop(url):
    result, words = outcome(url, "stop", Stops(True))
    assert result == "skipped" and "--long-prompt" in words


def test_a_stop_that_is_not_answered(url):
    result, words = outcome(url, "stop", Frames(lambda line, frame: [] if frame["type"] == "stopping" else [frame]), patience=1)
    assert result == "broken" and "stopping did not come" in words


def a_stopped_prompt_began(line, frame):
    return [frame | {"type": "started"}, frame | {"seq": 2}] if frame["type"] == "stopped" and frame["seq"] == 1 else [frame]


def test_a_waiting_prompt_that_runs_before_it_is_stopped(url):
    assert outcome(url, "stop", Frames(a_stopped_prompt_began)) == ("broken", "a prompt that was stopped while it waited has run")


class SlowFirstOutput(Fault):
    """Holds a first run back until it is over, so that it is over when the client knows of it."""

    async def to_client(self, line, frame, text):
        is_first = frame.get("requestId") == json.loads(line.sent[0])["requestId"]
        if is_first and "seq" in frame and frame["type"] != "completed":
            line.held = [*getattr(line, "held", []), text]
            return
        for held in [*(line.held if is_first and "seq" in frame else []), text]:
            await line.client.send(held)


def test_a_reply_that_is_over_too_soon_to_be_stopped(url):
    result, words = outcome(url, "stop", SlowFirstOutput(), long_prompt="count to 3")
    assert result == "skipped" and "--long-prompt" in words


class CutsTheSilent(Fault):
    """Gives up on a run of which nothing comes for as long as a second, as API Gateway does after 29."""

    async def to_client(self, line, frame, text):
        await line.client.send(text)
        if frame["type"] == "started":
            await line.client.close(1011)


def test_a_silence_that_is_cut(url):
    result, words = outcome(url, "silence", CutsTheSilent())
    assert result == "broken" and "closed with 1011" in words


def test_a_silence_without_progress(url, monkeypatch):
    monkeypatch.setattr("verify.checks.silence.PROGRESS", 1)
    result, words = outcome(url, "silence")
    assert result == "broken" and "no progress came" in words


def test_an_agent_that_is_not_silent(url):
    result, words = outcome(url, "silence", silent_prompt="Hello")
    assert result == "skipped" and "--silent-prompt" in words
