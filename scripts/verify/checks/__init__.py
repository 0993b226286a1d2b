"""What is checked, in this order. Each module has one rule, and `check`, which returns what was seen.

A check raises `Broken` if the gateway breaks the rule, and `Skipped` if that cannot be told here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..gateway import Gateway
from . import answers, connect, devices, idle, limits, long_run, once, order, ping, reply, resume, silence, stop, subprotocol, tokens, uploads


@dataclass(frozen=True)
class Check:
    """One rule: its name in the table, and how it is checked."""

    name: str
    make: Callable[[Gateway], Awaitable[str]]


CHECKS = (
    Check("connect", connect.check),
    Check("ping", ping.check),
    Check("answers", answers.check),
    Check("subprotocol", subprotocol.check),
    Check("tokens", tokens.check),
    Check("limits", limits.check),
    Check("reply", reply.check),
    Check("order", order.check),
    Check("once", once.check),
    Check("resume", resume.check),
    Check("devices", devices.check),
    Check("stop", stop.check),
    Check("silence", silence.check),
    Check("uploads", uploads.check),
    Check("long-runs", long_run.check),
    Check("idle", idle.check),
)
