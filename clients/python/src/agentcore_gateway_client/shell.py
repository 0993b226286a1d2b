"""Gives the core its sockets, its clock and its uploads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .line import Line, LineHandlers
from .put import put

if TYPE_CHECKING:
    from .core.engine import Engine
    from .core.router import Router
    from .core.uploads import Put
    from .handshake import Handshake


class Shell:
    """The asyncio around the core. It starts with the first `connect`, in the loop that runs then."""

    def __init__(self, handshake: Handshake, changed: Callable[[], None]) -> None:
        self._handshake = handshake
        self._tell = changed
        self._lines: dict[int, Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._puts: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._engine: Engine
        self._router: Router

    def start(self, engine: Engine, router: Router) -> None:
        """Takes the core, which takes this too."""
        self._engine, self._router = engine, router

    def connect(self) -> None:
        """Connects, and stays connected. Raises a RuntimeError where no event loop runs, before anything has begun."""
        asyncio.get_running_loop()
        if self._engine.connection.state == "closed":
            self._engine.connection.open()

    async def close(self) -> None:
        """Waits until all that was begun has ended."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._puts:
            task.cancel()  # nobody would name what it uploads
        await asyncio.gather(*self._tasks, *self._puts, return_exceptions=True)

    def dial(self, number: int) -> None:
        """Makes a connection."""
        handlers = LineHandlers(
            opened=lambda: self._engine.connection.opened(number),
            received=lambda text: self._router.receive(number, text),
            lost=lambda problem: self._engine.connection.lost(number, problem),
        )
        self._lines[number] = Line(self._handshake, handlers)
        _keep(self._tasks, self._lines[number].task)

    def hang_up(self, number: int) -> None:
        """Ends a connection."""
        line = self._lines.pop(number, None)
        if line is not None:
            line.hang_up()

    def write(self, number: int, text: str) -> None:
        """Sends a message."""
        self._lines[number].write(text)

    def put(self, request: Put) -> None:
        """Makes an upload."""
        _keep(self._puts, asyncio.create_task(put(request)))

    def changed(self) -> None:
        """The connection has another state: what is due next may be due sooner."""
        self._schedule()
        self._tell()

    def _tick(self) -> None:
        self._engine.tick()
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._engine.connection.state != "closed":
            pause = max(0.0, self._engine.connection.next_at() - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(pause, self._tick)


def _keep(tasks: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
    """A task that nobody holds may be forgotten before it has ended."""
    tasks.add(task)
    task.add_done_callback(tasks.discard)
