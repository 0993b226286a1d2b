"""A ping is answered, on AWS by a mock integration that no emulator has as AWS has it."""

from ..gateway import Gateway
from ..outcome import Broken


async def check(gateway: Gateway) -> str:
    """Pings three times."""
    async with gateway.connect() as connection:
        times = []
        for _ in range(3):
            sent = await connection.send({"action": "ping"})
            pong = await connection.answer("pong")
            if pong.frame != {"type": "pong"}:
                raise Broken(f"the pong has other members than its type: {sorted(pong.frame)}")
            times.append(pong.at - sent)
    return f"pong after {min(times) * 1000:.0f} ms"
