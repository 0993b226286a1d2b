"""The chat in the terminal, in a terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentcore_gateway_client.remembered import Sessions

CHAT = [sys.executable, "-m", "agentcore_gateway_client"]


class Terminal:
    """A program at a terminal: what it shows, and what is typed."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._near, far = pty.openpty()
        self._process = subprocess.Popen(
            command,
            stdin=far,
            stdout=far,
            stderr=far,
            env=environment,
            start_new_session=True,
            close_fds=True,
            preexec_fn=_hear_ctrl_c,
        )
        os.close(far)
        self.shown = ""
        self._seen = 0

    def type(self, text: str) -> None:
        os.write(self._near, text.encode())

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def wait_for(self, text: str) -> None:
        """Reads on until it shows the text."""
        while text not in self.shown[self._seen :]:
            is_ready, _, _ = select.select([self._near], [], [], 20)
            more = os.read(self._near, 4_096) if is_ready else b""
            assert more, f"{text!r} never came: {self.shown!r}"
            self.shown += more.decode().replace("\r\n", "\n")
        self._seen = self.shown.index(text, self._seen) + len(text)

    def end(self) -> int:
        return self._process.wait(20)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._near)


def _hear_ctrl_c() -> None:
    """As at a terminal. Whoever runs the tests in the background may have told all programs to ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "XDG_STATE_HOME": str(tmp_path), "TERM": "dumb"}


@pytest.fixture
def chat(environment: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        opened.append(Terminal([*CHAT, *arguments], environment))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def test_a_prompt_is_answered_as_it_comes_and_ctrl_c_at_the_prompt_ends_it(chat: Callable[..., Terminal], url: str) -> None:
    terminal = chat(url)
    terminal.wait_for("> ")
    terminal.type("count to 5\n")
    terminal.wait_for("1 2 3 4 5 \n")
    terminal.wait_for("> ")
    terminal.interrupt()
    # `input` looks for signals only when one ends its wait: this one may have come between the prompt and the wait.
    terminal.type("\n")
    assert terminal.end() == 0


def test_ctrl_c_during_a_reply_stops_it_and_the_chat_goes_on(chat: Callable[..., Terminal], url: str) -> None:
    terminal = chat(url)
    terminal.wait_for("> ")
    terminal.type("count to 10000\n")
    terminal.wait_for("7 8 ")
    terminal.interrupt()
    terminal.wait_for("Stopped.")
    terminal.wait_for("> ")
    terminal.type("count to 3\n")
    terminal.wait_for("1 2 3 \n")


def test_the_next_start_goes_on_where_the_last_one_was(chat: Callable[..., Terminal], url: str) -> None:
    first = chat(url)
    first.wait_for("> ")
    first.type("count to 30\n")
    first.wait_for("5 6 ")
    first.close = lambda: None  # type: ignore[method-assign]
    first._process.kill()
    second = chat(url)
    second.wait_for("What it answered last:\n1 2 3 ")
    second.wait_for("29 30 \n")
    second.wait_for("> ")
    os.close(first._near)
    first._process.wait()
    fresh = chat(url, "--new")
    fresh.wait_for("> ")
    assert "1 2 3" not in fresh.shown


def test_a_failure_is_told_in_words_with_what_to_do(chat: Callable[..., Terminal], url: str) -> None:
    terminal = chat(url, "--agent", "nobody")
    terminal.wait_for("> ")
    terminal.type("Hello\n")
    terminal.wait_for("Failed (unknown_agent)")
    terminal.wait_for("--agent takes the name")


def run(environment: dict[str, str], *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CHAT, *arguments], input=typed, env=environment, capture_output=True, text=True, timeout=20)


def test_a_pipe_is_asked_and_answered_without_a_prompt(environment: dict[str, str], url: str) -> None:
    done = run(environment, url, typed="count to 3\n\ncount to 2\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 2 3 \n1 2 \n", "")


def test_raw_shows_events_as_lines(environment: dict[str, str], url: str) -> None:
    done = run(environment, url, "--raw", typed="count to 2\n")
    assert done.stdout == '{"name": "message", "data": "1 "}\n{"name": "message", "data": "2 "}\n'


def test_a_pipe_whose_last_prompt_failed_has_a_status(environment: dict[str, str], url: str) -> None:
    done = run(environment, url, typed="fail\n")
    assert done.returncode == 1
    assert done.stdout == "Here is the beginning of an answer, and then \n"
    assert "Failed (agent_error): the demo agent was asked to fail. It may work" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["ws://127.0.0.1:1"], 1, "Is the gateway running there"),
        (["ftp://host"], 2, "must start with ws:// or wss://"),
        (["ws://host", "--token-env", "NO_SUCH_TOKEN"], 2, "NO_SUCH_TOKEN has no token"),
        (["ws://host", "--session", "a\nb"], 2, "no control characters"),
    ],
)
def test_what_cannot_work_is_told(environment: dict[str, str], arguments: list[str], status: int, words: str) -> None:
    done = run(environment, *arguments)
    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_sessions_are_remembered_by_address_and_for_oneself(tmp_path: Path) -> None:
    file = tmp_path / "state" / "sessions.json"
    sessions = Sessions(file)
    for number in range(120):
        sessions.remember(f"ws://host{number}/", f"s{number}")
    assert sessions.find("ws://host119/") == "s119"
    assert sessions.find("ws://host19/") is None
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("not JSON")
    assert sessions.find("ws://host119/") is None
    Sessions(tmp_path / "state" / "sessions.json" / "below").remember("ws://host/", "s")
