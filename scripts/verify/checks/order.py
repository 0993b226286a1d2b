"""Prompts of one session run one after the other, in the order in which they were accepted (I4)."""

from itertools import groupby

from ..gateway import Gateway, new_id
from ..outcome import Broken


async def check(gateway: Gateway) -> str:
    """Queues three prompts, and looks how their frames come."""
    session = new_id()
    async with gateway.connect() as connection:
        requests = [await gateway.ask(connection, session) for _ in range(3)]
        for request in requests:
            (await connection.run(request)).whole().came_in_order()
    ran = [request for request, _ in groupby(connection.order)]
    if ran != requests:
        numbers = [requests.index(request) + 1 for request in ran]
        raise Broken(f"prompts 1, 2, 3 had their frames in the order {numbers} (I4)")
    return "three prompts, one after the other"
