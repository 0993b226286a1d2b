"""All connections of a session get all frames of its runs (I7)."""

from ..gateway import Gateway, new_id
from ..outcome import Broken


async def check(gateway: Gateway) -> str:
    """Asks on one connection, and listens on a second and a third that named the session when they connected."""
    session = new_id()
    async with gateway.connect() as asking, gateway.connect(session) as second, gateway.connect(session) as third:
        run = await gateway.reply(asking, session)
        for device in (second, third):
            try:
                heard = (await device.run(run.request)).whole().came_in_order()
            except Broken as broken:
                raise Broken(f"another device of the session did not get all: {broken} (I7)") from None
            if heard.frames != run.frames:
                raise Broken("another device of the session got other frames (I7)")
    return "three devices, the same frames"
