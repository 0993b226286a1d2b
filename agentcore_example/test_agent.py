"""Tests of the agent: most of them talk to the real process over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from strands.models import Model

import agent

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"


@contextmanager
def running_process(
    **variables: str,
) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """Run `python agent.py` in offline mode on a free port, with a client for it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {"BEDROCK_MODEL_ID": "", "PORT": str(port)} | variables
    command = [sys.executable, "agent.py"]
    with ExitStack() as cleanup:
        process = subprocess.Popen(
            command,
            cwd=Path(__file__).parent,
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        cleanup.callback(process.wait)
        cleanup.callback(process.kill)
        # Its retries wait for the port to open: 0, 0.5, 1 and so on to 16 seconds, half
        # a minute in all, for the machine may be busy. Then it fails.
        transport = httpx.HTTPTransport(retries=7)
        base_url = f"http://127.0.0.1:{port}"
        client = httpx.Client(transport=transport, base_url=base_url, timeout=30)
        yield process, cleanup.enter_context(client)


@contextmanager
def running_agent(token_delay_ms: int) -> Iterator[httpx.Client]:
    """Run it with a pause after each word."""
    with running_process(AGENT_TOKEN_DELAY_MS=str(token_delay_ms)) as (_, client):
        yield client


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with running_agent(token_delay_ms=0) as client:
        yield client


@pytest.fixture
def session(request: pytest.FixtureRequest) -> dict[str, str]:
    """The header of a session that no other test uses."""
    return {SESSION_HEADER: f"{request.node.name:->33}"}


def events(response: httpx.Response) -> list[Any]:
    """Decode a stream in the SDK's wire form, of which nothing may be left over."""
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    *blocks, rest = response.text.split("\n\n")
    assert rest == ""
    return [json.loads(block.removeprefix("data: ")) for block in blocks]


def ask(client: httpx.Client, prompt: str, headers: dict[str, str]) -> str:
    """Return a whole reply."""
    response = client.post("/invocations", json={"prompt": prompt}, headers=headers)
    return "".join(events(response))


def test_ping_says_healthy(client: httpx.Client) -> None:
    assert client.get("/ping").json()["status"] == "Healthy"


def test_a_reply_is_one_event_for_each_word(client: httpx.Client) -> None:
    response = client.post("/invocations", json={"prompt": "count to 3"})
    assert response.content == b'data: "1"\n\ndata: " 2"\n\ndata: " 3"\n\n'


def test_text_that_is_not_ascii_comes_back_unchanged(
    client: httpx.Client, session: dict[str, str]
) -> None:
    assert '"Grüße, 京都"' in ask(client, "Grüße, 京都", session)


def test_words_arrive_while_the_reply_goes_on() -> None:
    body = {"prompt": "count to 2"}
    # The second word comes after a minute: who waits for the whole reply times out.
    with (
        running_agent(token_delay_ms=60_000) as client,
        client.stream("POST", "/invocations", json=body) as response,
    ):
        assert next(response.iter_raw()) == b'data: "1"\n\n'


def test_it_says_nothing_for_as_long_as_it_is_asked(client: httpx.Client) -> None:
    asked = time.monotonic()
    assert ask(client, "Wait for 1 second", {}) == "Done."
    assert time.monotonic() - asked >= 1


def test_a_session_remembers_its_previous_prompt(
    client: httpx.Client, session: dict[str, str]
) -> None:
    assert ask(client, "Plan a day in Kyoto", session) == (
        'Prompt 1 of this session: "Plan a day in Kyoto". Nothing was asked before.'
    )
    assert ask(client, "And if it rains?", session) == (
        'Prompt 2 of this session: "And if it rains?". '
        'You asked before: "Plan a day in Kyoto".'
    )


def test_sessions_know_nothing_of_each_other(client: httpx.Client) -> None:
    prompts = ["Hello", "Who am I?"]
    first, second = (
        [ask(client, prompt, {SESSION_HEADER: f"{name:->33}"}) for prompt in prompts]
        for name in ("ann", "ben")
    )
    assert first == second


def test_the_body_names_the_session_where_no_header_does(client: httpx.Client) -> None:
    for prompt, number in [("Hello", 1), ("Again", 2)]:
        body = {"prompt": prompt, "sessionId": "body"}
        reply = "".join(events(client.post("/invocations", json=body)))
        assert reply.startswith(f"Prompt {number} ")


def test_the_header_goes_before_the_body(
    client: httpx.Client, session: dict[str, str]
) -> None:
    ask(client, "Hello", session)
    body = {"prompt": "Again", "sessionId": "another"}
    response = client.post("/invocations", json=body, headers=session)
    assert "".join(events(response)).startswith("Prompt 2 ")


def test_callers_without_a_session_share_none(client: httpx.Client) -> None:
    assert ask(client, "Hello", headers={}) == ask(client, "Hello", headers={})


def test_a_failure_in_mid_stream_is_the_last_event(
    client: httpx.Client, session: dict[str, str]
) -> None:
    response = client.post("/invocations", json={"prompt": "fail"}, headers=session)
    *words, failure = events(response)
    assert "".join(words) == "This reply breaks off in the"
    assert failure == {
        "error": "the prompt asked for a failure",
        "error_type": "RuntimeError",
        "message": "An error occurred during streaming",
    }
    assert ask(client, "Still there?", session).startswith("Prompt 2 ")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("{", "Invalid JSON"),
        ("[]", "the body must be a JSON object"),
        ('{"threadId": "t"}', "prompt must be a string that holds some text"),
        ('{"prompt": " "}', "prompt must be a string that holds some text"),
        ('{"prompt": "a", "sessionId": 1}', "sessionId must be a string"),
    ],
)
def test_a_wrong_body_is_refused(client: httpx.Client, body: str, error: str) -> None:
    response = client.post("/invocations", content=body)
    assert response.status_code == 400
    assert response.json()["error"] == error


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "http"), ("PORT", "0"), ("AGENT_TOKEN_DELAY_MS", "-1")],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be a whole number from"):
        agent.Settings.from_environment({name: value})


def test_the_session_unused_for_longest_is_forgotten() -> None:
    sessions = agent.Sessions(lambda: agent.OfflineConversation(0), limit=2)
    ann, ben = sessions.get("ann"), sessions.get("ben")
    sessions.get("ann")
    sessions.get("cas")
    assert sessions.get("ann") is ann
    assert sessions.get("ben") is not ben


def test_prompts_of_one_session_are_answered_one_after_the_other() -> None:
    session = agent.Session(agent.OfflineConversation(0))
    heard: list[str] = []

    async def listen(prompt: str) -> None:
        async for piece in session.ask(prompt):
            heard.append(piece)

    async def both() -> None:
        await asyncio.gather(listen("count to 3"), listen("count to 2"))

    asyncio.run(both())
    assert heard == ["1", " 2", " 3", "1", " 2"]


class EchoModel(Model):
    """Stands in for Bedrock: tells what the user has said so far, or breaks off."""

    def update_config(self, **model_config: Any) -> None:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {}

    def structured_output(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    async def stream(  # type: ignore[override]
        self, messages: list[dict[str, Any]], *args: Any, **kwargs: Any
    ) -> AsyncIterator[dict[str, Any]]:
        said = [m["content"][0]["text"] for m in messages if m["role"] == "user"]
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {}}}
        for text in ["You said: ", ", ".join(said)]:
            yield {"contentBlockDelta": {"delta": {"text": text}}}
            if said[-1] == "fail":
                raise ConnectionError("the model went away")
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}


def ask_model(*prompts: str) -> list[list[Any]]:
    """Put the prompts to one session of the app with a Strands agent."""
    app = agent.build_app(lambda: agent.StrandsConversation(EchoModel()), 10)

    async def run() -> list[list[Any]]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://agent"
        ) as client:
            bodies = [{"prompt": prompt, "sessionId": "s"} for prompt in prompts]
            return [
                events(await client.post("/invocations", json=body)) for body in bodies
            ]

    return asyncio.run(run())


def test_a_strands_agent_streams_text_and_remembers() -> None:
    assert ask_model("Hello", "Again") == [
        ["You said: ", "Hello"],
        ["You said: ", "Hello, Again"],
    ]


def test_a_turn_that_the_model_broke_off_is_forgotten() -> None:
    _, failed, after = ask_model("Hello", "fail", "Again")
    assert failed[0] == "You said: "
    assert failed[-1]["error"] == "the model went away"
    assert failed[-1].keys() == {"error", "error_type", "message"}
    assert after == ["You said: ", "Hello, Again"]


def test_a_turn_that_the_caller_left_is_forgotten() -> None:
    async def run() -> str:
        session = agent.Session(agent.StrandsConversation(EchoModel()))
        left = session.ask("Hello")
        await anext(left)
        await left.aclose()
        return "".join([piece async for piece in session.ask("Again")])

    assert asyncio.run(run()) == "You said: Again"
