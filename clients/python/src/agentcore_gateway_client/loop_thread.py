"""A thread with an event loop, for programs that have none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from .errors import GatewayError

T = TypeVar("T")


class LoopThread:
    """A thread with an event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="agentcore-gateway-client", daemon=True)
        self._thread.start()

    @property
    def has_ended(self) -> bool:
        """Whether there is no loop any more."""
        return self._loop.is_closed()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Waits for the result; a wait that is interrupted, as by Ctrl-C, ends the work too."""
        if self.has_ended:
            return _at_once(work)
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def end(self) -> None:
        """Ends the thread."""
        if self.has_ended:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """What needs no wait needs no loop either: how a run ended, or that the client was closed."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    finally:
        work.close()
    raise GatewayError("closed", "This client was closed. Make another.")
