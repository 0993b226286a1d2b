"""An agent for Amazon Bedrock AgentCore Runtime that remembers its conversations.

It streams its replies piece by piece. With a model id in the environment a
Strands agent answers with that model; without one it answers by fixed rules,
so that the gateway can be tried with no account and tested without a network.

AgentCore gives every session a microVM of its own, but on one machine a single
process serves them all: conversations are kept per session, for as long as the
process lives.
"""

from __future__ import annotations

import asyncio
import os
import re
import uuid
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from bedrock_agentcore.runtime import BedrockAgentCoreApp, RequestContext
from starlette.exceptions import HTTPException

import long_run
import media
from long_run import LongRun

if TYPE_CHECKING:
    from strands.models import Model

SYSTEM_PROMPT = "You are a helpful assistant. Answer briefly and in plain text."


@dataclass(frozen=True)
class Settings:
    """What the environment configures; README.md has the table."""

    model_id: str | None
    token_delay_ms: int
    max_sessions: int
    port: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read every variable at once, so that a wrong one stops the start."""

        def number(name: str, default: int, least: int, most: int) -> int:
            text = environment.get(name) or str(default)
            if not re.fullmatch("[0-9]{1,9}", text) or not least <= int(text) <= most:
                raise ValueError(
                    f"{name} must be a whole number from {least} to {most}"
                )
            return int(text)

        return cls(
            model_id=environment.get("BEDROCK_MODEL_ID") or None,
            token_delay_ms=number("AGENT_TOKEN_DELAY_MS", 20, 0, 60_000),
            max_sessions=number("AGENT_MAX_SESSIONS", 100, 1, 1_000_000),
            port=number("PORT", 8080, 1, 65_535),
        )


class Conversation(Protocol):
    """One session's side of the talk: it remembers what was said before."""

    def reply(self, prompt: str) -> AsyncGenerator[str, None]:
        """Answer in pieces which, put together, are the whole reply."""
        ...


class OfflineConversation:
    """Answers by rule: the same prompts in the same order get the same replies."""

    def __init__(self, token_delay_ms: int) -> None:
        self._delay = token_delay_ms / 1000
        self._prompts = 0
        self._previous: str | None = None

    async def reply(self, prompt: str) -> AsyncGenerator[str, None]:
        """Count, work, wait, fail in mid-stream, or say what was asked now and before."""
        command = prompt.strip().lower()
        previous, self._previous = self._previous, prompt
        self._prompts += 1

        if seconds := seconds_of_work(prompt):
            for second in range(1, seconds + 1):
                yield f"Second {second} of {seconds}. "
                await asyncio.sleep(1)
            text = "Done."
        elif waiting := re.fullmatch("wait for ([0-9]{1,5}) seconds?", command):
            await asyncio.sleep(int(waiting[1]))
            text = "Done."
        elif counting := re.fullmatch("count to ([0-9]{1,5})", command):
            text = " ".join(str(n) for n in range(1, int(counting[1]) + 1))
        elif command == "fail":
            text = "This reply breaks off in the"
        else:
            text = f'Prompt {self._prompts} of this session: "{prompt}". ' + (
                "Nothing was asked before."
                if previous is None
                else f'You asked before: "{previous}".'
            )
        for word in re.findall(r"\s*\S+", text):
            yield word
            await asyncio.sleep(self._delay)
        if command == "fail":
            raise RuntimeError("the prompt asked for a failure")


def seconds_of_work(prompt: str) -> int:
    """How long a prompt asks for work, as far as that can be known before."""
    working = re.fullmatch(
        "work for ([0-9]{1,5}) seconds?", prompt.strip(), re.IGNORECASE
    )
    return int(working[1]) if working else 0


class StrandsConversation:
    """A Strands agent, which keeps the history of its conversation itself."""

    def __init__(self, model: Model) -> None:
        # Strands takes a second to import, which offline mode need not wait for.
        from strands import Agent

        # Without `None` Strands would print every reply, and so into the logs.
        self._agent = Agent(
            model=model, system_prompt=SYSTEM_PROMPT, callback_handler=None
        )

    async def reply(self, prompt: str) -> AsyncGenerator[str, None]:
        """Pass on the text that the model generates, as it comes."""
        history = list(self._agent.messages)
        # It is a generator, though typed as an iterator: closing it frees the agent.
        stream = cast(
            AsyncGenerator[dict[str, Any], None], self._agent.stream_async(prompt)
        )
        try:
            async with aclosing(stream) as events:
                async for event in events:
                    if "data" in event:
                        yield event["data"]
        except BaseException:
            # Failed, or the caller left: forget the half turn, for models refuse
            # a history in which two user messages follow each other.
            self._agent.messages[:] = history
            raise


class Session:
    """A conversation that takes one prompt at a time."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._turn = asyncio.Lock()

    async def ask(self, prompt: str) -> AsyncGenerator[str, None]:
        """Reply once the prompts that came before have been answered.

        The gateway never sends two prompts of a session at once. Another caller
        may, and the history must not get mixed up then.
        """
        async with self._turn, aclosing(self._conversation.reply(prompt)) as pieces:
            async for piece in pieces:
                yield piece


class Sessions:
    """The sessions of this process; beyond the limit the longest unused is forgotten."""

    def __init__(
        self, new_conversation: Callable[[], Conversation], limit: int
    ) -> None:
        self._new_conversation = new_conversation
        self._limit = limit
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def get(self, session_id: str) -> Session:
        """Find the session, or begin it."""
        if session_id not in self._sessions:
            self._sessions[session_id] = Session(self._new_conversation())
        self._sessions.move_to_end(session_id)
        if len(self._sessions) > self._limit:
            self._sessions.popitem(last=False)
        return self._sessions[session_id]


def parse_invocation(payload: object, context: RequestContext) -> tuple[str, str]:
    """Return the session id and the prompt, or refuse the invocation with status 400.

    AgentCore names the session in a header, which the SDK puts in the context. A
    caller that names none, there or in the body, gets a session that nobody shares.
    What comes with the prompt is told by its kind and size, at the prompt's end.
    """
    if not isinstance(payload, dict):
        raise HTTPException(400, "the body must be a JSON object")
    try:
        files = media.parse(payload.get("media"))
    except media.InvalidMedia as error:
        raise HTTPException(400, str(error)) from None
    prompt = payload.get("prompt", "" if files else None)
    if not isinstance(prompt, str) or not (prompt.strip() or files):
        raise HTTPException(400, "prompt must be a string that holds some text")
    prompt = " ".join([*([prompt] if prompt else []), *(f"[{file}]" for file in files)])
    session_id = context.session_id or payload.get("sessionId") or str(uuid.uuid4())
    if not isinstance(session_id, str):
        raise HTTPException(400, "sessionId must be a string")
    return session_id, prompt


def build_app(
    new_conversation: Callable[[], Conversation], max_sessions: int
) -> BedrockAgentCoreApp:
    """Serve conversations over the HTTP contract of AgentCore Runtime."""
    # The lifespan ends long runs properly when the process is told to end.
    app = BedrockAgentCoreApp(lifespan=long_run.lifespan)
    sessions = Sessions(new_conversation, max_sessions)

    @app.entrypoint
    async def invoke(
        payload: object, context: RequestContext
    ) -> AsyncIterator[str] | dict[str, str]:
        # Not a generator itself: what it raises before the stream sets the status.
        session_id, prompt = parse_invocation(payload, context)
        reply = sessions.get(session_id).ask(prompt)
        if seconds_of_work(prompt) and LongRun.offered(payload):
            # The same reply by another way, which is open for longer than a call.
            return LongRun(payload, app).detach(lambda run: report(run, reply))
        return reply

    return app


async def report(run: LongRun, reply: AsyncGenerator[str, None]) -> None:
    """Send a reply as the events of a long run."""
    async with aclosing(reply) as pieces:
        async for piece in pieces:
            await run.send(piece)


def conversation_factory(settings: Settings) -> Callable[[], Conversation]:
    """Choose between a Bedrock model and the offline rules."""
    if settings.model_id is None:
        return lambda: OfflineConversation(settings.token_delay_ms)

    from strands.models import BedrockModel

    model = BedrockModel(model_id=settings.model_id)
    return lambda: StrandsConversation(model)


# At module level because `agentcore dev` looks for it there.
settings = Settings.from_environment(os.environ)
app = build_app(conversation_factory(settings), settings.max_sessions)

if __name__ == "__main__":
    # The SDK binds to 127.0.0.1, and in a container to every interface.
    app.run(port=settings.port)
