"""The client: one connection, any number of sessions and runs."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from .core.engine import Engine
from .core.ids import check_ids, new_id
from .core.message import prompt_message
from .core.router import Router
from .core.run import RunState
from .core.session import SessionState
from .core.times import Surroundings, Times
from .errors import GatewayError
from .handshake import Auth, Handshake, Source
from .run import Run
from .session import Session
from .shell import Shell
from .types import ConnectionSnapshot

_log = logging.getLogger("agentcore_gateway_client")
_SURROUNDINGS = Surroundings(now=time.monotonic, wall=time.time, random=random.random)


def connect(
    url: Source[str],
    *,
    token: Source[str | None] = None,
    auth: Auth | None = None,
    session_id: str | None = None,
    times: Times | None = None,
) -> Gateway:
    """A client of the gateway at `url`, to be used as a block: `async with connect(url) as gateway`.

    `url` and `token` are values, or functions that are asked for each connection and may be coroutines. `auth` is for
    gateways with another kind of identity: `SigV4(region=…)`. `session_id` is the session of prompts that name none; by
    default one that nobody can guess. Raises a ValueError for what can never work. Connecting happens in the background:
    prompts wait for it, and `Gateway.connected` tells.
    """
    return Gateway(Handshake(url, token, auth), session_id=session_id, times=times or Times())


class Gateway:
    """A client that stays connected until it is closed. Nothing that is asked is lost when the connection drops."""

    def __init__(self, handshake: Handshake, *, session_id: str | None, times: Times) -> None:
        self._watchers: list[Callable[[ConnectionSnapshot], None]] = []
        self._shell = Shell(handshake, changed=self._changed)
        self._engine = Engine(self._shell, times, _SURROUNDINGS, session_id)
        self._shell.start(self._engine, Router(self._engine))
        self._is_closed = False
        #: Held, so that its runs are remembered.
        self._session = self._engine.sessions.get(self._engine.session_id)

    @property
    def session_id(self) -> str:
        """The session of prompts that name none."""
        return self._engine.session_id

    @property
    def connection(self) -> ConnectionSnapshot:
        """The state of the connection."""
        return self._engine.connection.snapshot()

    async def __aenter__(self) -> Gateway:
        self._connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes for good. Unfinished runs end here as `failed`/`closed`; at the gateway they go on."""
        self._is_closed = True
        self._engine.close(GatewayError("closed", "The client was closed before this ended. It goes on; resume it."))
        await self._shell.close()

    async def connected(self) -> None:
        """Returns when a connection stands. Raises a GatewayError `not_connected` if the next try fails; others follow."""
        self._connect()
        states: asyncio.Queue[ConnectionSnapshot] = asyncio.Queue()
        off = self.on_connection(states.put_nowait)
        try:
            now = self.connection
            while now.state != "open":
                now = await states.get()  # that an earlier try failed says nothing of the next
                if now.state in ("closed", "waiting"):
                    reason = now.problem.reason if now.problem else "closed"
                    raise GatewayError("not_connected", f"There is no connection: {reason}.", retryable=True)
        finally:
            off()

    def on_connection(self, watcher: Callable[[ConnectionSnapshot], None]) -> Callable[[], None]:
        """Calls `watcher` with each state of the connection, until the function that this gives is called."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher) if watcher in self._watchers else None

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
        """Asks an agent: a text, with `parameters` if wanted, or `input`, the agent's whole invocation body.

        Prompts of one session run one after the other, in this order. `request_id` is the idempotency key: give the one of an
        earlier try to learn how that went. Raises a ValueError or TypeError for what breaks a rule, and a GatewayError
        `too_many_prompts` if too many wait to be accepted; whatever else goes wrong is the run's ending.
        """
        self._connect()
        session_id = self.session_id if session_id is None else session_id
        check_ids(session_id, request_id)
        asked = request_id or new_id()
        message = prompt_message(
            prompt, input=input, parameters=parameters, agent=agent, session_id=session_id, request_id=asked
        )
        return self._run(self._engine.prompt(session_id, asked, message, may_be_known=request_id is not None))

    async def resume(self, *, session_id: str | None = None, request_id: str | None = None) -> Run | None:
        """The run of a request, from its first event on.

        Without `request_id` that which runs in the session, else the last one, or None where there is none. Raises a
        GatewayError if the gateway refuses to say.
        """
        self._connect()
        session_id = self.session_id if session_id is None else session_id
        check_ids(session_id, request_id)
        if request_id is not None:
            return self._run(self._engine.resume(session_id, request_id))
        answer: asyncio.Future[RunState | GatewayError | None] = asyncio.get_running_loop().create_future()
        self._engine.resume_latest(
            self._engine.sessions.get(session_id),
            lambda told: None if answer.done() else answer.set_result(told),
        )
        found = await answer
        if isinstance(found, GatewayError):
            raise found
        return None if found is None else self._run(found)

    def session(self, session_id: str | None = None) -> Session:
        """A session; by default the client's own."""
        session_id = self.session_id if session_id is None else session_id
        check_ids(session_id)
        return Session(self, self._engine.sessions.get(session_id))

    def _connect(self) -> None:
        if self._is_closed:
            raise GatewayError("closed", "This client was closed. Make another.")
        self._shell.connect()

    def _run(self, state: RunState) -> Run:
        return Run(state, self._engine.stop)

    def _followed(self, session: SessionState) -> None:
        self._connect()
        self._engine.followed(session)

    def _changed(self) -> None:
        now = self.connection
        _log.debug("connection: %s %s", now.state, now.problem or "")
        for watcher in tuple(self._watchers):
            _call(watcher, now)


def _call(watcher: Callable[[ConnectionSnapshot], None], now: ConnectionSnapshot) -> None:
    try:
        watcher(now)
    except Exception:  # that of a caller is no reason to lose the connection
        _log.exception("a watcher of the connection failed")
