"""What a connection is made with: asked anew for each."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar, Union

from .address import bearer, gateway_url

T = TypeVar("T")
#: A value, or how to get one, so that a token may be fresh and an address may move.
Source = Union[T, Callable[[], Union[T, Awaitable[T]]]]  # noqa: UP007 - mypy takes no other form of a generic alias


class Auth(Protocol):
    """Makes the headers that say who connects, such as `SigV4`. Called in a thread, for it may have to wait."""

    def headers(self, url: str) -> Mapping[str, str]:
        """The headers of a handshake with that address."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """Where to connect, and as whom."""

    url: Source[str]
    token: Source[str | None] = None
    auth: Auth | None = None

    def __post_init__(self) -> None:
        if self.auth is not None and self.token is not None:
            raise ValueError("A connection has a token or another kind of auth, not both.")
        if isinstance(self.url, str):
            gateway_url(self.url)
        if isinstance(self.token, str):
            bearer(self.token)

    async def ask(self) -> tuple[str, dict[str, str]]:
        """The address and the headers of one connection."""
        url = gateway_url(await _asked(self.url))
        if self.auth is not None:
            return url, dict(await asyncio.to_thread(self.auth.headers, url))
        token = await _asked(self.token)
        return url, bearer(token) if token else {}


async def _asked(source: Source[T]) -> T:
    value = source() if callable(source) else source
    return await value if inspect.isawaitable(value) else value
