"""A stop ends a run, or a prompt that still waits, as `stopped`, and the session goes on."""

from ..connection import Connection
from ..gateway import Gateway, new_id
from ..outcome import Broken, Skipped
from ..run import Run

#: A run that completes so soon after its stop, in seconds, may have been over: workers look for stops every 1.5 s.
RACE = 3
TOO_SHORT = "the reply was over before it could be stopped: give a --long-prompt whose answer takes some seconds"


async def check(gateway: Gateway) -> str:
    """Stops a prompt that waits, then the one it waits for, and asks again."""
    session = new_id()
    async with gateway.connect() as connection:
        running = await gateway.ask(connection, session, gateway.options.long_prompt)
        waiting = await gateway.ask(connection, session)
        await connection.output(running)
        await stop(connection, session, waiting)
        stopped_at = await stop(connection, session, running)
        run = await connection.run(running)
        if run.ending["type"] == "completed" and run.came_at[run.last] < stopped_at + RACE:
            raise Skipped(TOO_SHORT)
        run.whole("stopped")
        unstarted = (await connection.run(waiting)).whole("stopped")
        if len(unstarted.frames) != 1:
            raise Broken("a prompt that was stopped while it waited has run")
        await gateway.reply(connection, session)
    return "a running and a waiting prompt; the session goes on"


async def stop(connection: Connection, session: str, request: str) -> float:
    """Stops a request of a session, which must not have ended before; returns when."""
    at = await connection.send({"action": "stop", "sessionId": session, "requestId": request})
    try:
        await connection.answer("stopping")
    except Broken:
        if connection.runs.get(request, Run(request)).ending:
            raise Skipped(TOO_SHORT) from None
        raise
    return at
