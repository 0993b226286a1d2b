"""Tests of long runs over real sockets: the real gateway, an agent that is no more than asyncio, and real boto3.

    python3 -m venv target/long-runs
    target/long-runs/bin/pip install -r agentcore_example/requirements-dev.txt -r tests/long_runs/requirements.txt
    cargo build && target/long-runs/bin/python -m pytest tests/long_runs

`GATEWAY_BIN` names the gateway's executable, if that is not target/debug/agentcore-gateway.

Nothing sleeps or is tried again: agent, clients and test are in one process, and each waits for what another one does.
"""

import asyncio
import os
import re
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The helper is the one that agents copy; what the gateway may say is written down beside the tests of the deployment.
sys.path += [str(ROOT / "agentcore_example"), str(ROOT / "tests/emulator")]

from container import Container
from device import Device
from long_run import ENDPOINT_VARIABLE, QUEUE_VARIABLE

# Where there are no credentials boto3 would ask the machine's, which takes seconds.
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


class Gateway:
    """A running gateway."""

    def __init__(self, address):
        self.ws = f"ws://{address}/"
        self.queue_url = f"http://{address}/replies/replies.fifo"
        self.endpoint_url = f"http://{address}/replies"
        # What an agent's environment has to name.
        self.environment = {QUEUE_VARIABLE: self.queue_url, ENDPOINT_VARIABLE: self.endpoint_url}

    def device(self, session):
        """A client that is not connected yet."""
        return Device(self.ws, session)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def start(anyio_backend):
    """Starts a gateway with options, whose agent answers as a function says; gives it."""
    async with AsyncExitStack() as stack:

        async def start(answer, *options):
            agent = await stack.enter_async_context(Container(answer))
            program = os.environ.get("GATEWAY_BIN", str(ROOT / "target/debug/agentcore-gateway"))
            command = [program, "--listen", "127.0.0.1:0", "--log", "warn", "--agent", agent.url, *options]
            process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
            stack.push_async_callback(end, process)
            return Gateway(await address_of(process))

        yield start


async def address_of(process):
    async for line in process.stdout:
        if found := re.search(r"ws://([\w.:\[\]]+)/", line.decode()):
            return found[1]
    raise RuntimeError(f"the gateway ended with {await process.wait()} before it named its address")


async def end(process):
    # What is still under way at a test's end would only be waited for.
    process.kill()
    await process.wait()
