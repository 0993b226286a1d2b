"""Plays the clock to asyncio: where a program would wait, time goes on at once."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from contextlib import closing
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Never waits: tells how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "nothing is left that anybody waits for"
        self.waited += max(0.0, timeout)
        return super().select(0)


class ClockLoop(asyncio.SelectorEventLoop):
    """An event loop whose time begins at 0, and goes on when there is nothing else to do."""

    def __init__(self) -> None:
        self._played = _Selector()
        super().__init__(self._played)

    def time(self) -> float:
        return self._played.waited

    @property
    def pending(self) -> int:
        """How many timers and tasks there are beside whoever asks."""
        timers = [timer for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        return len(timers) + len(asyncio.all_tasks(self)) - 1


def play(work: Coroutine[Any, Any, T]) -> T:
    """Runs it on a clock of its own."""
    with closing(ClockLoop()) as loop:
        return loop.run_until_complete(work)
