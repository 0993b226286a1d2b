"""A connection to the gateway, and all that came over it."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from .outcome import Broken
from .run import Frame, Run, brief


class Answer:
    """An answer to one message: the frame, its text, and when it came."""

    def __init__(self, frame: Frame, text: str, at: float) -> None:
        self.frame = frame
        self.text = text
        self.at = at


class Connection:
    """Reads all the time: frames of runs by their request, all else as answers in their order."""

    def __init__(self, socket: ClientConnection, patience: float, longest_run: float) -> None:
        self.socket = socket
        self._patience = patience
        self._longest_run = longest_run
        self.runs: dict[str, Run] = {}
        #: Requests by frame, in the order in which these came.
        self.order: list[str] = []
        self._answers: list[Answer] = []
        self._changed = asyncio.Event()
        self._broken: Broken | None = None
        self._reader = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Closes it, if it is still open."""
        await self.socket.close()
        await self._reader

    def cut(self) -> None:
        """Drops it without a word, as a lost network does."""
        self.socket.transport.abort()

    async def send(self, message: dict[str, Any] | str | Iterable[str]) -> float:
        """Sends an object, a text, or a text in several frames; returns when."""
        at = time.monotonic()
        try:
            await self.socket.send(json.dumps(message) if isinstance(message, dict) else message)
        except ConnectionClosed:
            pass  # Why it was closed is what whoever waits for an answer is told.
        return at

    async def answer(self, kind: str) -> Answer:
        """The next answer, which must be of this type."""
        await self._until(lambda: self._answers, self._patience, f"{kind} did not come")
        answer = self._answers.pop(0)
        if answer.frame.get("type") != kind:
            raise Broken(f"{kind} should come, and {brief(answer.frame)} came")
        return answer

    def nothing_more(self) -> None:
        """Makes sure that nothing came that was not asked for. Before it closes a connection API Gateway may say why."""
        if self._answers and not self._reader.done():
            raise Broken(f"{brief(self._answers[0].frame)} came, and was not asked for")

    async def run(self, request: str) -> Run:
        """A run, when all of it has come."""
        run = self._run(request)
        await self._until(lambda: run.ending, self._longest_run, "the ending did not come")
        await self._until(run.is_whole, self._patience, "not all frames before the ending came")
        return run

    async def output(self, request: str) -> Run:
        """A run, when the first of its output or its ending has come."""
        run = self._run(request)
        await self._until(lambda: run.outputs or run.ending, self._longest_run, "nothing of the reply came")
        return run

    async def close_code(self, seconds: float) -> int:
        """The code with which the gateway closes this connection within so many seconds."""
        done, _ = await asyncio.wait([self._reader], timeout=seconds)
        if not done:
            raise Broken(f"it is still open after {seconds:g} s")
        return self.socket.close_code or 1006

    def _run(self, request: str) -> Run:
        return self.runs.setdefault(request, Run(request))

    async def _until(self, condition: Callable[[], Any], seconds: float, otherwise: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if self._broken:
                raise self._broken
            if self._reader.done():
                raise Broken(f"{otherwise}: the connection was closed with {self.socket.close_code}")
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), deadline - time.monotonic())
            except asyncio.TimeoutError:
                raise Broken(f"{otherwise} within {seconds:g} s") from None
        if self._broken:
            raise self._broken

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                self._take(text, time.monotonic())
                self._changed.set()
        except ConnectionClosed:
            pass
        except Broken as broken:
            self._broken = broken
        self._changed.set()

    def _take(self, text: str | bytes, at: float) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            frame = None
        if not isinstance(text, str) or not isinstance(frame, dict):
            raise Broken("a message came that is no text with a JSON object")
        if len(text.encode()) > 32 * 1024:
            raise Broken(f"{brief(frame)} came with more than 32 KiB")
        if "seq" in frame or frame.get("type") == "progress":
            if not isinstance(request := frame.get("requestId"), str):
                raise Broken(f"{brief(frame)} came without a requestId")
            self._run(request).add(frame, at)
            self.order.append(request)
        else:
            self._answers.append(Answer(frame, text, at))
