"""Events of output frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..types import Event
from .message import read_json

if TYPE_CHECKING:
    from .message import Frame


class Slices:
    """Makes events of output frames; an event that does not fit a frame comes in slices."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def read(self, frame: Frame) -> list[Event]:
        """The events that this frame completes. Frames come in order."""
        if isinstance(part := frame.get("part"), dict):
            return self._slice(part, frame)
        events, names = frame.get("events"), frame.get("names")
        if not isinstance(events, list):
            return []
        if not isinstance(names, dict):
            names = {}
        return [Event(str(names.get(str(at), "message")), data, frame["seq"]) for at, data in enumerate(events)]

    def _slice(self, part: Frame, frame: Frame) -> list[Event]:
        if not part.get("index"):
            self._texts.clear()
        self._texts.append(str(frame.get("text", "")))
        if not part.get("last"):
            return []
        text = "".join(self._texts)
        self._texts.clear()
        # The slices of a whole event are JSON; of another gateway's mistake the text is better than nothing.
        return [Event(str(frame.get("name", "message")), read_json(text, text), frame["seq"])]
