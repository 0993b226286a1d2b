"""The question what runs, or ran last, in a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import GatewayError
from .times import Now, Random, Times, backoff

if TYPE_CHECKING:
    from .message import Frame
    from .run import RunState

#: Called with the run, with None where there is none, or with why that is not known.
Answer = Callable[["RunState | GatewayError | None"], None]


class SessionAsk:
    """Is asked again until it is answered."""

    def __init__(self, times: Times, now: Now, random: Random) -> None:
        self._times = times
        self._now = now
        self._random = random
        self._answers: list[Answer] = []
        self._tries = 0
        self._due_at: float | None = None
        #: Whether an answer is wanted.
        self.is_open = False
        #: Whether one may come to what was sent. A refusal names no session, so it is that of one that awaits an answer.
        self.is_awaiting = False

    @property
    def is_due(self) -> bool:
        """Whether it is to be sent now."""
        return self.is_open and (self._due_at is None or self._now() >= self._due_at)

    def want(self, answer: Answer | None = None) -> None:
        """Somebody wants to know."""
        self.is_open = True
        if answer is not None:
            self._answers.append(answer)

    def sent(self) -> None:
        """It was asked."""
        self.is_awaiting = True
        self._due_at = self._now() + self._times.ask

    def disconnected(self) -> None:
        """No answer comes any more on this connection."""
        self.is_awaiting = False
        self._due_at = None

    def resumed(self, run: RunState | None) -> None:
        """The answer has come."""
        self._settle(run)

    def rejected(self, frame: Frame) -> None:
        """What may pass is asked again after a while."""
        self.is_awaiting = False
        if frame.get("retryable") is True:
            pause = backoff(self._tries, self._times, self._random)
            self._due_at = self._now() + max(self._times.ask, pause)
            self._tries += 1
        else:
            self.fail(GatewayError(str(frame.get("code")), str(frame.get("message"))))

    def fail(self, error: GatewayError) -> None:
        """There will be no answer."""
        self._settle(error)

    def _settle(self, answer: RunState | GatewayError | None) -> None:
        answers, self._answers = self._answers, []
        self.is_open = self.is_awaiting = False
        self._tries, self._due_at = 0, None
        for told in answers:
            told(answer)
