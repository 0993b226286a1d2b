"""Long runs: an agent goes on by itself after its call has been answered.

The gateway offers that in the payload of an invocation. An agent that accepts
answers with a marker, goes on as an asynchronous task, and sends its events as
messages to the gateway's reply queue, from which clients get them as from any
other reply:

    app = BedrockAgentCoreApp(lifespan=long_run.lifespan)

    @app.entrypoint
    async def invoke(payload, context):
        if LongRun.offered(payload):
            return LongRun(payload, app).detach(work)
        ...

    async def work(run):
        await run.send("First,")
        await run.send({"step": 2}, name="updates")

`work` has as long as a run may last, 8 hours. When it returns the run is
completed, and when it raises the run has failed, with the exception's words. It
runs in the event loop, so what blocks belongs into `asyncio.to_thread`.

This file needs boto3 only, and may be copied. Which queue it sends to is the
environment's to say, by `GATEWAY_REPLY_QUEUE_URL` and `GATEWAY_REPLY_ENDPOINT_URL`.
The contract is docs/long-runs.md of the gateway.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self, cast

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
)

QUEUE_VARIABLE = "GATEWAY_REPLY_QUEUE_URL"
ENDPOINT_VARIABLE = "GATEWAY_REPLY_ENDPOINT_URL"

# What SQS takes as one message.
MAX_MESSAGE_BYTES = 1024 * 1024

# An event waits for others, so that a reply is not a message for each word.
COALESCE_SECONDS = 1
COALESCE_BYTES = 200_000

# The gateway takes an agent for dead of which it has heard nothing for 5 minutes. SQS
# knows a message that is sent again for 5 minutes too. Trying ends before either.
HEARTBEAT_SECONDS = 20
RETRY_SECONDS = 240
MAX_PAUSE_SECONDS = 20

# How long an agent that is stopped goes on trying to say so.
STOP_SECONDS = 5

MAX_WORDS = 500

logger = logging.getLogger(__name__)


class NotOffered(Exception):
    """The payload has no `gatewayReply`, or one that is not as it should be."""


class QueueRefused(Exception):
    """The payload names another queue than the environment does."""


class EventTooLarge(Exception):
    """An event does not fit a message. The run has ended as failed."""


class RunLost(Exception):
    """A message cannot be delivered. The gateway will end the run as interrupted."""

    # Whether the block was cancelled for it.
    has_cancelled = False


class AsyncTasks(Protocol):
    """What makes `/ping` say HealthyBusy: the part of a `BedrockAgentCoreApp` for it."""

    def add_async_task(self, name: str) -> int:
        """Be busy from now on."""
        ...

    def complete_async_task(self, task_id: int) -> bool:
        """Be busy with that no more."""
        ...


class QueueClient(Protocol):
    """The part of boto3's SQS client that is needed."""

    def send_message(self, **parameters: str) -> object:
        """Send one message, or raise what boto3 raises."""
        ...


@dataclass(frozen=True)
class GatewayReply:
    """The payload's `gatewayReply`: the run, and the queue that its messages go to."""

    queue_url: str
    region: str
    endpoint_url: str | None
    group: str
    run: str
    # Whoever has the token can speak for the agent, so it is in no `repr`.
    token: str = field(repr=False)

    @classmethod
    def from_payload(cls, payload: object) -> GatewayReply:
        """Take what the gateway has put there, and nothing that is only like it."""
        reply = payload.get("gatewayReply") if isinstance(payload, Mapping) else None
        if not isinstance(reply, Mapping):
            raise NotOffered("the payload has no object gatewayReply: no long run here")

        def text(name: str) -> str:
            value = reply.get(name)
            if not isinstance(value, str) or not value:
                raise NotOffered(f"gatewayReply.{name} must be a string, and not empty")
            return value

        return cls(
            queue_url=text("queueUrl"),
            region=text("region"),
            endpoint_url=text("endpointUrl") if "endpointUrl" in reply else None,
            group=text("group"),
            run=text("run"),
            token=text("token"),
        )

    def check(self, environment: Mapping[str, str]) -> None:
        """Refuse what the environment does not name.

        Whoever can name a queue could make the agent send there what it says.
        """
        if not environment.get(QUEUE_VARIABLE):
            raise QueueRefused(
                f"{QUEUE_VARIABLE} is not set: only the queue that it names is sent to"
            )
        for member, given, variable in [
            ("queueUrl", self.queue_url, QUEUE_VARIABLE),
            ("endpointUrl", self.endpoint_url, ENDPOINT_VARIABLE),
        ]:
            named = environment.get(variable) or None
            if given != named:
                raise QueueRefused(
                    f"gatewayReply.{member} is {_shown(given)}, "
                    f"but {variable} is {_shown(named)}: they must be the same"
                )


class LongRun:
    """A run that goes on after its call: what is sent in its block reaches clients.

    `detach` is all that most agents need. It is also an asynchronous context
    manager, whose end is the run's end:

        async with LongRun(payload, app) as run:
            await run.send("It takes a while.")
    """

    @staticmethod
    def offered(payload: object) -> bool:
        """Whether the gateway lets the agent go on by itself."""
        return isinstance(payload, Mapping) and "gatewayReply" in payload

    def __init__(
        self,
        payload: object,
        app: AsyncTasks,
        *,
        environment: Mapping[str, str] = os.environ,
        client: QueueClient | None = None,
    ) -> None:
        """Accept the payload's offer.

        Without `client` boto3 makes one, with the credentials of the environment.

        Raises `NotOffered` if there is no offer, and `QueueRefused` if the queue or its
        endpoint is not the one that the environment names.
        """
        self._reply = GatewayReply.from_payload(payload)
        self._reply.check(environment)
        self._app = app
        self._client = client
        self._open = _Message(self._reply, 0)
        self._end: str | None = None
        self._lost: RunLost | None = None
        self._has_begun = self._in_block = False
        # The sender has something to look at; there is room again; there is no time left.
        self._news, self._room, self._hurry = (asyncio.Event() for _ in range(3))
        self._over: Future[None] = Future()

    @property
    def marker(self) -> dict[str, str]:
        """What the invocation is answered with, as the whole answer or its last event."""
        return {"detached": self._reply.run}

    def detach(self, work: Callable[[LongRun], Awaitable[None]]) -> dict[str, str]:
        """Go on with `work` as a task of its own, and return the marker."""
        # The task lives beyond the call. Once it runs, `_running` keeps hold of it.
        asyncio.get_running_loop().create_task(self._do(work))
        return self.marker

    async def send(self, event: Any, name: str | None = None) -> None:
        """Send one event, anything that JSON has, and its name if it has one.

        It waits while the queue is slower than the agent. Raises `EventTooLarge` for an
        event beyond 1 MiB, and what `json.dumps` raises for what is not JSON; the
        latter ends nothing.
        """
        sent = _Event.of(event, name)
        self._check_open()
        while not self._open.has_room(sent):
            if not self._open.events:
                self._finish(_failed("output_too_large", _TOO_LARGE, retryable=False))
                raise EventTooLarge(f"{_TOO_LARGE} This one has {sent.bytes}.")
            self._open.is_wanted = True
            self._news.set()
            self._room.clear()
            await self._room.wait()
            self._check_open()
        self._open.add(sent, self._loop.time())
        self._news.set()

    async def __aenter__(self) -> Self:
        """Begin: `/ping` says HealthyBusy from here on."""
        if self._has_begun:
            raise RuntimeError(f"{self._reply.run} has begun before")
        self._has_begun = True
        self._loop = asyncio.get_running_loop()
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._busy = self._app.add_async_task("long run")
        # boto3 blocks. A thread of its own, for the loop's may all be at work for the agent.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="long-run")
        self._sent_at = self._loop.time()
        self._sender = self._loop.create_task(self._send_messages())
        self._in_block = True
        _running.add(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End: say how, and wait until the gateway has been told."""
        self._in_block = False
        self._finish(_ending(error))
        cancelled: BaseException | None = None
        try:
            is_stopped = error is not None and not isinstance(error, Exception)
            await self._wait_for_sender(is_stopped)
        except asyncio.CancelledError as stopped:
            cancelled = stopped
            await self._wait_for_sender(is_stopped=True)
        finally:
            self._close()
        if self._lost is not None:
            if self._lost.has_cancelled:
                self._task.uncancel()
            if not isinstance(error, Exception):
                raise self._lost
        elif cancelled is not None:
            raise cancelled

    async def _do(self, work: Callable[[LongRun], Awaitable[None]]) -> None:
        try:
            async with self:
                await work(self)
        except Exception:
            # Nobody waits for the task: this is where it is heard of.
            logger.exception("%s has failed", self._reply.run)

    def _check_open(self) -> None:
        if self._lost is not None:
            raise self._lost
        if not self._in_block or self._end is not None:
            raise RuntimeError(
                f"{self._reply.run} is not under way: nothing can be sent"
            )

    def _stop(self) -> None:
        """End the run as failed, however long its block takes to let go."""
        if self in _running:
            self._finish(_ending(asyncio.CancelledError()))
            self._hurry.set()
            self._task.cancel()

    def _finish(self, end: str) -> None:
        # The first ending counts: an event that was too large has said it already.
        self._end = self._end or end
        self._news.set()

    async def _wait_for_sender(self, is_stopped: bool) -> None:
        if is_stopped:
            self._hurry.set()
        # Unlike `wait_for`, this does not cancel what it waits for when it is cancelled.
        await asyncio.wait([self._sender], timeout=STOP_SECONDS if is_stopped else None)

    def _close(self) -> None:
        self._sender.cancel()
        self._thread.shutdown(wait=False)
        self._app.complete_async_task(self._busy)
        _running.discard(self)
        self._over.set_result(None)

    async def _send_messages(self) -> None:
        """Send one message after the other, until the last one or one that is lost."""
        try:
            is_last = False
            while not is_last:
                await self._until_due()
                message = self._open
                is_last = self._end is not None and message.finish(self._end)
                self._open = _Message(self._reply, message.index + 1)
                self._room.set()
                await self._deliver(message)
                self._sent_at = self._loop.time()
        except RunLost as lost:
            logger.error("%s", lost)
            self._lost = lost
            self._room.set()
            if self._in_block:
                # What the agent does from here on would be in vain.
                lost.has_cancelled = self._task.cancel()

    async def _until_due(self) -> None:
        while (left := self._due_at() - self._loop.time()) > 0:
            self._news.clear()
            await _wait(self._news, left)

    def _due_at(self) -> float:
        """When the open message has to go: an empty one is a heartbeat."""
        if self._end is not None or self._open.is_wanted:
            return self._loop.time()
        if self._open.events:
            return self._open.began_at + COALESCE_SECONDS
        return self._sent_at + HEARTBEAT_SECONDS

    async def _deliver(self, message: _Message) -> None:
        """Send a message, again and again if it must be; a later one cannot go before."""
        give_up_at = self._loop.time() + RETRY_SECONDS
        attempts, is_last = 0, False
        while True:
            try:
                post = self._loop.run_in_executor(self._thread, self._post, message)
                return await post
            except Exception as error:
                left = give_up_at - self._loop.time()
                what = f"message {message.index} of {self._reply.run}"
                if not _may_pass(error):
                    raise RunLost(f"{what} is refused: {error}") from error
                if is_last or left <= 0:
                    raise RunLost(f"{what} was not taken in time: {error}") from error
                if attempts == 0:
                    logger.warning("%s is sent again: %s", what, error)
                pause = _pause(attempts)
                attempts, is_last = attempts + 1, pause >= left
                await self._rest(min(pause, left))

    async def _rest(self, seconds: float) -> None:
        if self._hurry.is_set():
            await asyncio.sleep(min(seconds, STOP_SECONDS / 20))
        else:
            await _wait(self._hurry, seconds)

    def _post(self, message: _Message) -> None:
        """Send a message once; runs in the thread."""
        reply = self._reply
        if self._client is None:
            # Slow, as it reads files and may ask for credentials: not in the loop.
            self._client = _connect(reply)
        once = f"{reply.run}:{reply.token}:{message.index}"
        self._client.send_message(
            QueueUrl=reply.queue_url,
            MessageBody=message.body(),
            MessageGroupId=reply.group,
            MessageDeduplicationId=hashlib.sha256(once.encode()).hexdigest(),
        )


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """End the runs that are under way when the server is told to end (SIGTERM).

    For `BedrockAgentCoreApp(lifespan=…)`, or to be entered in a lifespan of your own.
    """
    try:
        yield
    finally:
        await stop_long_runs()


async def stop_long_runs() -> None:
    """End all runs of this process as failed; returns when they have said so."""
    runs = list(_running)
    for run in runs:
        run._loop.call_soon_threadsafe(run._stop)
    if runs:
        # They live in another loop than this: the SDK has one for the agent alone.
        over = [asyncio.wrap_future(run._over) for run in runs]
        await asyncio.wait(over, timeout=STOP_SECONDS + 1)


# The runs of this process: a signal ends them all, and a loop by itself would let go of
# a task that nobody holds.
_running: set[LongRun] = set()

_STOPPED = "The agent was stopped."
_TOO_LARGE = f"An event must fit a message of {MAX_MESSAGE_BYTES} bytes."


@dataclass(frozen=True)
class _Event:
    text: str
    name: str | None
    bytes: int

    @classmethod
    def of(cls, event: Any, name: str | None) -> _Event:
        if not isinstance(name, str | None):
            raise TypeError(f"the name of an event must be a string, not {name!r}")
        text = _json(event)
        # An event without a name is a "message", as in server-sent events.
        named = None if name in (None, "", "message") else _json(name)
        return cls(text, named, len(text.encode()))


class _Message:
    """A message of the reply queue, as it fills."""

    def __init__(self, reply: GatewayReply, index: int) -> None:
        self.index = index
        self.events: list[str] = []
        self.began_at = 0.0
        # It goes at once.
        self.is_wanted = False
        self._names: list[str] = []
        self._end = ""
        self._head = (
            f'{{"type":"reply","version":1,"run":{_json(reply.run)},'
            f'"token":{_json(reply.token)},"index":{index},"events":['
        )
        self._bytes = len(f"{self._head}]}}".encode())

    def has_room(self, event: _Event) -> bool:
        """Whether the event may come in: a large one stays alone."""
        limit = COALESCE_BYTES if self.events else MAX_MESSAGE_BYTES
        return self._bytes + self._cost(event) <= limit

    def add(self, event: _Event, now: float) -> None:
        """Take an event that there is room for."""
        if not self.events:
            self.began_at = now
        self._bytes += self._cost(event)
        if event.name is not None:
            self._names.append(self._named(event))
        self.events.append(event.text)
        self.is_wanted = self.is_wanted or self._bytes >= COALESCE_BYTES

    def finish(self, end: str) -> bool:
        """Be the last message, if that fits."""
        member = f',"end":{end}'
        if self._bytes + len(member.encode()) > MAX_MESSAGE_BYTES:
            return False
        self._end = member
        return True

    def body(self) -> str:
        """The message as SQS gets it."""
        names = f',"names":{{{",".join(self._names)}}}' if self._names else ""
        return f"{self._head}{','.join(self.events)}]{names}{self._end}}}"

    def _named(self, event: _Event) -> str:
        return f'"{len(self.events)}":{event.name}'

    def _cost(self, event: _Event) -> int:
        """By how many bytes the event makes the body longer."""
        cost = event.bytes + len("," if self.events else "")
        if event.name is not None:
            around = "," if self._names else ',"names":{}'
            cost += len(self._named(event).encode()) + len(around)
        return cost


def _json(value: Any) -> str:
    """The JSON text, of characters that SQS takes: others stand there escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub("[\ud800-\udfff\ufffe\uffff]", lambda c: f"\\u{ord(c[0]):04x}", text)


def _ending(error: BaseException | None) -> str:
    """How a run has ended whose block has ended so."""
    if error is None:
        return '{"outcome":"completed"}'
    if not isinstance(error, Exception):
        return _failed("agent_error", _STOPPED, retryable=True)
    return _failed("agent_error", str(error) or type(error).__name__, retryable=True)


def _failed(code: str, words: str, *, retryable: bool) -> str:
    end = {"outcome": "failed", "code": code, "message": words[:MAX_WORDS]}
    return _json(end | {"retryable": retryable})


def _shown(value: str | None) -> str:
    return "absent" if value is None else repr(value[:200])


def _connect(reply: GatewayReply) -> QueueClient:
    session = boto3.session.Session(region_name=reply.region)
    # The gateway on one machine asks for no signature, so no account is needed for it.
    is_unsigned = reply.endpoint_url is not None and session.get_credentials() is None
    config = Config(
        signature_version=UNSIGNED if is_unsigned else None,
        connect_timeout=3,
        read_timeout=7,
        # What is tried again, and for how long, is decided here.
        retries={"total_max_attempts": 1},
    )
    client: QueueClient = session.client(
        "sqs", endpoint_url=reply.endpoint_url, config=config
    )
    return client


def _may_pass(error: Exception) -> bool:
    """Whether the same message may be taken another time."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or status in (408, 429) or "Throttl" in code
    return isinstance(
        error,
        (
            ConnectionError,
            HTTPClientError,
            CredentialRetrievalError,
            MetadataRetrievalError,
        ),
    )


def _pause(attempts: int) -> float:
    """Full jitter: agents that lost the queue together do not return together."""
    return random.uniform(0, min(MAX_PAUSE_SECONDS, 0.1 * 2 ** min(attempts, 10)))


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
