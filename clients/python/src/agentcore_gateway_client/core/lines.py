"""What the core asks of the shell around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .uploads import Put


class Lines(Protocol):
    """The sockets, by number. The shell around the core makes them, and says what becomes of them."""

    def dial(self, number: int) -> None:
        """Makes a connection; `opened` or `lost` follows."""

    def hang_up(self, number: int) -> None:
        """Ends it; nothing more is wanted of it."""

    def write(self, number: int, text: str) -> None:
        """Sends a message on it."""


class Effects(Lines, Protocol):
    """All that the core does to the world."""

    def put(self, put: Put) -> None:
        """Makes an upload; its `done` is called once."""

    def changed(self) -> None:
        """The state of the connection has changed."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """What happens with a connection."""

    opened: Callable[[], None]
    #: It is gone, or replaced by the next: nobody answers any more what was sent.
    gone: Callable[[], None]
    changed: Callable[[], None]
