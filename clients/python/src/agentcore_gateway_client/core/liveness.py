"""Whether the other side of a connection is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .times import Now, Times


class Liveness:
    """Says when to ask whether the other side is there, and when to give it up.

    TCP does not tell for many minutes when a network is gone, but each message has an answer: where none comes a ping
    asks, which the gateway answers by itself, and then the connection is given up.
    """

    def __init__(self, times: Times, now: Now) -> None:
        self._times = times
        self._now = now
        self._probe_at: float | None = None
        self._dead_at: float | None = None

    def asked(self) -> None:
        """Something was sent. The oldest unanswered message counts."""
        if self._probe_at is None and self._dead_at is None:
            self._probe_at = self._now() + self._times.probe

    def heard(self) -> None:
        """Something came: the other side is there."""
        self._probe_at = self._dead_at = None

    def next_at(self) -> float:
        """When something is due at the earliest."""
        if self._dead_at is not None:
            return self._dead_at
        return float("inf") if self._probe_at is None else self._probe_at

    def due(self) -> Literal["probe", "dead"] | None:
        """What the clock says. A program that was stopped for a while gives the answers time to be read: it asks first."""
        if self._dead_at is not None:
            return "dead" if self._now() >= self._dead_at else None
        if self._probe_at is None or self._now() < self._probe_at:
            return None
        self._dead_at = self._now() + self._times.dead - self._times.probe
        return "probe"
