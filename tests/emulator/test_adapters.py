"""The adapters of AWS, put through the suites that those in memory pass too: tests/it/emulator."""

import os
import subprocess

from deployment import ROOT
from emulator import ADMINISTRATOR, REGION


def test_the_adapters_do_as_the_suites_demand(emulator):
    names = {name.upper(): value for name, value in ADMINISTRATOR.items()}
    environment = os.environ | names | {"AWS_ENDPOINT_URL": emulator.url, "AWS_REGION": REGION}
    command = ["cargo", "test", "--locked", "--features", "functions", "--test", "it", "emulator::", "--", "--ignored"]
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "7 passed" in finished.stdout
