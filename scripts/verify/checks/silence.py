"""An agent may be silent for longer than API Gateway waits for a function, which is 29 s."""

from ..gateway import Gateway, new_id
from ..outcome import Broken, Skipped

#: After how long the gateway says that a silent run is alive, in seconds, with some seconds to spare.
PROGRESS = 25


async def check(gateway: Gateway) -> str:
    """Asks what is answered late."""
    options = gateway.options
    async with gateway.connect() as connection:
        run = await gateway.reply(connection, new_id(), options.silent_prompt)
    began = run.at("started") or 0
    silent = (run.at("output") or run.came_at[run.last]) - began
    if silent < options.silence:
        raise Skipped(f"the agent answered after {silent:.1f} s: give a --silent-prompt that it thinks about for more than {options.silence:g} s")
    if silent > PROGRESS and not any(at < began + PROGRESS for at in run.progress):
        raise Broken(f"no progress came in the first {PROGRESS} s of silence, though each 20 s one should")
    return f"first event after {silent:.1f} s, {len(run.progress)} progress in between"
