"""The runs that have not ended."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .follower import Follower
    from .run import RunState

Key = tuple[str, str]

#: How many ended requests are remembered, so that their late frames do not look like news.
MAX_ENDED = 1_000


class Registry:
    """The runs that have not ended, each with when to ask for it; of those that have, only the ids of the last."""

    def __init__(self) -> None:
        self._active: dict[Key, Follower] = {}
        self._ended: dict[Key, None] = {}
        #: How many have not ended, by session.
        self._counts: Counter[str] = Counter()

    @property
    def active(self) -> list[Follower]:
        """The runs that have not ended, as they are now."""
        return list(self._active.values())

    def find(self, key: Key) -> Follower | None:
        """The follower of a run that has not ended."""
        return self._active.get(key)

    def named(self, request_id: object) -> Follower | None:
        """That of a refusal, which names no session."""
        return next((one for one in self._active.values() if one.run.request_id == request_id), None)

    def has_ended(self, key: Key) -> bool:
        """Whether it is known to have ended."""
        return key in self._ended

    def is_busy(self, session_id: str) -> bool:
        """Whether something has not ended in that session."""
        return self._counts[session_id] > 0

    def add(self, follower: Follower) -> None:
        """Follows a run."""
        self._ended.pop(follower.run.key, None)
        self._active[follower.run.key] = follower
        self._counts[follower.run.session_id] += 1

    def end(self, run: RunState) -> None:
        """Forgets a run but for its id."""
        if self._active.pop(run.key, None) is not None:
            self._counts[run.session_id] -= 1
            if not self._counts[run.session_id]:
                del self._counts[run.session_id]
        self._ended[run.key] = None
        while len(self._ended) > MAX_ENDED:
            del self._ended[next(iter(self._ended))]
