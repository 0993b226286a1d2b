"""One conversation, on whatever devices."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.run import RunState
    from .core.session import SessionState
    from .gateway import Gateway
    from .run import Run

#: How many runs wait for a loop that does not take them; the oldest are left out.
MAX_UNREAD = 1_000


class Session:
    """A conversation: `async for run in session` gives each run that is new here, those of other devices too.

    While a loop wants them, the session is followed: attached again on each new connection. What runs there when the loop
    begins, or ran last, comes first.
    """

    def __init__(self, gateway: Gateway, state: SessionState) -> None:
        self._gateway = gateway
        self._state = state

    @property
    def session_id(self) -> str:
        """Its id."""
        return self._state.session_id

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that have not ended and the last that have, up to 50, oldest first."""
        return tuple(self._gateway._run(run) for run in self._state.runs)

    def prompt(
        self,
        prompt: str | None = None,
        *,
        input: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        agent: str | None = None,
        request_id: str | None = None,
    ) -> Run:
        """Asks an agent: see `Gateway.prompt`."""
        return self._gateway.prompt(
            prompt,
            input=input,
            parameters=parameters,
            agent=agent,
            request_id=request_id,
            session_id=self.session_id,
        )

    async def resume(self, *, request_id: str | None = None) -> Run | None:
        """The run of a request, or what runs, or ran last: see `Gateway.resume`."""
        return await self._gateway.resume(session_id=self.session_id, request_id=request_id)

    def __aiter__(self) -> AsyncIterator[Run]:
        feed = Feed(self._gateway)
        for run in self._state.runs[-1:]:
            feed.put(run)
        self._state.listeners.add(feed)
        self._gateway._followed(self._state)
        return feed


class Feed(AsyncIterator["Run"]):
    """The runs of a session for one loop. Who forgets it no longer follows the session."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._unread: deque[RunState] = deque(maxlen=MAX_UNREAD)
        self._is_over = False
        self._came = asyncio.Event()

    def put(self, run: RunState) -> None:
        """A run is new here."""
        self._unread.append(run)
        self._came.set()

    def close(self) -> None:
        """The client was closed."""
        self._is_over = True
        self._came.set()

    async def __anext__(self) -> Run:
        while not self._unread:
            if self._is_over:
                raise StopAsyncIteration
            self._came.clear()
            await self._came.wait()
        return self._gateway._run(self._unread.popleft())
