"""One replay at a time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .times import Now, Times


class Replays:
    """Lets resumes go one after the other, since a newer one ends the replay of an older one.

    A replay is over when its run has ended, when nothing is replayed, or when nothing has come of it for a while. That of
    a run that goes on is no matter: its rest comes live.
    """

    def __init__(self, times: Times, now: Now) -> None:
        self._times = times
        self._now = now
        #: How to ask for each that waits, in order; False if there is no connection.
        self._waiting: dict[Hashable, Callable[[], bool]] = {}
        self._current: Hashable | None = None
        self._moved_at = 0.0

    def want(self, what: Hashable, send: Callable[[], bool]) -> None:
        """Sends it when its turn comes, and once only until then."""
        if what == self._current:
            self._current = None  # it is asked again: its replay did not come
        self._waiting.setdefault(what, send)
        self.pump()

    def moved(self, what: Hashable) -> None:
        """Something of its replay has come."""
        if what == self._current:
            self._moved_at = self._now()

    def over(self, what: Hashable) -> None:
        """Nothing more of it is replayed, or wanted."""
        self._waiting.pop(what, None)
        if what == self._current:
            self._current = None
            self.pump()

    def disconnected(self) -> None:
        """Nothing is replayed any more; the next connection asks anew."""
        self._waiting.clear()
        self._current = None

    def pump(self) -> None:
        """Sends the next one, if its turn has come."""
        if self._current is not None and self._now() - self._moved_at < self._times.ask:
            return
        while self._waiting:
            what = next(iter(self._waiting))
            self._current, self._moved_at = what, self._now()
            if self._waiting.pop(what)():
                return
            self._current = None
