"""The client for programs without asyncio: the same names, and calls that wait.

    with connect("ws://127.0.0.1:8787") as gateway:
        for text in gateway.prompt("Plan a day in Kyoto").text():
            print(text, end="")

The asynchronous client runs in a thread of its own. Calls may come from any thread.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, TypeVar

from . import gateway as asynchronous
from . import run as asynchronous_run
from .core.times import Times
from .handshake import Auth, Source
from .loop_thread import LoopThread
from .types import ConnectionSnapshot, Ending, Event

T = TypeVar("T")


def connect(
    url: Source[str],
    *,
    token: Source[str | None] = None,
    auth: Auth | None = None,
    session_id: str | None = None,
    times: Times | None = None,
) -> Gateway:
    """A client of the gateway at `url`, to be used as a block. For the options see the asynchronous `connect`."""
    return Gateway(lambda: asynchronous.connect(url, token=token, auth=auth, session_id=session_id, times=times))


class Gateway:
    """A client that stays connected until it is closed."""

    def __init__(self, make: Callable[[], asynchronous.Gateway]) -> None:
        self._thread = LoopThread()
        try:
            self._gateway = self._thread.call(_made(make))
        except BaseException:
            self._thread.end()
            raise

    @property
    def session_id(self) -> str:
        """The session of prompts that name none."""
        return self._gateway.session_id

    @property
    def connection(self) -> ConnectionSnapshot:
        """The state of the connection."""
        return self._gateway.connection

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes for good. Unfinished runs end here as `failed`/`closed`; at the gateway they go on."""
        if self._thread.has_ended:
            return
        self._thread.call(self._gateway.aclose())
        self._thread.end()

    def connected(self) -> None:
        """Returns when a connection stands; raises a GatewayError if the next try fails."""
        self._thread.call(self._gateway.connected())

    def on_connection(self, watcher: Callable[[ConnectionSnapshot], None]) -> Callable[[], None]:
        """Calls `watcher`, in the client's thread, with each state of the connection, until what this gives is called."""
        return self._gateway.on_connection(watcher)

    def prompt(
        self,
        prompt: str | None = None,
        *,
        input: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        agent: str | None = None,
        session_id: str | None = None,
        request_id: str | None = None,
    ) -> Run:
        """Asks an agent: see `agentcore_gateway_client.Gateway.prompt`."""

        async def ask() -> asynchronous_run.Run:
            return self._gateway.prompt(
                prompt,
                input=input,
                parameters=parameters,
                agent=agent,
                session_id=session_id,
                request_id=request_id,
            )

        return Run(self._thread, self._thread.call(ask()))

    def resume(self, *, session_id: str | None = None, request_id: str | None = None) -> Run | None:
        """The run of a request, or what runs in the session, else the last one; None where there is none."""
        run = self._thread.call(self._gateway.resume(session_id=session_id, request_id=request_id))
        return None if run is None else Run(self._thread, run)


class Run:
    """One prompt and its reply: `for event in run` gives its events, as they come."""

    def __init__(self, thread: LoopThread, run: asynchronous_run.Run) -> None:
        self._thread = thread
        self._run = run

    @property
    def request_id(self) -> str:
        """The idempotency key."""
        return self._run.request_id

    @property
    def session_id(self) -> str:
        """The conversation."""
        return self._run.session_id

    @property
    def state(self) -> str:
        """`sending`, `queued` or `running`; its outcome once it has ended."""
        return self._run.state

    @property
    def events(self) -> tuple[Event, ...]:
        """The events so far that hold, in order."""
        return self._run.events

    @property
    def ending(self) -> Ending:
        """How it ended. Waits until it has, and never raises for a run that failed."""
        return self._thread.call(self._run._ended())

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __iter__(self) -> Iterator[Event]:
        return self._each(self._run.__aiter__())

    def text(self, *, smooth: bool = False) -> Iterator[str]:
        """The reply's text, piece by piece; `smooth` spreads what came in one frame over the time to the next."""
        return self._each(self._run.text(smooth=smooth))

    def result(self) -> str:
        """The whole text, once the run has ended. Raises `RunFailed` if it failed."""
        return self._thread.call(self._run.result())

    def stop(self) -> Ending:
        """Stops it. Returns when it has ended."""
        return self._thread.call(self._run.stop())

    def _each(self, values: AsyncIterator[T]) -> Iterator[T]:
        while True:
            try:
                value = self._thread.call(_next(values))
            except StopAsyncIteration:
                return
            yield value


async def _made(make: Callable[[], asynchronous.Gateway]) -> asynchronous.Gateway:
    return await make().__aenter__()


async def _next(values: AsyncIterator[T]) -> T:
    return await values.__anext__()
