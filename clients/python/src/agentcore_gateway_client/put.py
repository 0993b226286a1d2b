"""Uploads by HTTP, without another dependency."""

from __future__ import annotations

import asyncio
import http.client
import threading
import urllib.error
import urllib.request
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .core.uploads import Put


async def put(request: Put) -> None:
    """Makes an upload in a thread, and says how it went."""
    try:
        status = await asyncio.wait_for(asyncio.wrap_future(_begin(request)), request.timeout)
    except asyncio.TimeoutError:
        status = None
    request.done(status)


def _begin(request: Put) -> Future[int | None]:
    """Begins it in a thread that holds up no program's end: asyncio would wait for its own until the socket gives up."""
    answer: Future[int | None] = Future()
    answer.set_running_or_notify_cancel()  # so that nobody takes it from the thread

    def work() -> None:
        answer.set_result(_put(request))

    threading.Thread(target=work, name="agentcore-gateway-upload", daemon=True).start()
    return answer


def _put(request: Put) -> int | None:
    """The status; None if it did not get through."""
    try:
        return _status(request)
    except (OSError, ValueError, http.client.HTTPException):  # it may not even be HTTP that answers
        return None


def _status(request: Put) -> int:
    made = urllib.request.Request(request.url, data=request.body, headers=request.headers, method="PUT")
    try:
        # A socket that is silent for so long ends the thread, also where nobody waits for it any more.
        with urllib.request.urlopen(made, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
