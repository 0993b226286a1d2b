"""An agent that goes on by itself after its call, with the rights that the gateway's Terraform says it needs, and no others."""

import hashlib
import json
import threading

import boto3

from agentcore_double import Answer
from emulator import ACCOUNT, REGION

PATIENCE = 15
COMPLETED = {"outcome": "completed"}


class AgentRole:
    """An agent's execution role: it has the policy of a deployment's output, and nothing else."""

    def __init__(self, emulator, name, policy):
        self._emulator = emulator
        iam = emulator.client("iam")
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "bedrock-agentcore.amazonaws.com"}}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
        iam.put_role_policy(RoleName=name, PolicyName="gateway-replies", PolicyDocument=policy)
        session = emulator.client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="agent")
        self._credentials = session["Credentials"]

    def client(self, service, endpoint_url=None):
        return boto3.client(
            service,
            endpoint_url=endpoint_url or self._emulator.url,
            region_name=REGION,
            aws_access_key_id=self._credentials["AccessKeyId"],
            aws_secret_access_key=self._credentials["SecretAccessKey"],
            aws_session_token=self._credentials["SessionToken"],
        )


class DetachedAgent:
    """A behaviour of the double: the call is answered with the marker. What is said then, and when, the test decides."""

    def __init__(self, role):
        self._role = role
        self._called = threading.Event()
        self._index = 0
        self._sqs = None
        # What the gateway has given it.
        self.reply = None

    def answer(self, call):
        self.reply = call.body["gatewayReply"]
        self._called.set()
        return Answer("application/json", json.dumps({"detached": self.reply["run"]}).encode())

    def send(self, *events, end=None):
        """Sends the next message: a heartbeat, if it holds nothing."""
        assert self._called.wait(PATIENCE), "the agent was not called"
        if self._sqs is None:
            self._sqs = self._role.client("sqs", self.reply["endpointUrl"])
        self._sqs.send_message(**self.message(self._index, events, end))
        self._index += 1

    def message(self, index, events, end=None):
        """The parameters of a message: docs/long-runs.md, section 4."""
        run, token = self.reply["run"], self.reply["token"]
        body = {"type": "reply", "version": 1, "run": run, "token": token, "index": index, "events": list(events)}
        return {
            "QueueUrl": self.reply["queueUrl"],
            "MessageGroupId": self.reply["group"],
            "MessageDeduplicationId": hashlib.sha256(f"{run}:{token}:{index}".encode()).hexdigest(),
            "MessageBody": json.dumps(body | ({"end": end} if end else {})),
        }
