"""A prompt is accepted, starts, and has a whole reply whose frames come in order, and one ending."""

from ..gateway import Gateway, new_id


async def check(gateway: Gateway) -> str:
    """Asks once."""
    async with gateway.connect() as connection:
        run = (await gateway.reply(connection, new_id())).came_in_order()
    return f"completed, {len(run.outputs)} frames of output"
