"""Sessions as this client knows them."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Protocol

from .ask import SessionAsk

if TYPE_CHECKING:
    from .run import RunState
    from .times import Now, Random, Times

#: How many ended runs a session keeps.
MAX_RUNS = 50


class Listener(Protocol):
    """Who wants to hear of the runs of a session, also of other devices."""

    def put(self, run: RunState) -> None:
        """A run is new here."""

    def close(self) -> None:
        """The client was closed: there will be no more."""


class SessionState:
    """The runs of a session, and who wants to hear of more."""

    def __init__(self, session_id: str, times: Times, now: Now, random: Random) -> None:
        self.session_id = session_id
        self.ask = SessionAsk(times, now, random)
        #: Those that have not ended and the last that have; oldest first.
        self.runs: list[RunState] = []
        #: Whoever is forgotten no longer listens.
        self.listeners: weakref.WeakSet[Listener] = weakref.WeakSet()

    @property
    def is_followed(self) -> bool:
        """Whether runs of other devices are wanted."""
        return len(self.listeners) > 0

    @property
    def last_seq(self) -> int:
        """The number of the last frame of what came last: what a resume may leave out."""
        return self.runs[-1].order.seq if self.runs else 0

    def find(self, request_id: str) -> RunState | None:
        """A run, also an ended one that is still kept."""
        return next((run for run in self.runs if run.request_id == request_id), None)

    def add(self, run: RunState) -> None:
        """A run is new here, or was given up and is asked for anew."""
        self.runs = [one for one in self.runs if one.request_id != run.request_id]
        ended = [one for one in self.runs if one.ending is not None]
        for old in ended[: max(0, len(ended) - MAX_RUNS)]:
            self.runs.remove(old)
        self.runs.append(run)
        for listener in tuple(self.listeners):
            listener.put(run)


class Sessions:
    """The sessions that somebody holds, or that something still happens in.

    The others are forgotten with what they hold: a service has a session per user, and would hold them all.
    """

    def __init__(self, times: Times, now: Now, random: Random) -> None:
        self._times = times
        self._now = now
        self._random = random
        self._known: weakref.WeakValueDictionary[str, SessionState] = weakref.WeakValueDictionary()
        self._busy: dict[str, SessionState] = {}

    @property
    def busy(self) -> list[SessionState]:
        """Those that something happens in."""
        return list(self._busy.values())

    def get(self, session_id: str) -> SessionState:
        """A session, made if it is not known."""
        session = self._known.get(session_id)
        if session is None:
            session = SessionState(session_id, self._times, self._now, self._random)
            self._known[session_id] = session
        return session

    def find(self, session_id: object) -> SessionState | None:
        """A session that is known."""
        return self._known.get(session_id) if isinstance(session_id, str) else None

    def hold(self, session: SessionState, *, is_busy: bool) -> None:
        """Holds it as long as it is busy."""
        if is_busy:
            self._busy[session.session_id] = session
        else:
            self._busy.pop(session.session_id, None)
