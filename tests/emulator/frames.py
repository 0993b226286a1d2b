"""What the gateway may say, by docs/protocol.md: each message's members, no more and no fewer."""

import json

MAX_BYTES = 32 * 1024

_RUN = {"type", "requestId", "sessionId"}
# Required members, and optional ones.
_MEMBERS = {
    "accepted": (_RUN, set()),
    "rejected": ({"type", "code", "message", "retryable"}, {"requestId"}),
    "resumed": (_RUN | {"after", "state"}, set()),
    "stopping": (_RUN, set()),
    "upload": ({"type", "uploadId", "url", "expiresInMs"}, set()),
    "pong": ({"type"}, set()),
    "echo": ({"type", "data"}, set()),
    "started": (_RUN | {"seq"}, set()),
    "progress": (_RUN | {"elapsedMs"}, {"waiting"}),
    "completed": (_RUN | {"seq"}, set()),
    "failed": (_RUN | {"seq", "code", "message", "retryable"}, set()),
    "stopped": (_RUN | {"seq"}, set()),
}
_OUTPUTS = ((_RUN | {"seq", "events"}, {"names"}), (_RUN | {"seq", "part", "text"}, {"name"}))

ENDINGS = {"completed", "failed", "stopped"}


def parse(text):
    """The message as an object, if it keeps the rules."""
    assert isinstance(text, str), "the gateway sends text messages"
    assert len(text.encode()) <= MAX_BYTES, f"a message of {len(text.encode())} bytes"
    message = json.loads(text)
    kind, members = message.get("type"), set(message)
    assert kind == "output" or kind in _MEMBERS, text
    forms = _OUTPUTS if kind == "output" else (_MEMBERS[kind],)
    assert any(required <= members <= required | optional for required, optional in forms), text
    assert all(int(index) < len(message["events"]) for index in message.get("names", {})), text
    return message


class Reply:
    """The frames of one request, ordered by `seq`: no gap, and never two contents under one number."""

    def __init__(self):
        self._frames = {}
        # Numbers that came more than once.
        self.repeated = []

    def add(self, frame):
        seq = frame["seq"]
        if seq in self._frames and self._frames[seq] != frame:
            # The one exception: what a dead worker had pushed and not made durable is void.
            assert frame.get("code") == "interrupted", f"{frame} replaces {self._frames[seq]}"
            self._frames = {number: known for number, known in self._frames.items() if number < seq}
        elif seq in self._frames:
            self.repeated.append(seq)
        self._frames[seq] = frame

    @property
    def frames(self):
        return [self._frames[seq] for seq in sorted(self._frames)]

    @property
    def last_seq(self):
        """The number of the last frame before the first gap."""
        seq = 0
        while seq + 1 in self._frames:
            seq += 1
        return seq

    @property
    def ending(self):
        """The terminal frame, once it and all before it are there."""
        frames = self.frames
        endings = [frame for frame in frames if frame["type"] in ENDINGS]
        assert len(endings) <= 1, f"several endings: {endings}"
        if not endings or self.last_seq < endings[0]["seq"]:
            return None
        assert frames[-1] is endings[0], f"frames behind the ending: {frames}"
        return endings[0]

    @property
    def events(self):
        """The agent's events, in its order."""
        events, slices = [], ""
        for frame in self.frames:
            events += frame.get("events", [])
            slices += frame.get("text", "")
            if frame.get("part", {}).get("last"):
                events.append(json.loads(slices))
                slices = ""
        return events

    @property
    def names(self):
        """The names of the agent's events, in its order; `None` for one that has none."""
        names = []
        for frame in self.frames:
            names += [frame.get("names", {}).get(str(at)) for at in range(len(frame.get("events", [])))]
            if frame.get("part", {}).get("last"):
                names.append(frame.get("name"))
        return names

    @property
    def text(self):
        return "".join(event for event in self.events if isinstance(event, str))

    def check(self):
        """What must be true of a reply that has ended."""
        assert self.ending is not None, f"no ending, or a gap: {self.frames}"
        kinds = [frame["type"] for frame in self.frames]
        assert kinds[0] == "started" or kinds in (["stopped"], ["failed"]), kinds
        assert set(kinds[1:-1]) <= {"output"}, kinds
        return self
