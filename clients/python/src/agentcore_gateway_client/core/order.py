"""The order of a run's frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .message import Frame

TERMINAL = frozenset({"completed", "failed", "stopped"})


@dataclass(slots=True)
class Taken:
    """What a frame brought."""

    #: Frames that are next in order, oldest first.
    frames: list[Frame] = field(default_factory=list)
    #: From this number on, what was delivered before is void; None if all holds.
    void_from: int | None = None


class FrameOrder:
    """The frames of one run in the order of `seq`, each once (rule I2). Those beyond a gap are held."""

    def __init__(self) -> None:
        #: The number of the last frame in order.
        self.seq = 0
        self._held: dict[int, Frame] = {}
        #: How far a replay from the start has come, while there is one; what it brings is known to be durable.
        self._replayed: int | None = None

    @property
    def after(self) -> int:
        """What to give as `after` in a resume."""
        return self.seq if self._replayed is None else self._replayed

    @property
    def has_gap(self) -> bool:
        """Whether frames wait for one before them."""
        return bool(self._held)

    def restart(self) -> None:
        """The next resume asks for everything: what is here may be beyond the end of a run whose worker died."""
        self._replayed = 0
        self._held.clear()  # what of it is not void is replayed

    def take(self, frame: Frame) -> Taken:
        """Takes a frame, whenever it comes."""
        seq = frame.get("seq")
        if type(seq) is not int or seq < 1:
            return Taken()
        is_durable = self._replayed is not None and seq == self._replayed + 1
        if is_durable:
            self._replayed = seq if seq < self.seq else None
        if seq <= self.seq:
            return self._replace(frame, seq) if _replaces(frame, is_durable) else Taken()
        if _is_interrupted(frame):
            self._held = {number: held for number, held in self._held.items() if number < seq}
        self._held.setdefault(seq, frame)
        return Taken(self._ready())

    def _replace(self, frame: Frame, seq: int) -> Taken:
        self._held.clear()
        self.seq = seq
        self._replayed = None
        return Taken([frame], void_from=seq)

    def _ready(self) -> list[Frame]:
        frames: list[Frame] = []
        while (frame := self._held.pop(self.seq + 1, None)) is not None:
            self.seq += 1
            frames.append(frame)
            if frame.get("type") in TERMINAL:
                self._held.clear()  # what lies beyond an ending is void
        return frames


def _replaces(frame: Frame, is_durable: bool) -> bool:
    return _is_interrupted(frame) or (is_durable and frame.get("type") in TERMINAL)


def _is_interrupted(frame: Frame) -> bool:
    return frame.get("type") == "failed" and frame.get("code") == "interrupted"
