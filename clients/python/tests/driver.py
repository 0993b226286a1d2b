"""Plays the gateway and the clock to the client's core. Nothing sleeps: time goes on when the test says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agentcore_gateway_client import Problem, Times
from agentcore_gateway_client.core.engine import Engine
from agentcore_gateway_client.core.message import prompt_message
from agentcore_gateway_client.core.router import Router
from agentcore_gateway_client.core.run import RunState
from agentcore_gateway_client.core.times import Surroundings
from agentcore_gateway_client.core.uploads import Put

DROPPED = Problem(opened=True, code=1006, reason="")
Message = dict[str, Any]


class FakeLines:
    """Remembers what the core does to its sockets."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.hung_up: list[int] = []
        self.written: list[Message] = []
        self.puts: list[Put] = []

    def dial(self, number: int) -> None:
        self.numbers.append(number)

    def hang_up(self, number: int) -> None:
        self.hung_up.append(number)

    def write(self, number: int, text: str) -> None:
        assert number not in self.hung_up
        self.written.append(json.loads(text))

    def put(self, put: Put) -> None:
        self.puts.append(put)

    def changed(self) -> None:
        pass


class Driver:
    """A client whose session is `s`, with chance that always says the same."""

    def __init__(self, random: float = 1.0, times: Times | None = None) -> None:
        self.now = 1_000.0
        self.wall_offset = 1_000_000.0
        self.random = random
        self.lines = FakeLines()
        surroundings = Surroundings(lambda: self.now, lambda: self.now + self.wall_offset, lambda: self.random)
        self.engine = Engine(self.lines, times or Times(), surroundings, "s")
        self.router = Router(self.engine)
        self.runs: dict[str, RunState] = {}

    @property
    def connection(self) -> Any:
        return self.engine.connection

    @property
    def line(self) -> int:
        return self.lines.numbers[-1]

    def connect(self) -> None:
        self.connection.open()
        self.connection.opened(self.line)

    def prompt(self, text: str | None = "hello", request: str = "r", session: str = "s", **more: Any) -> RunState:
        options: dict[str, Any] = {"input": None, "parameters": None, "agent": None} | more
        message = prompt_message(text, session_id=session, request_id=request, **options)
        self.runs[request] = self.engine.prompt(session, request, message, may_be_known=False)
        return self.runs[request]

    def receive(self, frame: Mapping[str, Any] | str | None = None, **members: Any) -> None:
        text = frame if isinstance(frame, str) else json.dumps(members if frame is None else frame)
        self.router.receive(self.line, text)

    def frame(self, kind: str, seq: int, request: str = "r", session: str = "s", **members: Any) -> None:
        self.receive(type=kind, requestId=request, sessionId=session, seq=seq, **members)

    def output(self, seq: int, *events: Any, request: str = "r") -> None:
        self.frame("output", seq, request, events=list(events))

    def accept(self, request: str = "r", session: str = "s") -> None:
        self.receive(type="accepted", requestId=request, sessionId=session)

    def reject(self, code: str, request: str = "r", *, retryable: bool = False, message: str = "No.") -> None:
        self.receive(type="rejected", requestId=request, code=code, message=message, retryable=retryable)

    def resumed(self, after: int, state: str = "completed", request: str | None = "r") -> None:
        self.receive(type="resumed", requestId=request, sessionId="s", after=after, state=state)

    def interrupt(self, seq: int) -> None:
        self.frame("failed", seq, code="interrupted", message="The worker died.", retryable=True)

    def start(self) -> RunState:
        """A connected client whose prompt runs, and nothing of it in `sent` any more."""
        self.connect()
        run = self.prompt()
        self.accept()
        self.frame("started", 1)
        self.sent()
        return run

    def drop(self) -> None:
        self.connection.lost(self.line, DROPPED)

    def reopen(self) -> None:
        """The next try of a client that waits comes, and succeeds."""
        self.advance(self.connection.snapshot().next_try_in)
        self.connection.opened(self.line)

    def advance(self, seconds: float) -> None:
        """Time goes on, with the clock looked at as often as the shell does."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, max(self.now + 0.001, self.connection.next_at()))
            self.engine.tick()

    def live(self, seconds: float) -> None:
        """Time goes on, with a gateway that answers pings."""
        end = self.now + seconds
        while self.now < end:
            self.advance(min(4, end - self.now))
            self.receive(type="pong")

    def sent(self) -> list[Message]:
        """What was sent since the last call."""
        sent, self.lines.written = self.lines.written, []
        return sent

    def reply(self, request: str = "r") -> list[Any]:
        return [event.data for event in self.runs[request].events]


def resume(after: int, request: str = "r") -> Message:
    return {"action": "resume", "sessionId": "s", "requestId": request, "after": after}


PROMPT: Message = {"prompt": "hello", "sessionId": "s", "requestId": "r"}
PING: Message = {"action": "ping"}
API_GATEWAY_ERROR: Message = {"message": "Internal server error", "connectionId": "c", "requestId": "not ours"}
