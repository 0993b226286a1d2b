"""Keeps a connection to the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..types import ConnectionSnapshot, ConnectionStateName, Problem
from .liveness import Liveness
from .times import Now, Random, Times, backoff

if TYPE_CHECKING:
    from .lines import Handlers, Lines

PING = '{"action":"ping"}'


class Connection:
    """Makes the connection anew when it is lost, and replaces it before it is too old."""

    def __init__(self, lines: Lines, times: Times, now: Now, random: Random, handlers: Handlers) -> None:
        self.state: ConnectionStateName = "closed"
        self.problem: Problem | None = None
        self.attempt = 0
        self._lines = lines
        self._times = times
        self._now = now
        self._random = random
        self._handlers = handlers
        self._numbers = 0
        self._line: int | None = None
        #: The one that is to replace it.
        self._next: int | None = None
        self._liveness = Liveness(times, now)
        #: When the next try is made, or the one under way is given up.
        self._due_at = self._next_due_at = self._renew_at = self._ping_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether something can be sent."""
        return self.state == "open"

    def snapshot(self) -> ConnectionSnapshot:
        """Its state now."""
        pause = max(0.0, self._due_at - self._now()) if self.state == "waiting" else None
        return ConnectionSnapshot(self.state, self.attempt, pause, self.problem)

    def next_at(self) -> float:
        """When the clock has to be looked at, at the latest: exact for tries, and for what may be dead."""
        tick = self._now() + self._times.tick
        if self.is_open:
            return min(tick, self._liveness.next_at())
        return min(tick, self._due_at)

    def open(self) -> None:
        """Connects, and stays connected until `close`."""
        if self.state == "closed":
            self._dial()

    def close(self) -> None:
        """Closes for good, or until `open`."""
        self._drop()
        self.attempt, self.problem = 0, None
        self._become("closed")

    def wake(self) -> None:
        """There is reason to hope, or to doubt: the next try is made at once; of an open connection it is asked."""
        if self.state == "waiting":
            self._dial()
        elif self.is_open:
            self.ping()

    def ping(self) -> None:
        """Asks whether the gateway is there."""
        self._ping_at = self._now() + self._times.ping
        self.send(PING)

    def send(self, text: str) -> bool:
        """Sends a message. False if there is no connection."""
        if not self.is_open or self._line is None:
            return False
        self._liveness.asked()
        self._lines.write(self._line, text)
        return True

    def opened(self, number: int) -> None:
        """A connection stands."""
        if number == self._next:
            self._drop(keep=number)
        elif number != self._line or self.is_open:
            return
        self._line, self._next = number, None
        now = self._now()
        self._liveness = Liveness(self._times, self._now)
        self._ping_at = now + self._times.ping
        self._renew_at = now + self._times.renew * (1 - self._random() / 10)
        self._become("open")
        self._handlers.opened()

    def heard(self, number: int) -> bool:
        """Something came. False if it is of no connection of now."""
        if number != self._line:
            return False
        self._liveness.heard()
        # Only now: a connection that opens and drops at once must not be tried again at full speed.
        if self.attempt or self.problem:
            self.attempt, self.problem = 0, None
            self._handlers.changed()
        return True

    def lost(self, number: int, problem: Problem) -> None:
        """A connection is gone, or could not be made."""
        if number == self._next:
            self._next = None  # the old one goes on
        elif number == self._line:
            self._lose(problem)

    def tick(self) -> None:
        """Does what is due by the clock."""
        now = self._now()
        if self.state == "waiting" and now >= self._due_at:
            self._dial()
        elif self.state == "connecting" and now >= self._due_at:
            self._lose(Problem(opened=False, code=1006, reason="no connection in time"))
        elif self.is_open:
            self._tick_open(now)

    def _tick_open(self, now: float) -> None:
        due = self._liveness.due()
        if due == "dead":
            self._lose(Problem(opened=True, code=1006, reason="no answer"))
            return
        if due == "probe" or now >= self._ping_at:
            self.ping()
        if self._next is not None and now >= self._next_due_at:
            self._lines.hang_up(self._next)
            self._next = None
        if self._next is None and now >= self._renew_at:
            self._renew(now)

    def _dial(self) -> None:
        self._line = self._number()
        self._due_at = self._now() + self._times.connect
        self._become("connecting")
        self._lines.dial(self._line)

    def _renew(self, now: float) -> None:
        """Makes the next connection while this one still delivers; what comes twice around the change is dropped."""
        self._renew_at = now + 2 * self._times.connect
        self._next_due_at = now + self._times.connect
        self._next = self._number()
        self._lines.dial(self._next)

    def _lose(self, problem: Problem) -> None:
        self._drop()
        self._due_at = self._now() + backoff(self.attempt, self._times, self._random)
        self.attempt += 1
        self.problem = problem
        self._become("waiting")

    def _drop(self, keep: int | None = None) -> None:
        for number in (self._line, self._next):
            if number is not None and number != keep:
                self._lines.hang_up(number)
        self._line = self._next = None
        self._handlers.gone()

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _become(self, state: ConnectionStateName) -> None:
        self.state = state
        self._handlers.changed()
