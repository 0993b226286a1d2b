"""A prompt that is sent again with its requestId is accepted, and runs nothing (I3)."""

from ..gateway import Gateway, new_id
from ..outcome import Broken
from ..run import TERMINAL


async def check(gateway: Gateway) -> str:
    """Sends a prompt again; what runs behind it shows that nothing came of it."""
    session = new_id()
    async with gateway.connect() as connection:
        first = await gateway.reply(connection, session)
        came = len(first.arrived)
        await gateway.ask(connection, session, requestId=first.request)
        # It would run before this one.
        await gateway.reply(connection, session)
        again = [first.frames[seq]["type"] for seq in first.arrived[came:]]
        if any(kind not in TERMINAL for kind in again):
            raise Broken(f"a prompt that was sent again with its requestId ran again: {', '.join(again)} (I3)")
    return "accepted again, and not run again"
