"""When which words of a text are to be shown."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from .words import words_of

#: The longest time that one frame's text is spread over. Frames come less often while nothing is written; that says nothing.
LONGEST_SPREAD = 1.0
#: The longest time between two words: a frame of three words is not stretched to a second.
LONGEST_PAUSE = 0.15
#: Pieces that come within this of each other came in one frame.
ONE_FRAME = 0.015
#: What waits beyond this comes at once: after a reconnect there may be very much.
MOST_WORDS = 400
#: How much the last interval counts in the estimate of the next.
WEIGHT = 0.5
#: A gateway's frames come ever less often: as the reply's age grows by a quarter between two of them, so do the times between.
GROWTH = 1.25


@dataclass(slots=True)
class _Word:
    text: str
    #: When it is to be shown.
    due_at: float = math.inf


class Smoother:
    """Spreads the text of a frame over the time to the next. Times are seconds of any clock that only goes on."""

    def __init__(self) -> None:
        self._words: list[_Word] = []
        self._mean = 0.0
        self._interval = 0.0
        self._frame_at: float | None = None
        self._shown_at = -math.inf
        self._has_ended = False

    @property
    def is_done(self) -> bool:
        """Whether the text has ended and all of it was taken."""
        return self._has_ended and not self._words

    def push(self, text: str, now: float) -> None:
        """Text that has come."""
        self._measure(now)
        self._words.extend(map(_Word, words_of(text)))
        self._plan(now)

    def end(self) -> None:
        """No more will come: what is there is due."""
        self._has_ended = True

    def due_in(self, now: float) -> float | None:
        """In how many seconds something is due; None if nothing waits."""
        if not self._words:
            return None
        return 0.0 if self._has_ended else max(0.0, self._words[0].due_at - now)

    def take(self, now: float) -> str:
        """The text that is due."""
        text = "".join(word.text for word in self._due(now))
        if text:
            self._shown_at = now
        return text

    def _due(self, now: float) -> list[_Word]:
        due = list(self._words if self._has_ended else takewhile(lambda word: word.due_at <= now, self._words))
        del self._words[: len(due)]
        return due

    def _measure(self, now: float) -> None:
        """Estimates when the next frame comes, by how the last ones came."""
        since = 0.0 if self._frame_at is None else now - self._frame_at
        if self._frame_at is not None and since < ONE_FRAME:
            return
        mean = self._mean + (since - self._mean) * WEIGHT if self._mean else since
        self._mean = min(mean, LONGEST_SPREAD)
        self._interval = min(max(self._mean, since * GROWTH), LONGEST_SPREAD)
        self._frame_at = now

    def _plan(self, now: float) -> None:
        """Spreads what waits over the time to the next frame. A word is never put off."""
        for word, due_at in zip(self._words, self._times(now), strict=True):
            word.due_at = min(word.due_at, due_at)

    def _times(self, now: float) -> Iterator[float]:
        count = len(self._words)
        pause = min(self._interval / max(count, 1), LONGEST_PAUSE)
        begin = max(now, self._shown_at + pause)
        surplus = max(0, count - MOST_WORDS)
        return (now if at < surplus else begin + (at - surplus) * pause for at in range(count))
