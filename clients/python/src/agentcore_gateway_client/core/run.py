"""One run as far as it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..types import Ending, Event, RunStateName
from .order import TERMINAL, FrameOrder
from .slices import Slices

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from .message import Frame

#: Endings by which this client gave a run up. How it ended in truth the gateway may still tell.
_GIVEN_UP = frozenset({"no_answer", "no_ending"})


class RunState:
    """What was taken of a run's frames, and who waits for more. Nothing here knows of connections."""

    def __init__(self, session_id: str, request_id: str, *, asked_here: bool) -> None:
        self.session_id = session_id
        self.request_id = request_id
        self.asked_here = asked_here
        self.accepted = not asked_here
        self.state: RunStateName = "sending" if asked_here else "queued"
        self.ending: Ending | None = None
        #: A stop was asked for, and the gateway has recorded it.
        self.stopping: Literal["asked", "recorded"] | None = None
        #: Why the agent is being called again, while it is.
        self.waiting: str | None = None
        #: Another prompt was `busy` because this run goes on after its call.
        self.background = False
        self.events: list[Event] = []
        self.order = FrameOrder()
        #: Called after each change.
        self.listeners: set[Callable[[], None]] = set()
        #: Called once, when it has ended.
        self.on_end: Callable[[RunState], None] = lambda _: None
        self._slices = Slices()

    @property
    def key(self) -> tuple[str, str]:
        """A request is the pair of its session and its id."""
        return self.session_id, self.request_id

    @property
    def is_given_up(self) -> bool:
        """Whether this client ended it without having heard how it ended."""
        return self.ending is not None and self.ending.code in _GIVEN_UP

    def changed(self) -> None:
        """Tells everybody who waits."""
        for listener in tuple(self.listeners):
            listener()

    def accept(self) -> None:
        """The gateway has taken it."""
        self.accepted = True
        if self.state == "sending":
            self.state = "queued"
            self.changed()

    def found(self, state: str) -> None:
        """A resume found it in this state."""
        if self.ending is not None or state in ("queued", "idle"):
            return
        self.accept()
        if state == "running" and self.state == "queued":
            self.state = "running"
            self.changed()

    def take(self, frame: Frame) -> None:
        """Takes a frame of this run."""
        if self.ending is not None:
            return
        if frame["type"] == "progress":
            self._run(frame.get("waiting"))
            return
        taken = self.order.take(frame)
        if taken.void_from is not None:
            self.events = [event for event in self.events if event.seq < taken.void_from]
        for following in taken.frames:
            self._deliver(following)

    def end(self, ending: Ending) -> None:
        """Ends it with what the gateway or this client says."""
        if self.ending is not None:
            return
        self.state, self.ending = ending.outcome, ending
        self.stopping = self.waiting = None
        self.on_end(self)
        self.changed()

    def fail(self, code: str, message: str, *, retryable: bool = False) -> None:
        """Ends it as failed."""
        self.end(Ending("failed", code, message, retryable, kept=len(self.events)))

    def _deliver(self, frame: Frame) -> None:
        kind = frame["type"]
        if kind == "failed":
            words = str(frame.get("message", ""))
            self.fail(str(frame.get("code", "internal")), words, retryable=frame.get("retryable") is True)
        elif kind in TERMINAL:
            self.end(Ending(kind, kept=len(self.events)))
        else:
            if kind == "output":
                self.events.extend(self._slices.read(frame))
            self._run(None)

    def _run(self, waiting: object) -> None:
        self.accepted = True
        self.state = "running"
        self.waiting = waiting if isinstance(waiting, str) else None
        self.changed()
