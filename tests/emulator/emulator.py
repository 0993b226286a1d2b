"""The AWS emulator as a process, and what the tests do to it."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import boto3

from ports import free_port
from waiting import until

REGION = "us-east-1"
ACCOUNT = "000000000000"
# The emulator's administrator, who may do everything. Functions get the credentials of their roles.
ADMINISTRATOR = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@dataclass(frozen=True)
class Process:
    """A running function."""

    pid: int
    environment: dict


class Emulator:
    """ministack on a port of its own, holding every call to the IAM policies of who makes it."""

    def __init__(self, folder):
        self._folder = Path(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        # Nothing of the caller's environment: functions inherit the emulator's, and with it real credentials.
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "TMPDIR": str(self._folder),
            "S3_DATA_DIR": str(self._folder / "s3"),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "AWS_ENDPOINT_URL": self.url,
            "AUTH": "true",
            "IOT_MTLS_ENABLED": "0",
        }
        self._log = (self._folder / "emulator.log").open("w")
        command = [sys.executable, str(Path(__file__).with_name("launch.py"))]
        self._process = subprocess.Popen(command, env=environment, cwd=self._folder, stdout=self._log, stderr=subprocess.STDOUT)
        try:
            until(self._is_healthy, f"the emulator answers; its log is {self._log.name}", seconds=30)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._log.close()

    def client(self, service):
        """A client of the administrator."""
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **ADMINISTRATOR)

    def get(self, path):
        """What one of the emulator's own pages says."""
        with urllib.request.urlopen(self.url + path, timeout=10) as response:
            return json.load(response)

    def messages(self, queue_url):
        """The messages of a queue, hidden ones too; receives none of them."""
        pages = self.get("/_ministack/sqs/messages?" + urlencode({"QueueUrl": queue_url}))["messages"]
        return [message for regions in pages.values() for queues in regions.values() for found in queues.values() for message in found]

    def denials(self, role):
        """The actions that were refused to a role, in order."""
        lines = Path(self._log.name).read_text(errors="replace").splitlines()
        entries = (line.split() for line in lines if line.startswith("DENIED "))
        return [action for _, action, principal in entries if f":assumed-role/{role}/" in principal]

    def reset(self):
        """Removes everything, running functions too."""
        request = urllib.request.Request(self.url + "/_ministack/reset", method="POST")
        urllib.request.urlopen(request, timeout=30).close()

    def processes(self, function=None):
        """The running functions, or those of one name."""
        everything = (Process(int(path.parent.name), _environment(path)) for path in Path("/proc").glob("[0-9]*/environ"))
        return [process for process in everything if self._runs(process.environment, function)]

    def _runs(self, environment, function):
        name = environment.get("AWS_LAMBDA_FUNCTION_NAME")
        return bool(name) and function in (None, name) and environment.get("AWS_ENDPOINT_URL") == self.url

    def _is_healthy(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"the emulator ended with {self._process.returncode}; its log is {self._log.name}")
        try:
            return self.get("/_ministack/health")
        except (urllib.error.URLError, ConnectionError):
            return None


def is_running(pid):
    """Whether a process can still be handed something: one that has ended may stay as a zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    # The state follows the name, which is in parentheses and may hold anything.
    return status.rpartition(")")[2].split()[0] not in "ZX"


def _environment(path):
    try:
        entries = path.read_text(errors="replace").split("\0")
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return {}  # it has ended, or is somebody else's
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)
