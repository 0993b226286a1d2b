"""After a lost connection `resume` brings all that was missed, then what is live, and nothing changed (I5)."""

from ..connection import Connection
from ..gateway import Gateway, new_id
from ..outcome import Broken
from ..run import Run


async def check(gateway: Gateway) -> str:
    """Drops the connection at the first output, comes back, and compares with a replay of the whole."""
    session = new_id()
    async with gateway.connect() as connection:
        request = await gateway.ask(connection, session, gateway.options.long_prompt)
        before = await connection.output(request)
        connection.cut()
    after = before.last
    async with gateway.connect() as connection:
        state = await resume(connection, session, request, after)
        rest = connection.runs.setdefault(request, Run(request))
        for seq in range(1, after + 1):
            # What it has from before the cut it need not get again.
            rest.frames.setdefault(seq, before.frames[seq])
        (await connection.run(request)).whole()
    async with gateway.connect() as connection:
        await resume(connection, session, request, 0)
        replayed = (await connection.run(request)).whole()
    if replayed.frames != rest.frames:
        raise Broken("a replay of the whole run differs from what came live and after the resume (I5)")
    return f"cut after frame {after}, resumed ({state}), all {len(replayed.frames)} frames"


async def resume(connection: Connection, session: str, request: str, after: int) -> str:
    """Resumes behind a frame; returns the run's state."""
    await connection.send({"action": "resume", "sessionId": session, "requestId": request, "after": after})
    resumed = (await connection.answer("resumed")).frame
    if (resumed.get("requestId"), resumed.get("after")) != (request, after):
        raise Broken("resumed names another request, or another frame, than was asked for")
    return str(resumed.get("state"))
