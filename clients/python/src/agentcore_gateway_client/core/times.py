"""What the client waits for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: Gives a number from 0 to 1.
Random = Callable[[], float]
#: Gives seconds of a clock that only goes on.
Now = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds; to be changed in tests only."""

    #: Between two pings: API Gateway closes a connection after 10 idle minutes.
    ping: float = 300
    #: After something was sent and nothing came: ask whether the other side is there.
    probe: float = 5
    #: After something was sent and nothing came: the connection is dead.
    dead: float = 9.5
    #: Until a connection stands; a token that does not come counts too.
    connect: float = 30
    #: A run says something every 20 s; after this it is asked for.
    silence: float = 60
    #: Between two resumes of a run.
    ask: float = 5
    #: Until an unanswered prompt is sent again: API Gateway itself answers after 29 s.
    answer: float = 35
    #: Still queued after this: the prompt is sent again.
    queued: float = 300
    #: A run is forgotten so long after its end: sent again then, it would run again.
    window: float = 3_600
    #: API Gateway closes a connection after 2 hours; so old, it is replaced while nothing is lost by it.
    renew: float = 6_600
    backoff_base: float = 0.5
    backoff_cap: float = 30
    tick: float = 1


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Time and chance, so that a test can choose them."""

    now: Now
    #: The clock on the wall, which goes on while the machine sleeps, and may be set.
    wall: Now
    random: Random


def backoff(attempt: int, times: Times, random: Random) -> float:
    """How long to wait before try `attempt` (from 0) is made again: full jitter, so that many clients do not come at once."""
    # The exponent is bounded so that the power stays a number after a week without a network.
    return random() * min(times.backoff_cap, times.backoff_base * 2.0 ** min(attempt, 30))
