"""`make preflight` against answers of AWS, each with its finding.

    python -m pytest tests/preflight
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from aws_double import LIMITS, LOGS_ROLE, AwsDouble, endpoint, runtime

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))

RUNTIME = "my_agent-AbCdEfGhIj"
ARN = f"arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/{RUNTIME}"


FUNCTIONS = ["message", "connections", "worker", "relay", "closer", "authorizer"]


def agent(**members):
    """An agent as the configuration has it."""
    return {"runtime_arn": ARN, "endpoint_name": "DEFAULT", "long_runs": False} | members


# What Terraform says of a configuration that is as it should be.
SETTINGS = {
    "access_logs": True,
    "agentcore_endpoint_url": "",
    "architecture": "arm64",
    "auth": "none",
    "aws_region": None,
    "archives": None,
    "manage_api_gateway_account": False,
    "maximum_concurrency": 100,
    "worker_capacity": "lambda",
    "role_path": "/",
    "reserved_concurrency": dict.fromkeys(FUNCTIONS),
    "local_agents": {"default": agent()},
    "local_archives": {},
    "local_name": "gateway-prod",
}


def archives_in(folder):
    """Where the archives are that `make lambda` has built."""
    return {name: {"path": f"{folder}/{name}/bootstrap.zip", "bucket": None, "key": None} for name in FUNCTIONS}


READY = {"status": "READY", "protocolConfiguration": {"serverProtocol": "HTTP"}, "environmentVariables": {}}


@pytest.fixture
def aws():
    """An account in which all is as it should be."""
    with AwsDouble() as double:
        double.answers |= {
            LIMITS: (200, {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}}),
            LOGS_ROLE: (200, {"cloudwatchRoleArn": "arn:aws:iam::111122223333:role/logs"}),
            runtime(RUNTIME): (200, READY),
            endpoint(RUNTIME, "DEFAULT"): (200, {"status": "READY"}),
        }
        yield double


@pytest.fixture
def environment(aws, tmp_path):
    """The environment of the program: nothing of this machine's AWS."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "PYTHONPATH": str(ROOT / "scripts"),
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }


@pytest.fixture
def preflight(environment):
    """Runs the program on settings, of which some are changed; gives its exit code and its findings."""

    def run(part="account", **changed):
        answer = "Warning: something\n\n" + json.dumps(json.dumps(SETTINGS | changed))
        finished = subprocess.run([sys.executable, "-m", "preflight", part], input=answer, env=environment, capture_output=True, text=True)
        assert finished.stderr == ""
        return finished.returncode, re.findall(r"^(ok|warning|error) +(\S+(?: role)?) +(.*(?:\n .*)?)", finished.stdout, re.MULTILINE)

    return run


@pytest.fixture
def found(preflight):
    """The one finding of a run that is not `ok`, as (level, subject, words), held to the exit code."""

    def run(part="account", **changed):
        code, findings = preflight(part, **changed)
        (finding,) = [finding for finding in findings if finding[0] != "ok"]
        assert code == (1 if finding[0] == "error" else 0), "only errors stop a deploy"
        assert "\n" in finding[2], "each finding has its remedy"
        return finding

    return run
