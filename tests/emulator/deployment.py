"""The Terraform configuration, applied to the emulator."""

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

from emulator import ADMINISTRATOR, REGION, is_running
from permissions import without
from waiting import until

ROOT = Path(__file__).resolve().parents[2]
# Terraform with an AWS provider that works offline. Without it the real one is used, which has to be downloaded.
OFFLINE_TERRAFORM = ROOT.parent / "shared/tools/terraform/tf"
ARTIFACTS = ROOT / "target/lambda-debug"
ARCHITECTURE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())

_AWS_ADDRESS = re.compile(r"\b(?P<scheme>https|wss)://(?:(?P<api>[a-z0-9]+)\.execute-api|(?P<bucket>[a-z0-9-]+)\.s3|[a-z0-9.-]+)\.[a-z]{2}(?:-[a-z]+)+-\d\.amazonaws\.com")


class Deployment:
    """One copy of the configuration with a project name of its own, so that several stand side by side."""

    def __init__(self, emulator, project, **variables):
        self.emulator = emulator
        self.project = project
        self._variables = variables | {"project_name": project, "artifacts_dir": str(ARTIFACTS), "architecture": ARCHITECTURE}
        self._folder = ROOT / "target/emulator" / project
        self._outputs = None
        # The bucket's, as it is deployed.
        self.bucket_policy = None

    def apply(self):
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(ROOT / "terraform", self._folder, ignore=shutil.ignore_patterns("tests", ".terraform*", "*.tfstate*"))
        self._forget_state()
        self._terraform("apply", "-auto-approve", *self._arguments())
        outputs = json.loads(self._local(self._terraform("output", "-json")))
        self._outputs = {name: output["value"] for name, output in outputs.items()}
        if not OFFLINE_TERRAFORM.exists():
            self._point_functions_here()
        self._open_bucket()

    def destroy(self):
        self._terraform("destroy", "-auto-approve", *self._arguments())
        self._outputs = None

    @property
    def is_applied(self):
        return self._outputs is not None

    @property
    def websocket_url(self):
        return self._outputs["websocket_url"]

    @property
    def prompts_queue(self):
        return self._outputs["prompts_queue_url"]

    @property
    def given_up_queue(self):
        return self._outputs["given_up_queue_url"]

    @property
    def dead_letter_queue(self):
        return self._outputs["dead_letter_queue_url"]

    @property
    def replies_queue(self):
        """Where agents send to that go on by themselves."""
        return self._outputs["replies_queue_url"]

    @property
    def agent_policy(self):
        """What the role of such an agent needs."""
        return self._outputs["agent_policy_json"]

    @property
    def watch_queue(self):
        """Where runs wait to be looked after."""
        return self.replies_queue.replace("-replies.fifo", "-watch")

    @property
    def bucket(self):
        """Where uploads are put; None: nowhere."""
        return self._outputs.get("uploads_bucket")

    @property
    def table(self):
        return self._outputs["table_name"]

    def function(self, name):
        return self._outputs["function_names"][name]

    def role(self, name):
        """The name of a function's role."""
        return self._outputs["role_names"][name]

    def processes(self, name):
        """The running processes of a function."""
        return self.emulator.processes(self.function(name))

    def kill(self, name):
        """Ends a function's processes as a crash does; the emulator starts new ones when it needs them."""
        killed = {process.pid for process in self.processes(name)}
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not any(map(is_running, killed)), f"{name} is dead")

    def log(self, name):
        """All that a function has logged."""
        pages = self.emulator.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{self.function(name)}")
        return "\n".join(event["message"] for page in pages for event in page["events"])

    def without(self, name, *actions):
        """While this lasts, a function's role lacks these permissions."""
        return without(self.emulator, self.role(name), *actions)

    def denials(self, name):
        """The actions that were refused to a function."""
        return self.emulator.denials(self.role(name))

    def attached(self, session):
        """The connections of a session, whosever it is."""
        return self.session_item(session).get("connections", {}).get("SS", [])

    def is_detached(self, session):
        """Whether the agent of a session's run goes on by itself."""
        return "detached" in self.session_item(session).get("active", {"M": {}})["M"]

    def session_item(self, session):
        """What the table holds of a session, whosever it is; empty: nothing yet."""
        pages = self.emulator.client("dynamodb").get_paginator("scan").paginate(TableName=self.table)
        items = (item for page in pages for item in page["Items"])
        return next((item for item in items if item["pk"]["S"].startswith("SESSION#") and item["pk"]["S"].endswith(f"#{session}")), {})

    def set_time(self, session, member, seconds):
        """Sets a time in what the table holds of a session to so many seconds from now: a test cannot wait for minutes."""
        key = {name: self.session_item(session)[name] for name in ("pk", "sk")}
        time_then = {"N": str(int((time.time() + seconds) * 1000))}
        self.emulator.client("dynamodb").update_item(
            TableName=self.table, Key=key, UpdateExpression=f"SET {member} = :time", ExpressionAttributeValues={":time": time_then}
        )

    def waiting_prompts(self):
        """The messages in the queue of prompts, those that are being worked on too."""
        return self.emulator.messages(self.prompts_queue)

    def given_up(self):
        """The prompts that no worker could take, those that are being ended too."""
        return self.emulator.messages(self.given_up_queue)

    def waiting_replies(self):
        """Agents' messages that are not relayed yet."""
        return self.emulator.messages(self.replies_queue)

    def watched(self):
        """The messages about runs that are looked after."""
        return self.emulator.messages(self.watch_queue)

    def watch_now(self, session):
        """Lets the closer look after a session's run now: its own message comes in five minutes."""
        (body,) = [message["Body"] for message in self.watched() if json.loads(message["Body"])["sessionId"] == session]
        queues = self._queues()
        queues.purge_queue(QueueUrl=self.watch_queue)
        queues.send_message(QueueUrl=self.watch_queue, MessageBody=body)

    def dead_letters(self):
        return self.emulator.messages(self.dead_letter_queue)

    def send(self, body, group, queue=None):
        """Puts a message into the queue of prompts or another, as new as it can be."""
        self._queues().send_message(QueueUrl=queue or self.prompts_queue, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=str(uuid.uuid4()))

    def redrive(self):
        """Moves the dead letters back; the emulator has no StartMessageMoveTask."""
        queues = self._queues()
        while received := queues.receive_message(QueueUrl=self.dead_letter_queue, AttributeNames=["MessageGroupId"]).get("Messages"):
            for message in received:
                self.send(message["Body"], message["Attributes"]["MessageGroupId"])
                queues.delete_message(QueueUrl=self.dead_letter_queue, ReceiptHandle=message["ReceiptHandle"])

    def drop_prompts(self):
        """Empties the queues, of hidden messages too."""
        for queue in (self.prompts_queue, self.given_up_queue, self.dead_letter_queue):
            self._queues().purge_queue(QueueUrl=queue)

    def drop_replies(self):
        """Forgets what agents have sent, and which of their runs are looked after."""
        for queue in (self.replies_queue, self.watch_queue):
            self._queues().purge_queue(QueueUrl=queue)

    @contextmanager
    def visibility(self, seconds):
        """While this lasts, a message that nobody hides for longer comes again after so many seconds."""
        queues = self._queues()
        urls = [url for url in (self.prompts_queue, self.given_up_queue, self.replies_queue) if url]
        usual = [queues.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"] for url in urls]
        for url in urls:
            queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
        try:
            yield
        finally:
            for url, attributes in zip(urls, usual):
                queues.set_queue_attributes(QueueUrl=url, Attributes=attributes)

    @contextmanager
    def unable_to_start(self, name):
        """While this lasts, a function is told nonsense, and does not start. Then it is rolled back: the newest version stays as it is."""
        functions, function = self.emulator.client("lambda"), self.function(name)
        usual = functions.get_function_configuration(FunctionName=function, Qualifier="live")
        self._configure(name, usual["Environment"]["Variables"] | {"MANAGEMENT_ENDPOINT": ""})
        try:
            yield
        finally:
            self._call(name, usual["Version"])

    def _configure(self, name, variables):
        """Makes a version with these variables, which is called from now on."""
        functions, function = self.emulator.client("lambda"), self.function(name)
        functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
        self._call(name, functions.publish_version(FunctionName=function)["Version"])

    def _call(self, name, version):
        """Lets a version of a function be called, as the variable `function_versions` does."""
        self.emulator.client("lambda").update_alias(FunctionName=self.function(name), Name="live", FunctionVersion=version)
        self.kill(name)

    def when_idle(self, seconds=15):
        """Returns when no prompt is in the queue."""
        until(lambda: not self.waiting_prompts(), "the queue is empty", seconds)

    def _queues(self):
        return self.emulator.client("sqs")

    def _arguments(self):
        values = ((name, value if isinstance(value, str) else json.dumps(value)) for name, value in self._variables.items())
        return ["-input=false", "-no-color", *(f"-var={name}={value}" for name, value in values)]

    def _forget_state(self):
        # The emulator starts empty each time; what an earlier one held is of no interest.
        folder = self._folder
        if OFFLINE_TERRAFORM.exists():
            folder = Path(self._run(OFFLINE_TERRAFORM, self._folder, "where").strip())
        else:
            self._terraform("init", "-input=false", "-no-color")
        for state in folder.glob("terraform.tfstate*"):
            state.unlink()

    def _terraform(self, *arguments):
        if OFFLINE_TERRAFORM.exists():
            return self._run(OFFLINE_TERRAFORM, self._folder, *arguments)
        return self._run("terraform", f"-chdir={self._folder}", *arguments)

    def _run(self, *command):
        names = {name.upper(): value for name, value in ADMINISTRATOR.items()}
        environment = os.environ | names | {"AWS_ENDPOINT_URL": self.emulator.url, "AWS_REGION": REGION}
        finished = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)
        if finished.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}\n{finished.stdout}{finished.stderr}")
        return finished.stdout

    def _local(self, text):
        """The emulator's form of the addresses that AWS would have."""

        def rewrite(match):
            scheme = "ws" if match["scheme"] == "wss" else "http"
            path = f"/_aws/execute-api/{match['api']}" if match["api"] else f"/{match['bucket']}" if match["bucket"] else ""
            return self.emulator.url.replace("http", scheme, 1) + path

        return _AWS_ADDRESS.sub(rewrite, text)

    def _open_bucket(self):
        # The emulator has no TLS, without which the bucket's policy lets nobody in.
        if not self.bucket:
            return
        s3 = self.emulator.client("s3")
        self.bucket_policy = s3.get_bucket_policy(Bucket=self.bucket)["Policy"]
        s3.delete_bucket_policy(Bucket=self.bucket)

    def _point_functions_here(self):
        # The offline provider does so itself.
        functions = self.emulator.client("lambda")
        for name, function in self._outputs["function_names"].items():
            variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
            self._configure(name, {key: self._local(value) for key, value in variables.items()})
