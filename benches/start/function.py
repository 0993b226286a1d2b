"""A function as a process, as Lambda starts it."""

import os
import subprocess
import time
from pathlib import Path
from queue import Empty

from servers import RuntimeApi

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 20

CERTIFICATE_FILES = ("/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt")

# What each of the functions has to be told. Nothing of it is called at the start.
SETTINGS = {
    "PROMPTS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/prompts.fifo",
    "GIVEN_UP_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/given-up.fifo",
    "REPLIES_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/replies.fifo",
    "AUTH": "none",
    "AGENT_NAMES": "default",
    "TABLE_NAME": "sessions",
    "MANAGEMENT_ENDPOINT": "https://abcdef1234.execute-api.us-east-1.amazonaws.com/prod",
    "AGENTS": '{"default":{"runtime_arn":"arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/agent-AbCdEfGhIj",'
    '"endpoint_name":"DEFAULT"}}',
    "JWT_ISSUER": "https://issuer.example.com",
    "JWT_AUDIENCES": "gateway",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
}
# Where a system has its certificates in one file and once more in a folder, both would be read; Amazon Linux has a file.
CERTIFICATES = next((path for path in CERTIFICATE_FILES if Path(path).exists()), None)
if CERTIFICATES:
    SETTINGS["SSL_CERT_FILE"] = CERTIFICATES


class Function:
    """Runs from the first `with` to the end of it; it has asked for its first event by then."""

    def __init__(self, command, **settings):
        self._command = command
        self._settings = SETTINGS | settings
        self._api = RuntimeApi()

    def __enter__(self):
        self._api.__enter__()
        environment = self._settings | {"AWS_LAMBDA_RUNTIME_API": self._api.address}
        started = time.perf_counter()
        self._process = subprocess.Popen(self._command, env=environment, stdin=subprocess.DEVNULL)
        try:
            self.start_seconds = self._api.polls.get(timeout=PATIENCE) - started
        except Empty:
            self.__exit__()
            raise RuntimeError(f"{self._command[0]} does not ask for an event") from None
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._api.__exit__()

    def invoke(self, event):
        """What the function answers to an event."""
        self.begin([event])
        return self.answers(1)[0]

    def begin(self, events):
        self._api.begin(events)

    def answers(self, count):
        return self._api.answers(count)

    def resident_bytes(self):
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))

    def processor_seconds(self):
        stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        # The second field, the name in parentheses, may hold anything; the times are the 14th and 15th.
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / TICKS
