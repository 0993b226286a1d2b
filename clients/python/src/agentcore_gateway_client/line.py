"""One WebSocket, from the question for its address to its end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from .types import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .handshake import Handshake

#: So many characters have at most 32 KiB, which is what API Gateway takes in one frame.
FRAGMENT = 8_192
#: How long the other side has to answer that it closes too.
CLOSE_TIMEOUT = 1


@dataclass(frozen=True, slots=True)
class LineHandlers:
    """What happens on a line."""

    opened: Callable[[], None]
    received: Callable[[str], None]
    #: Once, for whatever reason; not after `hang_up`.
    lost: Callable[[Problem], None]


class Line:
    """Makes a connection and keeps it until it is lost, or hung up."""

    def __init__(self, handshake: Handshake, handlers: LineHandlers) -> None:
        self._handshake = handshake
        self._handlers = handlers
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._is_over = False
        self.task = asyncio.create_task(self._run())

    def write(self, text: str) -> None:
        """Sends a message."""
        self._outgoing.put_nowait(text)

    def hang_up(self) -> None:
        """Ends it; `task` ends when the other side knows, or does not say so in time."""
        self._is_over = True
        self.task.cancel()

    async def _run(self) -> None:
        problem = await self._live()
        if not self._is_over:
            self._handlers.lost(problem)

    async def _live(self) -> Problem:
        try:
            url, headers = await self._handshake.ask()
            # The gateway compresses nothing, the core sees to dead peers and to time, and a page's origin is none.
            connecting = connect(
                url,
                additional_headers=headers,
                compression=None,
                open_timeout=None,
                ping_interval=None,
                close_timeout=CLOSE_TIMEOUT,
            )
            async with connecting as socket:
                return await self._talk(socket)
        except InvalidStatus as error:
            status = error.response.status_code
            return Problem(opened=False, code=1006, reason=f"refused with HTTP status {status}", status=status)
        except Exception as error:  # whatever a caller's token function or the network may raise
            return Problem(opened=False, code=1006, reason=str(error) or type(error).__name__)

    async def _talk(self, socket: ClientConnection) -> Problem:
        self._handlers.opened()
        writing = asyncio.create_task(self._write(socket))
        try:
            while True:
                message = await socket.recv()
                self._handlers.received(message if isinstance(message, str) else "")
        except ConnectionClosed:
            return Problem(opened=True, code=socket.close_code or 1006, reason=socket.close_reason or "")
        finally:
            writing.cancel()

    async def _write(self, socket: ClientConnection) -> None:
        try:
            while True:
                text = await self._outgoing.get()
                await socket.send(text if len(text) <= FRAGMENT else fragments(text))
        except ConnectionClosed:
            pass  # whoever reads says so


def fragments(text: str) -> Iterator[str]:
    """A message in pieces that API Gateway takes as frames."""
    return (text[at : at + FRAGMENT] for at in range(0, len(text), FRAGMENT))
