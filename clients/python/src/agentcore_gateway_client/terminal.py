"""A chat in the terminal."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import advice
from .errors import GatewayError, RunFailed
from .text import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .sync import Gateway, Run
    from .types import ConnectionSnapshot, Event

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass
class Chat:
    """Asks what is typed, and shows the replies as they come."""

    gateway: Gateway
    agent: str | None = None
    #: Show events as lines of JSON instead of the text in them.
    raw: bool = False
    #: Spread the text that came in one frame over the time to the next.
    smooth: bool = False
    #: The last run has failed.
    has_failed: bool = False

    def run(self) -> int:
        """Goes on until the input ends, or Ctrl-C at the prompt. Gives the exit status."""
        try:
            self.gateway.connected()
        except GatewayError:
            _say(advice.of_problem(self.gateway.connection.problem))
            return 1
        off = self.gateway.on_connection(_tell_connection)
        try:
            if sys.stdin.isatty():
                self._take_up()
            while (text := _ask()) is not None:
                if text.strip():
                    self._show(self.gateway.prompt(text, agent=self.agent))
        finally:
            off()
        return int(self.has_failed and not sys.stdin.isatty())

    def _take_up(self) -> None:
        try:
            run = self.gateway.resume()
        except GatewayError as error:
            _say(f"What ran last in this session is not known any more ({error.code}).")
            return
        if run is not None:
            _say("This session goes on where it was. What it answered last:")
            self._show(run)

    def _show(self, run: Run) -> None:
        """Ctrl-C stops the run, and only that."""
        shown = 0
        try:
            for part in self._parts(run):
                shown += len(part)
                print(part, end="", flush=True)
        except RunFailed:
            pass  # told below
        except KeyboardInterrupt:
            shown += self._show_rest(run, shown)
            _say("\nStopping … (Ctrl-C again to leave it)")
            run.stop()
        self._tell_ending(run, shown)

    def _parts(self, run: Run) -> Iterator[str]:
        return map(_line, run) if self.raw else map(_harmless, run.text(smooth=self.smooth))

    def _show_rest(self, run: Run, shown: int) -> int:
        """What had come and waited to be shown. Gives how many characters that are."""
        rest = self._whole(run)[shown:]
        print(rest, end="", flush=True)
        return len(rest)

    def _tell_ending(self, run: Run, shown: int) -> None:
        ending = run.ending
        if not self.raw:
            print(flush=True)
        self.has_failed = ending.outcome == "failed"
        if self.has_failed:
            _say(advice.of_ending(ending, len(self._whole(run)), shown))
        elif ending.outcome == "stopped":
            _say("Stopped.")
        elif run.events and not shown:
            _say("The reply has no text; --raw shows what it has.")

    def _whole(self, run: Run) -> str:
        """All that has come and holds, as it is shown."""
        return "".join(map(_line, run.events)) if self.raw else _harmless(text_of(run.events))


def _line(event: Event) -> str:
    return json.dumps({"name": event.name, "data": event.data}, ensure_ascii=False) + "\n"


def _harmless(text: str) -> str:
    """An agent's text may not move the cursor, or say things to the terminal."""
    return _CONTROL.sub("", text)


def _ask() -> str | None:
    """A line; None at the end, or after Ctrl-C."""
    try:
        return input("> " if sys.stdin.isatty() else "")
    except (EOFError, KeyboardInterrupt):
        return None


def _tell_connection(now: ConnectionSnapshot) -> None:
    if now.state == "waiting" and now.attempt == 1:
        reason = now.problem.reason if now.problem and now.problem.reason else "closed"
        _say(f"\n(The connection is lost: {reason}. Connecting again; nothing is lost by it.)")


def _say(words: str) -> None:
    print(_harmless(words), file=sys.stderr, flush=True)
