"""How long runs take, as a client sees it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .gateway import Gateway, new_id
from .outcome import Broken


@dataclass(frozen=True)
class Times:
    """Seconds from sending a prompt, one entry for each run."""

    accepted: list[float]
    started: list[float]
    first_event: list[float]
    ending: list[float]


async def measure(gateway: Gateway) -> Times:
    """Asks one prompt after the other in one session, so that all but the first meet an agent that is warm."""
    times = Times([], [], [], [])
    session = new_id()
    async with gateway.connect() as connection:
        for _ in range(gateway.options.runs):
            request = new_id()
            message = {"prompt": gateway.options.prompt, "sessionId": session, "requestId": request}
            sent = await connection.send(message | ({"agent": gateway.options.agent} if gateway.options.agent else {}))
            accepted = await connection.answer("accepted")
            run = (await connection.run(request)).whole()
            first = run.at("output")
            if first is None:
                raise Broken("the reply has no event, so there is no time to the first one")
            times.accepted.append(accepted.at - sent)
            times.started.append(run.came_at[1] - sent)
            times.first_event.append(first - sent)
            times.ending.append(run.came_at[run.last] - sent)
    return times


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of all do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]
