"""Uploads by HTTP, without another dependency."""

from __future__ import annotations

import asyncio
import http.client
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .core.uploads import Put


async def put(request: Put) -> None:
    """Makes an upload in a thread, and says how it went."""
    try:
        status = await asyncio.wait_for(asyncio.to_thread(_put, request), request.timeout)
    except (OSError, ValueError, http.client.HTTPException, asyncio.TimeoutError):  # it may not even be HTTP that answers
        status = None
    request.done(status)


def _put(request: Put) -> int:
    made = urllib.request.Request(request.url, data=request.body, headers=request.headers, method="PUT")
    try:
        # A socket that is silent for so long ends the thread, also where nobody waits for it any more.
        with urllib.request.urlopen(made, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
