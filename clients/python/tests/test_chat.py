"""What the chat in the terminal shows, without one."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from agentcore_gateway_client import Ending, Event, RunFailed, __main__
from agentcore_gateway_client.terminal import Chat


class FakeRun:
    """A reply that has been cut off after three events, of which two hold."""

    ending = Ending("failed", "interrupted", "The worker died.", True, kept=2)
    events = (Event("message", "one ", 2), Event("message", "two ", 3))

    def __init__(self) -> None:
        self.smooth: list[bool] = []

    def __iter__(self) -> Any:
        yield from (*self.events, Event("message", "three ", 4))
        raise RunFailed("interrupted", "The worker died.", retryable=True, kept=2)

    def text(self, *, smooth: bool) -> Any:
        self.smooth.append(smooth)
        return (str(event.data) for event in self)


class InterruptedRun(FakeRun):
    """A reply of which two words have come when Ctrl-C is pressed, and one is shown."""

    ending = Ending("stopped")

    def __iter__(self) -> Any:
        yield self.events[0]
        raise KeyboardInterrupt

    def stop(self) -> None:
        print("(stopped)")


class FakeGateway:
    def __init__(self, run: FakeRun) -> None:
        self.run = run

    def connected(self) -> None:
        pass

    def on_connection(self, _: object) -> Any:
        return lambda: None

    def prompt(self, _: str, *, agent: str | None) -> FakeRun:
        assert agent is None
        return self.run


def chat(monkeypatch: pytest.MonkeyPatch, *, smooth: bool, raw: bool = False) -> FakeRun:
    gateway: Any = FakeGateway(FakeRun())
    monkeypatch.setattr(sys, "stdin", io.StringIO("Hello\n"))
    assert Chat(gateway, raw=raw, smooth=smooth).run() == 1
    run: FakeRun = gateway.run
    return run


@pytest.mark.parametrize("smooth", [True, False])
def test_text_is_spread_if_wanted_and_what_does_not_hold_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], smooth: bool
) -> None:
    assert chat(monkeypatch, smooth=smooth).smooth == [smooth]
    out, err = capsys.readouterr()
    assert out == "one two three \n"
    assert "only the first 8 of 14 characters hold" in err


def test_raw_events_are_never_spread(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat(monkeypatch, raw=True, smooth=True).smooth == []
    assert capsys.readouterr().out.count("\n") == 3


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (False, "one two (stopped)"),
        (True, '{"name": "message", "data": "one "}\n{"name": "message", "data": "two "}\n(stopped)'),
    ],
)
def test_ctrl_c_shows_what_has_come_before_the_reply_is_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], raw: bool, shown: str
) -> None:
    gateway: Any = FakeGateway(InterruptedRun())
    monkeypatch.setattr(sys, "stdin", io.StringIO("Hello\n"))
    assert Chat(gateway, raw=raw, smooth=True).run() == 0
    assert capsys.readouterr().out.strip() == shown


class Terminal(io.StringIO):
    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize(
    ("is_terminal", "options", "smooth"),
    [(True, [], True), (True, ["--no-smooth"], False), (False, [], False), (False, ["--no-smooth"], False)],
)
def test_the_text_is_spread_in_a_terminal_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_terminal: bool, options: list[str], smooth: bool
) -> None:
    chats: list[Chat] = []

    def run(chat: Chat) -> int:
        chats.append(chat)
        return 0

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "stdout", Terminal(is_terminal))
    monkeypatch.setattr(Chat, "run", run)
    assert __main__.main(["ws://127.0.0.1:1", *options]) == 0
    assert [chat.smooth for chat in chats] == [smooth]


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", "ä ? there\n"), ("ascii", "? ? there\n")])
def test_what_the_terminal_cannot_show_does_not_end_the_chat(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, encoding: str, shown: str
) -> None:
    def run(_: Chat) -> int:
        print("ä \ud83d there", flush=True)
        return 0

    out = io.BytesIO()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding))
    monkeypatch.setattr(Chat, "run", run)
    assert __main__.main(["ws://127.0.0.1:1"]) == 0
    assert out.getvalue().decode() == shown
