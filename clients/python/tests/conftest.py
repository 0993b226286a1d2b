from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driver import Driver

ROOT = Path(__file__).resolve().parents[3]
# The TCP proxy that can be cut is that of the page's tests.
sys.path.append(str(ROOT / "tests" / "browser"))


class GatewayProcess:
    """A real gateway, which can be killed and started again at the same port."""

    def __init__(self, *options: str) -> None:
        self._program = os.environ.get("GATEWAY_BIN", str(ROOT / "target" / "debug" / "agentcore-gateway"))
        self._options = options
        self._listen = "127.0.0.1:0"
        self._process: subprocess.Popen[str] | None = None
        self.url = self.start()

    def start(self) -> str:
        command = [self._program, "--listen", self._listen, "--log", "error", *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.search(r"ws://([\w.:\[\]]+)/", line):
                self._listen = found[1]
                return found[0]
        raise RuntimeError(f"{self._program} ended with {self._process.wait()} before it named its address")

    def terminate(self) -> None:
        """Asks it to end."""
        assert self._process is not None
        self._process.terminate()

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture
def driver() -> Driver:
    return Driver()


@pytest.fixture
def gateway_with() -> Iterator[Callable[..., GatewayProcess]]:
    """Starts a gateway with options for one test."""
    started: list[GatewayProcess] = []

    def start(*options: str) -> GatewayProcess:
        started.append(GatewayProcess(*options))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture(scope="session")
def gateway_process() -> Iterator[GatewayProcess]:
    """A gateway for all tests that need none of their own."""
    process = GatewayProcess()
    yield process
    process.kill()


@pytest.fixture
def url(gateway_process: GatewayProcess) -> str:
    return gateway_process.url
