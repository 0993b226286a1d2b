"""The runs and sessions that this client knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .follower import Follower
from .registry import Registry
from .session import Sessions, SessionState

if TYPE_CHECKING:
    from .run import RunState
    from .times import Now, Random, Times


class Runs:
    """Takes up what is new, and knows what is to be kept in mind."""

    def __init__(self, times: Times, now: Now, random: Random) -> None:
        self._times = times
        self._now = now
        self._random = random
        self.registry = Registry()
        self.sessions = Sessions(times, now, random)
        #: Runs that have ended and are still to be let go of.
        self.ended: list[RunState] = []

    def find(self, session_id: str, request_id: str) -> RunState | None:
        """A run that has not ended, or one that its session still keeps."""
        follower = self.registry.find((session_id, request_id))
        if follower is not None:
            return follower.run
        session = self.sessions.find(session_id)
        return session.find(request_id) if session else None

    def adopt(self, run: RunState) -> Follower:
        """A run that is new here."""
        follower = Follower(run, self._times, self._now, self._random)
        run.on_end = self.ended.append
        self.registry.add(follower)
        session = self.sessions.get(run.session_id)
        self.sessions.hold(session, is_busy=True)
        session.add(run)
        return follower

    def let_go(self, run: RunState) -> Follower | None:
        """It has ended."""
        follower = self.registry.find(run.key)
        self.registry.end(run)
        self.hold(self.sessions.get(run.session_id))
        return follower

    def hold(self, session: SessionState) -> None:
        """Keeps a session in mind as long as something happens in it."""
        is_busy = session.is_followed or session.ask.is_open or self.registry.is_busy(session.session_id)
        self.sessions.hold(session, is_busy=is_busy)
