"""One prompt and its reply."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any

from .core.smoother import Smoother
from .errors import RunFailed
from .text import TextReader, text_of

if TYPE_CHECKING:
    from typing import Literal

    from .core.run import RunState
    from .types import Ending, Event, RunStateName


class _EndingOf(Awaitable["Ending"]):
    """Can be awaited again and again, and by many at once; giving up one wait ends no other."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __await__(self) -> Generator[Any, None, Ending]:
        return self._run._ended().__await__()


class Run:
    """One prompt and its reply, of this client or of another device.

    `async for event in run` gives the events from the first one on, then the live ones; each loop has its own place. It ends
    normally when the run completed or was stopped, and raises `RunFailed` after the last event if it failed. As a block
    (`async with`) it reads well; leaving the block does not stop the run.
    """

    def __init__(self, state: RunState, stop: Callable[[RunState], None]) -> None:
        self._state = state
        self._stop = stop

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other._state is self._state

    def __hash__(self) -> int:
        return hash(id(self._state))

    def __repr__(self) -> str:
        return f"<Run {self.request_id} of session {self.session_id}: {self.state}>"

    @property
    def request_id(self) -> str:
        """The idempotency key."""
        return self._state.request_id

    @property
    def session_id(self) -> str:
        """The conversation."""
        return self._state.session_id

    @property
    def state(self) -> RunStateName:
        """`sending`, `queued` or `running`; its outcome once it has ended."""
        return self._state.state

    @property
    def accepted(self) -> bool:
        """Whether the gateway is known to have taken it."""
        return self._state.accepted

    @property
    def events(self) -> tuple[Event, ...]:
        """The events so far that hold, in order."""
        return tuple(self._state.events)

    @property
    def waiting(self) -> str | None:
        """Why the agent is being called again, while it is: `agent_throttled` or `agent_unavailable`."""
        return self._state.waiting

    @property
    def stopping(self) -> Literal["asked", "recorded"] | None:
        """A stop was asked for, and the gateway has recorded it."""
        return self._state.stopping

    @property
    def background(self) -> bool:
        """Another prompt was `busy` because this run goes on after its call."""
        return self._state.background

    @property
    def ending(self) -> Awaitable[Ending]:
        """How it ended, once it has: to be awaited. Never raises."""
        return _EndingOf(self)

    async def __aenter__(self) -> Run:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def __aiter__(self) -> AsyncIterator[Event]:
        at = 0
        while True:
            while at < len(self._state.events):
                at += 1
                yield self._state.events[at - 1]
            if self._state.ending is not None:
                break
            await self._change()
        _raise_if_failed(self._state.ending)

    def text(self, *, smooth: bool = False) -> AsyncIterator[str]:
        """The reply's text, piece by piece, whatever framework made it.

        `smooth` spreads what came in one frame over the time to the next: word by word, and no word more than about a second
        later than it came. What is there when the run ends comes at once.
        """
        return self._smooth_text() if smooth else self._text()

    async def result(self) -> str:
        """The whole text, once the run has ended. Raises `RunFailed` if it failed; a stopped one gives what there was."""
        _raise_if_failed(await self.ending)
        return text_of(self._state.events)

    async def stop(self) -> Ending:
        """Stops it, queued or running. Returns when it has ended."""
        self._stop(self._state)
        return await self.ending

    async def _text(self) -> AsyncIterator[str]:
        reader = TextReader()
        async for event in self:
            if piece := reader.read(event):
                yield piece

    async def _smooth_text(self) -> AsyncIterator[str]:
        if self._state.ending is not None:  # all of it is due: no clock is needed, nor a loop that has one
            if text := text_of(self._state.events):
                yield text
            _raise_if_failed(self._state.ending)
            return
        now = asyncio.get_running_loop().time
        reader, smoother, at = TextReader(), Smoother(), 0
        while not smoother.is_done:
            if came := self._state.events[at:]:
                at += len(came)
                if text := "".join(map(reader.read, came)):
                    smoother.push(text, now())
            if self._state.ending is not None:
                smoother.end()
            if due := smoother.take(now()):
                yield due
            elif not smoother.is_done:
                await self._change(within=smoother.due_in(now()))
        _raise_if_failed(await self.ending)

    async def _ended(self) -> Ending:
        while self._state.ending is None:
            await self._change()
        return self._state.ending

    async def _change(self, within: float | None = None) -> None:
        """Returns after the next change, or after so many seconds."""
        loop = asyncio.get_running_loop()
        changed: asyncio.Future[None] = loop.create_future()

        def tell() -> None:
            if not changed.done():
                changed.set_result(None)

        self._state.listeners.add(tell)
        timer = None if within is None else loop.call_later(within, tell)
        try:
            await changed
        finally:
            self._state.listeners.discard(tell)
            if timer is not None:
                timer.cancel()


def _raise_if_failed(ending: Ending) -> None:
    if ending.outcome == "failed":
        code, message = ending.code or "internal", ending.message or ""
        raise RunFailed(code, message, retryable=ending.retryable, kept=ending.kept)
