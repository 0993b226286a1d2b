"""`make verify` against the deployment: all passes but what the emulator does not do as AWS does."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The emulator answers without the subprotocol and has no limits of size.
UNLIKE_AWS = {
    "subprotocol": "without the subprotocol",
    "limits": "a frame of 32 KiB and a byte should close the connection with 1009",
}
# The agents of this deployment may be silent for 8 s only, for other tests.
SKIPPED = {"idle": "--idle 600", "silence": "--silent-prompt"}
# The example agent says a word each millisecond here, and works as long as it is told.
OPTIONS = ("--prompt", "count to 3", "--long-prompt", "work for 9 seconds", "--silent-prompt", "wait for 3 seconds")


def findings(deployment, *arguments, token=""):
    """What the program says of each check, as (result, words)."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "TOKEN": token}
    command = [sys.executable, "-m", "verify", deployment.websocket_url, *OPTIONS, *arguments]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert finished.stderr == ""
    rows = re.findall(r"^(\S+) +(ok|FAILED|skipped) +[\d.]+   (.*)$", finished.stdout, re.MULTILINE)
    return {name: (result, words) for name, result, words in rows}


def check(found, **unchecked):
    """Nothing fails, and nothing is skipped, but what is listed."""
    others = UNLIKE_AWS | SKIPPED | unchecked
    assert {name: words for name, (result, words) in found.items() if result != "ok" and name not in others} == {}
    for name, words in others.items():
        result, told = found[name]
        assert result == ("FAILED" if name in UNLIKE_AWS else "skipped") and words in told


def test_a_gateway_where_everybody_may_connect(gateway):
    found = findings(gateway)
    check(found, tokens="everybody may connect", **{"long-runs": "--long-agent"})
    assert found["uploads"][0] == found["times"][0] == "ok"


def test_a_gateway_that_asks_for_tokens(authenticated_gateway, issuer):
    found = findings(authenticated_gateway, "--runs", "0", "--only", "connect", "tokens", "reply", token=issuer.token("alice"))
    assert {name: result for name, (result, _) in found.items()} == {"connect": "ok", "tokens": "ok", "reply": "ok"}
