"""`make preflight` as a deploy does it: Terraform reads its variables, and the account is the emulator's."""

import os
import subprocess
import sys

from deployment import OFFLINE_TERRAFORM, ROOT
from emulator import ADMINISTRATOR, REGION


def preflight(emulator, part, **variables):
    """What scripts/deploy prints, and its exit code."""
    names = {name.upper(): value for name, value in ADMINISTRATOR.items()}
    environment = os.environ | names | {"AWS_ENDPOINT_URL": emulator.url, "AWS_REGION": REGION, "PYTHON": sys.executable}
    environment |= {f"TF_VAR_{name}": value for name, value in variables.items()}
    if OFFLINE_TERRAFORM.exists():
        environment["TERRAFORM"] = f"{OFFLINE_TERRAFORM} terraform"
    finished = subprocess.run(["scripts/deploy", "preflight", part], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert finished.stderr == ""
    return finished.stdout, finished.returncode


def test_the_account_of_the_emulator(emulator):
    printed, code = preflight(emulator, "account", auth="none")
    assert code == 0, printed
    for line in ("ok       credentials  account 000000000000", f"ok       region       {REGION}", "ok       concurrency", "warning  agents"):
        assert line in printed


def test_access_logs_that_nobody_can_write(emulator):
    printed, code = preflight(emulator, "account", auth="none", access_logs="true")
    assert code == 1 and "error    logs role" in printed and "manage_api_gateway_account = true" in printed


def test_the_functions_that_are_built(emulator, tmp_path):
    printed, code = preflight(emulator, "archives", auth="jwt", jwt_issuer="https://issuer.example.com", jwt_audiences='["gateway"]', artifacts_dir=str(tmp_path))
    assert code == 1 and printed.count("its archive is not there") == 5 and "error    authorizer" in printed
