"""The agent of agentcore_example as a process, in its own environment."""

import os
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

from ports import free_port
from waiting import until

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running_agent():
    """Runs it in offline mode; gives its port."""
    port = free_port()
    python = os.environ.get("AGENT_PYTHON", str(ROOT / ".venv/bin/python"))
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PORT": str(port), "AGENT_TOKEN_DELAY_MS": "1"}
    process = subprocess.Popen([python, "agent.py"], cwd=ROOT / "agentcore_example", env=environment, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _accepts(port) or process.poll() is not None, "the agent listens", seconds=30)
        if process.poll() is not None:
            raise RuntimeError(f"{python} agent.py ended with {process.returncode}")
        yield port
    finally:
        process.terminate()
        process.wait()


def _accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
