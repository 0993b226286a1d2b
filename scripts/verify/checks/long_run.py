"""A run that its agent goes on with by itself is as whole as any other; meanwhile its session is `busy`."""

from ..gateway import Gateway, new_id
from ..outcome import Broken, Skipped
from .resume import resume
from .stop import stop


async def check(gateway: Gateway) -> str:
    """Asks for a long run, makes sure that it is one, joins it late, and stops another one."""
    if gateway.options.long_agent is None:
        raise Skipped("name an agent that has long_runs, by --long-agent")
    async with gateway.connect() as connection, gateway.connect() as late:
        session = new_id()
        request = await _begin(gateway, connection, session)
        await resume(late, session, request, 0)
        run = (await connection.run(request)).whole()
        if (await late.run(request)).whole().frames != run.frames:
            raise Broken("a device that came later got other frames (I5)")
        stopped_session = new_id()
        stopped = await _begin(gateway, connection, stopped_session)
        await stop(connection, stopped_session, stopped)
        (await connection.run(stopped)).whole("stopped")
    return f"completed, {len(run.outputs)} frames of output; another one stopped"


async def _begin(gateway: Gateway, connection, session: str) -> str:
    """A request whose agent goes on by itself, which shows by its session being busy."""
    agent = gateway.options.long_agent
    request = await gateway.ask(connection, session, gateway.options.long_run_prompt, agent=agent)
    await connection.output(request)
    second = await connection.run(await gateway.ask(connection, session, agent=agent))
    if connection.runs[request].ending is None and second.ending.get("code") == "busy":
        return request
    raise Broken(f"another prompt meanwhile should be busy: {agent} answered within its call, or this gateway offers it no long runs")
