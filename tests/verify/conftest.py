"""`make verify` against the real gateway, and against one that breaks a rule.

    cargo build && python -m pytest tests/verify

`GATEWAY_BIN` names the gateway's executable, if that is not target/debug/agentcore-gateway. Where a rule is broken a proxy stands
in front of the real gateway (`faulty.py`), so that all other rules still hold.
"""

import asyncio
import os
import re
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "scripts"), str(ROOT / "agentcore_example"), str(ROOT / "tests/emulator"), str(ROOT / "tests/long_runs")]

from faulty import Proxy
from verify.checks import CHECKS
from verify.gateway import Gateway
from verify.options import Options
from verify.outcome import Broken, Skipped

# Answers that are over soon, and patience that a gateway on this machine does not need.
QUICK = {"prompt": "count to 3", "long_prompt": "count to 80", "silent_prompt": "wait for 2 seconds", "silence": 1, "patience": 5, "longest_run": 10}


def outcome(url, name, fault=None, **options):
    """How a check ends: `ok`, `broken` or `skipped`, and its words. With a fault it meets a proxy that has it."""

    async def make():
        async with in_front_of(url, fault) as address:
            return await check(Gateway(Options(**QUICK | {"url": address} | options)))

    check = next(check.make for check in CHECKS if check.name == name)
    try:
        return "ok", asyncio.run(make())
    except Skipped as skipped:
        return "skipped", str(skipped)
    except Broken as broken:
        return "broken", str(broken)


@asynccontextmanager
async def in_front_of(url, fault):
    if fault is None:
        yield url
        return
    async with Proxy(url, fault) as proxy:
        yield proxy.url


class GatewayProcess:
    """A running gateway."""

    def __init__(self, *options):
        program = os.environ.get("GATEWAY_BIN", str(ROOT / "target/debug/agentcore-gateway"))
        command = [program, "--listen", "127.0.0.1:0", "--log", "error", *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = next((found[0] for line in self._process.stdout if (found := re.search(r"ws://[\w.:\[\]]+/", line))), None)
        if self.url is None:
            raise RuntimeError(f"{program} ended with {self._process.wait()} before it named its address")

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture(scope="session")
def gateway_with():
    """Starts a gateway with options; gives its address."""
    started = []

    def start(*options):
        started.append(GatewayProcess(*options))
        return started[-1].url

    yield start
    for process in started:
        process.kill()


@pytest.fixture(scope="session")
def url(gateway_with):
    """The address of a gateway with the demo agent."""
    return gateway_with()
