"""The text of a reply, whatever framework made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .texts.pieces import Piece, piece_of
from .texts.whole import wholes_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .types import Event


class TextReader:
    """Reads the reply's text out of the events of one run.

    It remembers what was shown, since frameworks say a thing twice: in two shapes at once, or piece by piece and then as a
    whole.
    """

    def __init__(self) -> None:
        #: Which of Strands' two shapes came first.
        self._shape: str | None = None
        #: What was shown piece by piece: objects of a handler's own, or something of a framework.
        self._pieces: Literal["own", "framework"] | None = None
        #: The whole messages that were shown.
        self._wholes: set[str] = set()
        #: Messages of which something was shown, and those of somebody other than the assistant.
        self._messages: set[str] = set()
        self._foreign: set[str] = set()
        self._message: str | None = None

    def read(self, event: Event) -> str:
        """The text that this event adds to the reply: "" if none."""
        if event.name == "error":
            return ""
        piece = piece_of(event.data, event.name)
        if piece is None:
            return self._read_wholes(wholes_of(event.data, event.name))
        return self._show(piece) if self._is_new(piece) else ""

    def _is_new(self, piece: Piece) -> bool:
        if piece.kind == "message":
            return self._is_new_message(piece)
        if not piece.text:
            return False
        if piece.kind == "own":
            return self._pieces != "framework"
        if piece.kind == "other":
            return True
        self._shape = self._shape or piece.kind
        return self._shape == piece.kind

    def _is_new_message(self, piece: Piece) -> bool:
        """A piece may leave out which message it belongs to, and then it is that of the one before."""
        message = self._message if piece.id is None else piece.id
        if message is None:
            return piece.text != ""
        self._message = message
        if piece.role not in (None, "assistant"):
            self._foreign.add(message)
        if not piece.text or message in self._foreign or (piece.whole and message in self._messages):
            return False
        self._messages.add(message)
        return True

    def _show(self, piece: Piece) -> str:
        self._pieces = "own" if piece.kind == "own" else "framework"
        return piece.text

    def _read_wholes(self, texts: list[str]) -> str:
        """Whole messages say again what was streamed; where nothing was, each is shown once and stands apart."""
        if self._pieces is not None:
            return ""
        added = ""
        for text in texts:
            key = text.strip()
            if not key or key in self._wholes:
                continue
            added += f"\n\n{text}" if self._wholes else text
            self._wholes.add(key)
        return added


def text_of(events: Iterable[Event]) -> str:
    """The reply's text in all events of a run."""
    reader = TextReader()
    return "".join(reader.read(event) for event in events)
