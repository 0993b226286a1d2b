"""The frames of one run, as they came over one connection."""

from typing import Any

from .outcome import Broken

Frame = dict[str, Any]
TERMINAL = ("completed", "failed", "stopped")


class Run:
    """Frames by `seq`; holds them to I1 and I2 of docs/protocol.md as they come."""

    def __init__(self, request: str) -> None:
        self.request = request
        self.frames: dict[int, Frame] = {}
        #: The numbers in the order in which they came, and when each came first.
        self.arrived: list[int] = []
        self.came_at: dict[int, float] = {}
        #: When each `progress` frame came.
        self.progress: list[float] = []

    def add(self, frame: Frame, at: float) -> None:
        """Takes a frame. Raises Broken if it cannot be one of this run."""
        if frame["type"] == "progress":
            self.progress.append(at)
            return
        seq = frame["seq"]
        if seq in self.frames:
            if frame != self.frames[seq]:
                raise Broken(f"two frames with seq {seq} differ: {brief(self.frames[seq])} and {brief(frame)} (I2)")
        elif self.ending is not None:
            raise Broken(f"{brief(frame)} came behind the ending {brief(self.ending)} (I1)")
        else:
            self.frames[seq] = frame
            self.came_at[seq] = at
        self.arrived.append(seq)

    @property
    def ending(self) -> Frame | None:
        """The terminal frame."""
        return next((frame for frame in self.frames.values() if frame["type"] in TERMINAL), None)

    @property
    def outputs(self) -> list[Frame]:
        return [frame for _, frame in sorted(self.frames.items()) if frame["type"] == "output"]

    @property
    def last(self) -> int:
        """The last number without a gap before it; 0 if there is none."""
        last = 0
        while last + 1 in self.frames:
            last += 1
        return last

    def at(self, kind: str) -> float | None:
        """When the first frame of a type came."""
        times = [self.came_at[seq] for seq, frame in self.frames.items() if frame["type"] == kind]
        return min(times, default=None)

    def is_whole(self) -> bool:
        """Whether nothing is missing up to the terminal frame."""
        return self.ending is not None and self.last == self.ending["seq"]

    def whole(self, outcome: str = "completed") -> "Run":
        """The run, which ended so and has no gap. Raises Broken if not."""
        ending = self.ending
        if ending is None or not self.is_whole():
            raise Broken(f"frame {self.last + 1} is missing; there are {sorted(self.frames)} (I2)")
        if ending["type"] != outcome:
            raise Broken(f"the run should be {outcome}, and is {brief(ending)}")
        if outcome == "completed" and self.frames[1]["type"] != "started":
            raise Broken(f"the first frame is {brief(self.frames[1])}, and not started")
        return self

    def came_in_order(self) -> "Run":
        """The run, whose frames came in the order of their numbers; only the ending may come twice. Raises Broken if not."""
        once = [seq for at, seq in enumerate(self.arrived) if seq not in self.arrived[:at] or seq != self.last]
        if once != sorted(self.frames):
            raise Broken(f"frames came as {self.arrived}, and not in the order of seq")
        return self


def brief(frame: Frame) -> str:
    """A frame as one can read it in a table: its type, and why if it is a refusal or a failure; nothing an agent said."""
    words = [str(frame.get("type", "a message of API Gateway itself"))]
    if frame.get("code"):
        words.append(f"({frame['code']}: {frame.get('message', '')})")
    elif "type" not in frame:
        words.append(f"({frame.get('message', '')})")
    return " ".join(words)
