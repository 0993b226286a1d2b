"""A connection that is idle is closed after the time-out, and one that pings is not."""

import asyncio

from ..connection import Connection
from ..gateway import Gateway
from ..outcome import Broken, Skipped

#: How much longer than the time-out it may take.
LONGER = 1.5


async def check(gateway: Gateway) -> str:
    """Waits for it."""
    seconds = gateway.options.idle
    if seconds is None:
        raise Skipped("it takes 10 minutes and more: give --idle 600")
    async with gateway.connect() as silent, gateway.connect() as pinging:
        pings = asyncio.create_task(_ping(pinging, seconds / 2))
        try:
            code = await silent.close_code(seconds * LONGER)
        except Broken:
            raise Broken(f"an idle connection is still open after {seconds * LONGER:g} s") from None
        finally:
            pings.cancel()
        if code != 1001:
            raise Broken(f"an idle connection was closed with {code}, and not with 1001")
        try:
            await pinging.send({"action": "ping"})
            await pinging.answer("pong")
        except Broken as broken:
            raise Broken(f"a connection that pings was closed with the idle one: {broken}") from None
    return "the idle connection was closed with 1001, the one that pings was not"


async def _ping(connection: Connection, pause: float) -> None:
    while True:
        await asyncio.sleep(pause)
        await connection.send({"action": "ping"})
        await connection.answer("pong")
