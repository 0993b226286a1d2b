"""What is known of runs and of the connection, as values that never change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

#: `sending`: not known to be accepted yet; `queued`: accepted, no worker has taken it; `running`: from `started` on.
RunStateName = Literal["sending", "queued", "running", "completed", "failed", "stopped"]
#: `waiting`: the last connection was lost or could not be made, and the next try is at `next_try_in`.
ConnectionStateName = Literal["closed", "connecting", "open", "waiting"]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of an agent."""

    #: The name that the agent gave it, as in server-sent events; `message` if none.
    name: str
    #: What the agent sent.
    data: Any
    #: The number of the frame that brought it; the last one, of an event in slices.
    seq: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended.

    `code`, `message` and `retryable` are those of `failed`: what the gateway says (the protocol has the codes), what it
    says of a prompt that it refused, or one of the client's own: `no_answer`, `no_ending`, `upload_failed`, `closed`.
    """

    outcome: Literal["completed", "failed", "stopped"]
    code: str | None = None
    message: str | None = None
    retryable: bool = False
    #: How many of the run's events hold: after `interrupted` fewer than a loop may have been given.
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a connection ended, or could not be made."""

    #: Whether there had been a connection.
    opened: bool
    #: The WebSocket close code: 1006 where nobody said why.
    code: int
    reason: str
    #: The HTTP status with which the handshake was refused, if it was.
    status: int | None = None


@dataclass(frozen=True, slots=True)
class ConnectionSnapshot:
    """The state of the connection."""

    state: ConnectionStateName
    #: Tries since something was last received.
    attempt: int
    #: Seconds until the next try, while it waits for one.
    next_try_in: float | None
    #: Why the last connection ended; None while all is well.
    problem: Problem | None
