"""When to ask the gateway for what is missing of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .times import Now, Random, Times, backoff

if TYPE_CHECKING:
    from .delivery import Delivery
    from .message import Frame
    from .run import RunState

#: What the client does about a run now.
Step = Literal["resume", "send", "lost"]

#: How often a replay from the start that has stalled is asked for again.
MAX_STALLS = 3

_NEVER = float("-inf")


class Follower:
    """Follows a run that has been accepted, until it has ended."""

    def __init__(self, run: RunState, times: Times, now: Now, random: Random) -> None:
        self.run = run
        #: What was sent to ask for it, if it was asked here.
        self.delivery: Delivery | None = None
        self._times = times
        self._now = now
        self._random = random
        self._stop_at: float | None = None
        #: Whether an answer to a resume of it is still to come.
        self.is_asking = False
        self._is_refused = False
        self._asked_at = _NEVER
        self._refusals = 0
        self._not_before = _NEVER
        #: When the gateway last said something of the run.
        self._known_at = self._queued_at = now()
        #: `resumed` said that it has ended, or is unknown, and what is missing has not come yet.
        self._is_missing = False
        #: Something came since the last `resumed`.
        self._has_moved = False
        self._has_restarted = False
        self._stalls = 0

    @property
    def is_stop_due(self) -> bool:
        """A stop got no answer, or was refused for now."""
        asked = self.run.stopping == "asked" and self._stop_at is not None
        return asked and self._now() - (self._stop_at or 0) >= self._times.ask

    def asked(self) -> None:
        """A resume of it was sent."""
        self.is_asking, self._is_refused = True, False
        self._asked_at = self._now()
        self._is_missing = False

    def stop_asked(self) -> None:
        """A stop of it was sent."""
        self._stop_at = self._now()

    def disconnected(self) -> None:
        """Nobody will answer any more what was asked."""
        self.is_asking = self._is_missing = False
        self._asked_at = _NEVER

    def accepted(self) -> None:
        """The gateway has taken it, perhaps once more."""
        self._known_at = self._queued_at = self._now()

    def heard(self, *, moved: bool) -> None:
        """A frame of the run came; `moved` if it is one more in order."""
        self._known_at = self._now()
        self._has_moved |= moved

    def refused(self) -> None:
        """A resume was refused for now."""
        self.is_asking, self._is_refused = False, True
        pause = backoff(self._refusals, self._times, self._random)
        self._not_before = self._now() + max(self._times.ask, pause)
        self._refusals += 1

    def resumed(self, frame: Frame) -> Step | None:
        """The gateway has answered a resume."""
        run, state, now = self.run, frame["state"], self._now()
        self.is_asking = self._is_refused = False
        self._refusals = 0
        if frame.get("after", 0) > run.order.after:
            return "resume"  # it was asked for another run's number
        is_forgotten = now - self._known_at > self._times.window
        self._known_at = now
        self._has_moved = False
        self._is_missing = state != "running" and (state != "queued" or run.order.seq > 0)
        if state == "running":
            self._has_restarted = False
            self._stalls = 0
        if state != "queued" or run.state != "queued" or now - self._queued_at < self._times.queued:
            return None
        self._queued_at = now
        return "lost" if is_forgotten or self.delivery is None else "send"

    def due(self) -> Step | None:
        """What the clock says."""
        now = self._now()
        if now < self._not_before:
            return None
        is_asking = self.is_asking or self._is_refused
        if self._is_missing and not is_asking:  # before a gap, for what is held behind one may be void
            return self._missing() if now - self._known_at >= self._times.ask else None
        if is_asking or self.run.order.has_gap:
            return "resume" if now - self._asked_at >= self._times.ask else None
        return "resume" if now - max(self._known_at, self._asked_at) >= self._times.silence else None

    def _missing(self) -> Step:
        """What the client has may be beyond the end of a run whose worker died (rule I2): it asks from the start, once."""
        self._is_missing = False  # until that is answered: it may wait for its turn, and what was not asked cannot be lost
        if self._has_moved:
            return "resume"  # the replay stalls: a slow network
        if not self._has_restarted:
            self._has_restarted = True
            self.run.order.restart()
            return "resume"
        # A replay that has begun may stall; one that does not even begin has nothing to show.
        self._stalls += 1
        return "resume" if self.run.order.after and self._stalls <= MAX_STALLS else "lost"
